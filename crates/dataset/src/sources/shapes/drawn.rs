//! The procedural images as a source. They are drawn when they are first asked for, and kept.

use std::sync::{Arc, OnceLock};

use super::paint::render;
use super::spec::Shapes;
use crate::error::DataError;
use crate::image::{Image, hash};
use crate::random::Purpose;
use crate::store::{ImageStore, Normalisation, Sample, SourceData, SourceSplit};

/// The maximum size of the images that a split keeps, in bytes. Further ones are drawn again
/// whenever they are asked for.
const MAX_KEPT_BYTES: usize = 256 << 20;
const CHANNELS: usize = 3;

/// The images of one split.
#[derive(Debug)]
struct DrawnImages {
    shapes: Shapes,
    purpose: Purpose,
    /// The first images of the split, once they are drawn.
    kept: Box<[OnceLock<Image>]>,
}

impl DrawnImages {
    fn new(shapes: &Shapes, purpose: Purpose, images: usize) -> Self {
        let max_kept = MAX_KEPT_BYTES / (shapes.size * shapes.size * CHANNELS);
        let kept = (0..images.min(max_kept)).map(|_| OnceLock::new()).collect();
        Self { shapes: *shapes, purpose, kept }
    }
}

impl ImageStore for DrawnImages {
    fn image(&self, sample: &Sample) -> Result<Image, DataError> {
        let draw = || {
            let class = class_of(&self.shapes, sample.index);
            render(&self.shapes, self.purpose, sample.index, class)
        };
        Ok(self.kept.get(sample.index).map_or_else(draw, |kept| kept.get_or_init(draw).clone()))
    }
}

/// The class of which an image is drawn. A sample's label may count the classes in another order.
fn class_of(shapes: &Shapes, index: usize) -> u32 {
    (index % shapes.classes) as u32
}

pub(crate) fn read(shapes: &Shapes) -> Result<SourceData, DataError> {
    shapes.check()?;
    let split = |images: usize, purpose: Purpose| {
        let sample = |index: usize| {
            // A hash of what the image is drawn from, since drawing takes longer than reading a
            // file.
            let key = [shapes.seed, purpose as u64, index as u64].map(u64::to_le_bytes).concat();
            Sample { index, label: class_of(shapes, index), hash: hash(&key) }
        };
        let samples = (0..images).map(sample).collect();
        SourceSplit { store: Arc::new(DrawnImages::new(shapes, purpose, images)), samples }
    };
    Ok(SourceData {
        classes: (0..shapes.classes).map(|class| shapes.class_name(class)).collect(),
        channels: CHANNELS,
        normalisation: Normalisation { mean: [0.5; 3], std: [0.25; 3] },
        train: split(shapes.train, Purpose::ShapesTrain),
        test: split(shapes.test, Purpose::ShapesTest),
        remarks: Vec::new(),
    })
}
