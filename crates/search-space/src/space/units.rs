//! Enumerates the units of all networks of a space without decoding every genotype.

use std::collections::HashSet;

use crate::graph::Shape;
use crate::graph::unit::{PlacedUnit, Unit};
use crate::network::block::Block;
use crate::network::rounding::scale;
use crate::network::width_multiplier;
use crate::space::stage::{StageSettings, stage_blocks};
use crate::space::{SearchSpace, Stage};

/// The state before a stage, on which its blocks depend besides its own options.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Before {
    shape: Shape,
    first_shuffle_v1: bool,
}

impl SearchSpace {
    /// The distinct units of all networks of the space in the order of first appearance.
    pub fn units(&self) -> Vec<PlacedUnit> {
        let mut units = Units::default();
        for &alpha in &self.width {
            let head = width_multiplier::scale_head(self.head, alpha).at_inference();
            let head = Unit::Head { head, classes: self.classes };
            for &resolution in &self.resolution {
                let image = Shape::new(self.channels, resolution);
                let stem: Vec<Block> = self
                    .stem
                    .iter()
                    .map(|block| width_multiplier::scale_stem(block, alpha))
                    .collect();
                let shape = units.add_blocks(image, &stem);
                let mut states = vec![Before { shape, first_shuffle_v1: true }];
                for stage in &self.stages {
                    states = after_stage(stage, alpha, &states, &mut units);
                }
                for state in states {
                    units.add(PlacedUnit { unit: head, input: state.shape });
                }
            }
        }
        units.order
    }
}

fn after_stage(stage: &Stage, alpha: f64, states: &[Before], units: &mut Units) -> Vec<Before> {
    let mut after = Vec::new();
    for before in states {
        for mut settings in stage.all_settings() {
            settings.out = scale(settings.out, alpha);
            let mut state = *before;
            let mut blocks = Vec::new();
            let input = &mut state.shape.channels;
            stage_blocks(&settings, input, &mut state.first_shuffle_v1, &mut blocks);
            state.shape = units.add_blocks(before.shape, &blocks);
            if !after.contains(&state) {
                after.push(state);
            }
        }
    }
    after
}

impl Stage {
    /// The settings for every combination of the stage's options. The last choice varies fastest.
    fn all_settings(&self) -> impl Iterator<Item = StageSettings> {
        let combinations: usize = self.choices.iter().map(|choice| choice.len()).product();
        (0..combinations).map(|combination| {
            let mut rest = combination;
            let mut indices = vec![0; self.choices.len()];
            for (index, choice) in indices.iter_mut().zip(&self.choices).rev() {
                *index = rest % choice.len();
                rest /= choice.len();
            }
            self.settings(&indices)
        })
    }
}

/// Distinct units in the order of first appearance.
#[derive(Default)]
struct Units {
    seen: HashSet<PlacedUnit>,
    order: Vec<PlacedUnit>,
}

impl Units {
    fn add(&mut self, unit: PlacedUnit) {
        if self.seen.insert(unit) {
            self.order.push(unit);
        }
    }

    fn add_blocks(&mut self, mut input: Shape, blocks: &[Block]) -> Shape {
        for &block in blocks {
            self.add(PlacedUnit { unit: Unit::Block(block), input });
            input = block.output(input);
        }
        input
    }
}
