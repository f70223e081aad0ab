//! The configurations of the stages of a space, and the distances between them.

use ndarray::{Array2, Array3};
use search_space::{Genotype, SearchSpace, Stage};

use super::SurrogateError;

/// The stages of a space whose networks differ only in their stages.
pub(super) struct Stages {
    pub(super) stages: Vec<StageOptions>,
    choices: usize,
}

/// One stage. A configuration has one option of each of its choices. Configurations are numbered in
/// mixed radix, with the last choice varying fastest.
pub(super) struct StageOptions {
    counts: Vec<usize>,
    /// `[component, configuration, configuration]`: for each choice the absolute difference of the
    /// indices, then the squared differences of ln(MACs) and ln(parameters) of the stage's blocks.
    pub(super) distances: Array3<f64>,
}

impl Stages {
    /// # Errors
    /// Returns an error if the space also chooses a resolution or a width.
    pub(super) fn new(space: &SearchSpace) -> Result<Self, SurrogateError> {
        for (place, options) in
            [("resolution", space.resolution.len()), ("width", space.width.len())]
        {
            if options > 1 {
                let expected = "one option, since the surrogate models only the choices of stages";
                return Err(SurrogateError::value(place, format!("{options} options"), expected));
            }
        }
        let stages: Vec<StageOptions> = (0..space.stages.len())
            .map(|index| StageOptions::new(space, index))
            .collect::<Result<_, _>>()?;
        let choices = stages.iter().map(|stage| stage.counts.len()).sum();
        Ok(Self { stages, choices })
    }

    /// The number of the configuration of each stage.
    ///
    /// # Errors
    /// Returns an error if the genotype belongs to another space.
    pub(super) fn encode(&self, genotype: &Genotype) -> Result<Vec<usize>, SurrogateError> {
        let mut indices = genotype.0.iter();
        let mut codes = Vec::with_capacity(self.stages.len());
        let mut fits = genotype.0.len() == self.choices;
        for stage in &self.stages {
            let digits = stage.counts.iter().zip(&mut indices);
            codes.push(digits.fold(0, |code, (&count, &index)| {
                fits &= usize::from(index) < count;
                code * count + usize::from(index)
            }));
        }
        fits.then_some(codes).ok_or_else(|| {
            let counts: Vec<_> = self.stages.iter().map(|stage| &stage.counts).collect();
            SurrogateError::value("genotype", genotype, format!("indices below {counts:?}"))
        })
    }
}

impl StageOptions {
    fn new(space: &SearchSpace, index: usize) -> Result<Self, SurrogateError> {
        let counts = option_counts(&space.stages[index]);
        let configurations: usize = counts.iter().product();
        let features: Vec<Vec<f64>> = (0..configurations)
            .map(|code| {
                let digits = digits(code, &counts);
                let [macs, params] = stage_cost(space, index, &digits)?;
                let digits = digits.iter().map(|&digit| f64::from(digit));
                Ok(digits.chain([macs.ln(), params.ln()]).collect())
            })
            .collect::<Result<_, SurrogateError>>()?;
        let shape = (counts.len() + 2, configurations, configurations);
        let distances = Array3::from_shape_fn(shape, |(component, a, b)| {
            let difference = features[a][component] - features[b][component];
            if component < counts.len() { difference.abs() } else { difference * difference }
        });
        Ok(Self { counts, distances })
    }

    /// The number of configurations.
    pub(super) fn len(&self) -> usize {
        self.distances.dim().1
    }

    /// exp(-1/2 sum of weight x distance) for each pair of configurations.
    pub(super) fn similarity(&self, weights: &[f64]) -> Array2<f64> {
        let n = self.len();
        Array2::from_shape_fn((n, n), |(a, b)| {
            let weighted = weights.iter().enumerate().map(|(i, w)| w * self.distances[[i, a, b]]);
            (-0.5 * weighted.sum::<f64>()).exp()
        })
    }

    /// The number of components of a distance.
    pub(super) fn components(&self) -> usize {
        self.distances.dim().0
    }
}

fn option_counts(stage: &Stage) -> Vec<usize> {
    stage.choices.iter().map(|choice| choice.len()).filter(|&options| options > 1).collect()
}

fn digits(mut code: usize, counts: &[usize]) -> Vec<u8> {
    let mut digits = vec![0; counts.len()];
    for (digit, &count) in digits.iter_mut().zip(counts).rev() {
        *digit = (code % count) as u8;
        code /= count;
    }
    digits
}

/// The MACs and parameters of a stage's blocks. The network ends with this stage. The stages before
/// it, which do not affect its blocks, have their first options.
fn stage_cost(
    space: &SearchSpace,
    index: usize,
    digits: &[u8],
) -> Result<[f64; 2], SurrogateError> {
    let first_stages =
        |count: usize| SearchSpace { stages: space.stages[..count].to_vec(), ..space.clone() };
    let before: usize = space.stages[..index].iter().map(|stage| option_counts(stage).len()).sum();
    let mut indices = vec![0; before];
    let first_block = first_stages(index).decode(&Genotype(indices.clone()))?.blocks.len();
    indices.extend(digits);
    let graph = first_stages(index + 1).decode(&Genotype(indices))?.lower()?;
    let head = graph.units.len() - 1;
    let nodes =
        graph.units[first_block..head].iter().flat_map(|unit| &graph.nodes[unit.nodes.clone()]);
    Ok(nodes.map(|node| graph.layer_cost(node)).fold([0.0, 0.0], |[macs, params], cost| {
        [macs + cost.macs as f64, params + cost.params as f64]
    }))
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::ChaCha8Rng;
    use search_space::published;

    use super::*;

    #[test]
    fn stages_stem_and_head_cost_what_the_network_costs() {
        let space = published::space("mnasnet").unwrap();
        // Stem: 3x3 from 3 to 32 at 112x112, batch norm. Head: 320 to 1280 at 7x7, batch norm,
        // 1000.
        let stem = [112 * 112 * 27 * 32, 27 * 32 + 64];
        let head = [7 * 7 * 320 * 1280 + 1_280_000, 320 * 1280 + 2560 + 1_281_000];
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        for _ in 0..20 {
            let genotype = space.sample(&mut rng);
            let cost = space.decode(&genotype).unwrap().lower().unwrap().cost();
            let digits = genotype.0.chunks(4).enumerate();
            let stages = digits.map(|(stage, digits)| stage_cost(&space, stage, digits).unwrap());
            let [macs, params] = stages.fold([0.0; 2], |[a, b], [c, d]| [a + c, b + d]);
            assert_eq!(macs as usize + stem[0] + head[0], cost.macs, "{genotype}");
            assert_eq!(params as usize + stem[1] + head[1], cost.params, "{genotype}");
        }
    }
}
