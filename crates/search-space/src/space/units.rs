//! Enumerates the units of all networks of a space without decoding every genotype.

use std::collections::HashSet;

use crate::graph::Shape;
use crate::graph::unit::{PlacedUnit, Unit};
use crate::network::block::Block;
use crate::network::rounding::scale;
use crate::network::width_multiplier;
use crate::space::places::UnitPlace;
use crate::space::stage::{LayerBlock, StageSettings, stage_blocks};
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
        let mut seen = HashSet::new();
        let units = self.units_by_place().into_iter().map(|(_, unit)| unit);
        units.filter(|unit| seen.insert(*unit)).collect()
    }

    /// The distinct units of all networks of the space at each place, in the order of first
    /// appearance.
    pub fn units_by_place(&self) -> Vec<(UnitPlace, PlacedUnit)> {
        let mut units = Units::default();
        for &alpha in &self.width {
            let head = width_multiplier::scale_head(self.head, alpha).at_inference();
            let head = Unit::Head { head, classes: self.classes };
            for &resolution in &self.resolution {
                let mut shape = Shape::new(self.channels, resolution);
                for (block, of_stem) in self.stem.iter().enumerate() {
                    let of_stem = width_multiplier::scale_stem(of_stem, alpha);
                    shape = units.add_block(UnitPlace::Stem { block }, shape, of_stem);
                }
                let mut states = vec![Before { shape, first_shuffle_v1: true }];
                for (index, stage) in self.stages.iter().enumerate() {
                    let add = |settings: &StageSettings, state: &mut Before| {
                        let mut input = state.shape.channels;
                        for LayerBlock { layer, block } in
                            stage_blocks(settings, &mut input, &mut state.first_shuffle_v1)
                        {
                            let place = settings.place(index, layer);
                            state.shape = units.add_block(place, state.shape, block);
                        }
                    };
                    states = after_stage(stage, alpha, &states, add);
                }
                for state in states {
                    units.add(UnitPlace::Head, PlacedUnit { unit: head, input: state.shape });
                }
            }
        }
        units.order
    }
}

/// The states after a stage. `add` adds the blocks of the stage with these settings and moves the
/// state behind them.
fn after_stage(
    stage: &Stage,
    alpha: f64,
    states: &[Before],
    mut add: impl FnMut(&StageSettings, &mut Before),
) -> Vec<Before> {
    let mut after = Vec::new();
    for before in states {
        for mut settings in stage.all_settings() {
            settings.out = scale(settings.out, alpha);
            let mut state = *before;
            add(&settings, &mut state);
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

/// Distinct units at each place in the order of first appearance.
#[derive(Default)]
struct Units {
    seen: HashSet<(UnitPlace, PlacedUnit)>,
    order: Vec<(UnitPlace, PlacedUnit)>,
}

impl Units {
    fn add(&mut self, place: UnitPlace, unit: PlacedUnit) {
        if self.seen.insert((place, unit)) {
            self.order.push((place, unit));
        }
    }

    /// Adds a block and returns the shape of its output.
    fn add_block(&mut self, place: UnitPlace, input: Shape, block: Block) -> Shape {
        self.add(place, PlacedUnit { unit: Unit::Block(block), input });
        block.output(input)
    }
}
