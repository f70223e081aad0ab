//! Baselines for the winner of a search: the published families and random networks of the space, at
//! the winner's latency.

use std::ops::ControlFlow;

use search_space::{Genotype, LatencyError, LatencySource, Network, SearchSpace, published};

use serde::{Deserialize, Serialize};

use crate::final_trainings::MeasuredNetwork;
use crate::random::{Purpose, rng};

/// The widths at which a family is compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FamilyWidths {
    /// Every width multiplier within these limits.
    Between(f64, f64),
    /// The published ones only.
    Listed(&'static [f64]),
}

/// A published family of networks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Family {
    /// The name in tables.
    pub title: &'static str,
    /// The name of the published network that is scaled.
    pub network: &'static str,
    /// Its widths.
    pub widths: FamilyWidths,
    /// Its resolution relative to that of the winner.
    pub resolution_multiplier: f64,
}

/// The widest and the narrowest scaling of families that can be scaled.
const ANY: FamilyWidths = FamilyWidths::Between(0.1, 4.0);
/// The widths of both ShuffleNets (arXiv 1707.01083, Table 1; 1807.11164, Table 5).
const SHUFFLENET: FamilyWidths = FamilyWidths::Listed(&[0.5, 1.0, 1.5, 2.0]);
/// The largest published resolution below 224 pixels, relative to that: of MobileNetV1 (arXiv 1704.04861,
/// Table 7), V2 (1801.04381, Figure 5) and V3 (1905.02244, Figure 5).
const LOWER: f64 = 192.0 / 224.0;

/// The families that a winner is compared with.
pub const FAMILIES: [Family; 12] = [
    Family::new("MobileNetV1", "mobilenet_v1", ANY),
    Family::new("MobileNetV2", "mobilenet_v2", ANY),
    Family::new("MobileNetV3-Large", "mobilenet_v3_large", ANY),
    Family::new("MobileNetV3-Small", "mobilenet_v3_small", ANY),
    Family::new("MobileNetV4-Conv-S", "mobilenet_v4_conv_small", ANY),
    Family::new("PP-LCNet", "lcnet", ANY),
    Family::new("ShuffleNetV1 (g = 3)", "shufflenet_v1_g3", SHUFFLENET),
    Family::new("ShuffleNetV2", "shufflenet_v2", SHUFFLENET),
    Family::new("MobileNetV1, fewer pixels", "mobilenet_v1", ANY).of_lower_resolution(),
    Family::new("MobileNetV2, fewer pixels", "mobilenet_v2", ANY).of_lower_resolution(),
    Family::new("MobileNetV3-Large, fewer pixels", "mobilenet_v3_large", ANY).of_lower_resolution(),
    Family::new("MobileNetV3-Small, fewer pixels", "mobilenet_v3_small", ANY).of_lower_resolution(),
];

/// What a baseline must have in common with the winner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wanted {
    /// The latency in milliseconds.
    pub latency_ms: f64,
    /// Height and width of the input in pixels, which families of a lower resolution multiply.
    pub resolution: usize,
    /// The number of input channels.
    pub channels: usize,
    /// The number of classes.
    pub classes: usize,
}

/// A baseline, or the winner itself, yet to be trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NamedBaseline {
    /// The family with its width, or `random` with a number.
    pub name: String,
    /// The family, if it is a published one.
    pub family: Option<String>,
    /// The genotype in its text form, if it is a network of the space.
    pub genotype: Option<String>,
    /// The network with its measured latency.
    pub network: MeasuredNetwork,
}

/// The networks that are trained at the end of a search, as a file keeps them, so that an interrupted
/// run goes on with the same ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FinalNetworks {
    /// The number of random networks that was asked for, of which fewer may have been found; `None` if
    /// no baselines were.
    pub asked: Option<usize>,
    /// The winner first.
    pub networks: Vec<NamedBaseline>,
}

impl FinalNetworks {
    /// The text of a RON file, which [`FinalNetworks::from_ron`] reads.
    ///
    /// # Errors
    /// None for networks of this project.
    pub fn to_ron(&self) -> Result<String, ron::Error> {
        ron::ser::to_string_pretty(self, ron::ser::PrettyConfig::default())
    }

    /// Reads the text of a RON file.
    ///
    /// # Errors
    /// A syntax error or a value of another type, with its line and column.
    pub fn from_ron(text: &str) -> Result<Self, ron::error::SpannedError> {
        ron::from_str(text)
    }

    /// The genotype of the winner in its text form.
    pub fn winner(&self) -> Option<&str> {
        self.networks.first()?.genotype.as_deref()
    }
}

/// A baseline that cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// A latency is not available.
    #[error(transparent)]
    Latency(#[from] LatencyError),
    /// The caller stopped the search for baselines.
    #[error("stopped")]
    Stopped,
}

/// Called with the name of each baseline before it is sought; returns whether to continue.
pub type OnBaseline<'a> = &'a mut dyn FnMut(&str) -> ControlFlow<()>;

/// Number of bisections of a width multiplier, which gives it to 0.4 %.
const BISECTIONS: usize = 10;
/// The maximum number of networks that are measured for a baseline.
const MAX_MEASURED: usize = 7;
/// The relative deviation from the wanted latency below which no closer network is sought.
const NEAR: f64 = 0.01;
/// The maximum relative deviation from the wanted latency of a comparable baseline.
const MAX_DISTANCE: f64 = 0.05;
/// The same of the predicted latency of a network that is to be measured.
const MAX_PREDICTED: f64 = 0.025;
/// Number of random networks whose latency is predicted for each one that is wanted.
const DRAWN: usize = 400;
/// Number of networks with a near prediction for each one that is wanted, and of random walks.
const CANDIDATES: usize = 3;
/// The most steps of a random walk.
const STEPS: usize = 300;

fn distance(latency_ms: f64, wanted_ms: f64) -> f64 {
    (latency_ms / wanted_ms - 1.0).abs()
}

/// The multiply-adds of a network; infinitely many if it cannot be computed.
fn macs(network: &Network) -> f64 {
    network.lower().map_or(f64::INFINITY, |graph| graph.cost().macs as f64)
}

/// The networks of the published families at the wanted latency: for each family one within 5 % of it, or
/// the two that enclose it, or none if all are on one side. Returns the families without a network
/// separately.
///
/// # Errors
/// [`BaselineError::Latency`]: a latency that is not available. [`BaselineError::Stopped`] if
/// `on_baseline` breaks.
pub fn families_at(
    wanted: &Wanted,
    latencies: &dyn LatencySource,
    on_baseline: OnBaseline<'_>,
) -> Result<(Vec<NamedBaseline>, Vec<Family>), BaselineError> {
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for family in FAMILIES {
        if on_baseline(family.title).is_break() {
            return Err(BaselineError::Stopped);
        }
        let before = found.len();
        match family.widths {
            FamilyWidths::Between(min, max) => {
                found.extend(family.scaled([min, max], wanted, latencies)?);
            }
            FamilyWidths::Listed(widths) => {
                found.extend(family.enclosing(widths, wanted, latencies)?);
            }
        }
        if found.len() == before {
            missing.push(family);
        }
    }
    Ok((found, missing))
}

impl Family {
    const fn new(title: &'static str, network: &'static str, widths: FamilyWidths) -> Self {
        Self { title, network, widths, resolution_multiplier: 1.0 }
    }

    const fn of_lower_resolution(self) -> Self {
        Self { resolution_multiplier: LOWER, ..self }
    }

    /// The network of a width with the wanted input and classes; `None` if it cannot be computed.
    fn at(&self, width: f64, wanted: &Wanted) -> Option<Network> {
        let Wanted { channels, classes, .. } = wanted;
        let (name, resolution) = (self.network, self.resolution(wanted));
        let options = format!(
            "{name}@width={width},resolution={resolution},channels={channels},classes={classes}"
        );
        published::network(&options).ok().filter(|network| network.lower().is_ok())
    }

    /// Height and width of the input of its networks in pixels.
    fn resolution(&self, wanted: &Wanted) -> usize {
        (self.resolution_multiplier * wanted.resolution as f64).round() as usize
    }

    fn named(&self, width: f64, network: Network, latency_ms: f64) -> NamedBaseline {
        // Names are those of folders: bisected widths differ in the fourth digit or before.
        let width = (1e4 * width).round() / 1e4;
        let name = match self.title.split_once(", ") {
            Some((title, _)) => format!("{title} x {width} at {} px", network.input.resolution),
            None => format!("{} x {width}", self.title),
        };
        let family = Some(self.title.to_owned());
        let network = MeasuredNetwork { network, latency_ms };
        NamedBaseline { name, family, genotype: None, network }
    }

    /// The network within 5 % of the wanted latency, or the two that enclose it where widths that are
    /// rounded to multiples of 8 leave a gap. Latency is taken to be proportional to the multiply-adds,
    /// from one measured network to the next.
    fn scaled(
        &self,
        limits: [f64; 2],
        wanted: &Wanted,
        latencies: &dyn LatencySource,
    ) -> Result<Vec<NamedBaseline>, BaselineError> {
        let mut measured: Vec<NamedBaseline> = Vec::new();
        let mut next = self.at(1.0, wanted).map(|network| (1.0, network));
        for _ in 0..MAX_MEASURED {
            let Some((width, network)) = next else { break };
            let latency_ms = latencies.measure_ms(&network)?;
            let max_macs = macs(&network) * wanted.latency_ms / latency_ms;
            measured.push(self.named(width, network, latency_ms));
            if distance(latency_ms, wanted.latency_ms) <= NEAR {
                break;
            }
            let is_new = |(_, network): &(f64, Network)| {
                measured.iter().all(|known| known.network.network != *network)
            };
            next = self.around(limits, max_macs, wanted).into_iter().flatten().find(is_new);
        }
        measured.sort_by(|a, b| a.network.latency_ms.total_cmp(&b.network.latency_ms));
        Ok(near_or_enclosing(&measured, wanted.latency_ms))
    }

    /// The widest network with at most `max_macs` multiply-adds, and the next wider one.
    fn around(
        &self,
        [mut low, mut high]: [f64; 2],
        max_macs: f64,
        wanted: &Wanted,
    ) -> [Option<(f64, Network)>; 2] {
        let (mut below, mut above) = (None, None);
        for _ in 0..BISECTIONS {
            let width = (low * high).sqrt();
            match self.at(width, wanted) {
                Some(network) if macs(&network) <= max_macs => {
                    (low, below) = (width, Some((width, network)));
                }
                wider => (high, above) = (width, wider.map(|network| (width, network))),
            }
        }
        [below, above]
    }

    /// The network of the list within 5 % of the wanted latency, or the two that enclose it.
    fn enclosing(
        &self,
        widths: &[f64],
        wanted: &Wanted,
        latencies: &dyn LatencySource,
    ) -> Result<Vec<NamedBaseline>, BaselineError> {
        let mut all = Vec::new();
        for &width in widths {
            let Some(network) = self.at(width, wanted) else { continue };
            let latency_ms = latencies.measure_ms(&network)?;
            all.push(self.named(width, network, latency_ms));
        }
        Ok(near_or_enclosing(&all, wanted.latency_ms))
    }
}

/// Of networks from the fastest to the slowest, the nearest one within 5 % of a latency, or else the two
/// that enclose it; empty if all are on one side.
fn near_or_enclosing(networks: &[NamedBaseline], wanted_ms: f64) -> Vec<NamedBaseline> {
    let off = |one: &NamedBaseline| distance(one.network.latency_ms, wanted_ms);
    let nearest = networks.iter().min_by(|a, b| off(a).total_cmp(&off(b)));
    if let Some(near) = nearest.filter(|nearest| off(nearest) <= MAX_DISTANCE) {
        return vec![near.clone()];
    }
    let ms = |one: &NamedBaseline| one.network.latency_ms;
    let encloses = |pair: &&[NamedBaseline]| (ms(&pair[0])..=ms(&pair[1])).contains(&wanted_ms);
    let pair = networks.windows(2).find(encloses);
    pair.map(<[NamedBaseline]>::to_vec).unwrap_or_default()
}

/// A network of the space with the relative deviation of its predicted latency from the wanted one.
struct Near {
    off: f64,
    genotype: Genotype,
    network: Network,
}

/// `count` random networks of the space within 5 % of the wanted latency, as many as are found.
///
/// Networks are drawn from the space, and those whose predicted latency is near are measured. At
/// latencies that few networks have, random walks lead to others: one choice after another is changed
/// at random, unless that leads away from the latency.
///
/// # Errors
/// As of [`families_at`].
pub fn random_networks_at(
    space: &SearchSpace,
    wanted_ms: f64,
    (count, seed): (usize, u64),
    latencies: &dyn LatencySource,
    on_baseline: OnBaseline<'_>,
) -> Result<Vec<NamedBaseline>, BaselineError> {
    let (mut rng, domain) = (rng(seed, Purpose::RandomNetworks, 0), space.domain());
    let off = |genotype: &Genotype| -> Result<Option<Near>, LatencyError> {
        let decoded = space.decode(genotype);
        let network = decoded.and_then(|network| network.lower().map(|_| network)).ok();
        let Some(network) = network else { return Ok(None) };
        let off = distance(latencies.predict_ms(&network)?, wanted_ms);
        Ok(Some(Near { off, genotype: genotype.clone(), network }))
    };
    let mut near: Vec<Near> = Vec::new();
    let mut keep = |one: Near| {
        if one.off <= MAX_PREDICTED && !near.iter().any(|known| known.network == one.network) {
            near.push(one);
        }
        near.len() >= CANDIDATES * count
    };
    let mut enough = false;
    for _ in 0..DRAWN * count {
        enough = enough || off(&domain.sample(&mut rng))?.is_some_and(&mut keep);
    }
    for _ in 0..CANDIDATES * count {
        if enough {
            break;
        }
        let Some(mut nearest) = off(&domain.sample(&mut rng))? else { continue };
        for _ in 0..STEPS {
            if let Some(next) = off(&domain.mutate(&nearest.genotype, &mut rng))?
                && next.off <= nearest.off
            {
                nearest = next;
            }
            if nearest.off <= NEAR {
                break;
            }
        }
        enough = keep(nearest);
    }
    let mut found = Vec::new();
    for Near { genotype, network, .. } in near {
        if found.len() == count {
            break;
        }
        let name = format!("random {}", found.len() + 1);
        if on_baseline(&name).is_break() {
            return Err(BaselineError::Stopped);
        }
        let latency_ms = latencies.measure_ms(&network)?;
        if distance(latency_ms, wanted_ms) <= MAX_DISTANCE {
            let network = MeasuredNetwork { network, latency_ms };
            let genotype = Some(domain.text(&genotype));
            found.push(NamedBaseline { name, family: None, genotype, network });
        }
    }
    Ok(found)
}
