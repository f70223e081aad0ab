//! How well an accuracy source ranks networks of about the same latency, where a search compares them.

use rand::RngExt;
use serde::Serialize;

use super::rank_quality::{RESAMPLES, RankedNetwork, estimated, multiply_adds, tau};
use crate::random::{Purpose, rng};

/// The minimum number of networks.
const MIN_NETWORKS: usize = 4;

/// Kendall's tau-b with the 2.5th and the 97.5th percentile of a bootstrap over the networks.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// The value over all networks.
    pub value: f64,
    /// The lower end of the 95 % interval.
    pub low: f64,
    /// The upper end of the 95 % interval.
    pub high: f64,
}

/// How well a source ranks networks within a band of latency, against their trained accuracies.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct BandQuality {
    /// Number of networks.
    pub networks: usize,
    /// The tau of the source.
    pub source: Interval,
    /// The tau of the multiply-adds.
    pub macs: Interval,
    /// The tau of the source less that of the multiply-adds.
    pub difference: Interval,
}

/// What a check says of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BandVerdict {
    /// It ranks better than the multiply-adds do.
    BetterThanMacs,
    /// It ranks worse than the multiply-adds do.
    WorseThanMacs,
    /// The interval of the difference has 0 in it.
    NotToldApart,
}

impl BandQuality {
    /// The quality on these networks; `None` with fewer than 4. A ranking of equal values has a tau of
    /// 0. The seed decides the resamples.
    pub fn of(networks: &[RankedNetwork], seed: u64) -> Option<Self> {
        if networks.len() < MIN_NETWORKS {
            return None;
        }
        let taus = |networks: &[RankedNetwork]| {
            let [source, macs] = [tau(networks, estimated), tau(networks, multiply_adds)];
            [source, macs, source - macs]
        };
        let mut rng = rng(seed, Purpose::Bootstrap, 1);
        let mut resampled = |_| {
            let draw = |_| networks[rng.random_range(0..networks.len())];
            taus(&(0..networks.len()).map(draw).collect::<Vec<_>>())
        };
        let resamples: Vec<[f64; 3]> = (0..RESAMPLES).map(&mut resampled).collect();
        let whole = taus(networks);
        let [source, macs, difference] = std::array::from_fn(|of| {
            let mut values: Vec<f64> = resamples.iter().map(|taus| taus[of]).collect();
            values.sort_unstable_by(f64::total_cmp);
            let percentile = |share: f64| search_space::quantile(&values, share);
            Interval { value: whole[of], low: percentile(0.025), high: percentile(0.975) }
        });
        Some(Self { networks: networks.len(), source, macs, difference })
    }

    /// What the difference says, by its interval.
    pub fn verdict(&self) -> BandVerdict {
        match self.difference {
            Interval { low, .. } if low > 0.0 => BandVerdict::BetterThanMacs,
            Interval { high, .. } if high < 0.0 => BandVerdict::WorseThanMacs,
            _ => BandVerdict::NotToldApart,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BandQuality, BandVerdict, RankedNetwork};

    fn networks(of: impl Fn(f64) -> [f64; 2]) -> Vec<RankedNetwork> {
        let network = |i: u32| {
            let trained = f64::from(i * 7 % 20) / 20.0;
            let [estimated, macs] = of(trained);
            RankedNetwork { trained, estimated, macs }
        };
        (0..20).map(network).collect()
    }

    #[test]
    fn a_source_is_told_apart_from_macs_or_not() {
        let of = |networks: &[RankedNetwork]| BandQuality::of(networks, 0).expect("20 networks");
        let perfect = of(&networks(|trained| [trained, -trained]));
        assert_eq!((perfect.source.value, perfect.macs.value), (1.0, -1.0));
        assert_eq!(perfect.verdict(), BandVerdict::BetterThanMacs);
        assert_eq!(
            of(&networks(|trained| [-trained, trained])).verdict(),
            BandVerdict::WorseThanMacs
        );
        let equal = of(&networks(|trained| [trained, trained]));
        assert_eq!((equal.difference.value, equal.verdict()), (0.0, BandVerdict::NotToldApart));
        // The interval has the value in it, and few networks say little.
        let some = networks(|trained| [(13.0 * trained).sin(), (5.0 * trained).cos()]);
        let (all, few) = (of(&some), BandQuality::of(&some[..6], 0).expect("6 networks"));
        for quality in [all, few] {
            let tau = quality.source;
            assert!((tau.low..=tau.high).contains(&tau.value), "{tau:?}");
        }
        assert!(few.source.high - few.source.low > all.source.high - all.source.low);
        assert_eq!(BandQuality::of(&some[..3], 0), None);
    }
}
