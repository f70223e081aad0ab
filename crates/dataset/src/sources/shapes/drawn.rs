//! The procedural images as a source. They are drawn whenever they are asked for.

use std::sync::Arc;

use super::paint::render;
use super::spec::Shapes;
use crate::error::DataError;
use crate::image::{Image, hash};
use crate::random::Purpose;
use crate::store::{ImageStore, Normalisation, Sample, SourceData, SourceSplit};

/// The images of one split.
#[derive(Debug)]
struct DrawnImages {
    shapes: Shapes,
    purpose: Purpose,
}

impl ImageStore for DrawnImages {
    fn image(&self, sample: &Sample) -> Result<Image, DataError> {
        let class = class_of(&self.shapes, sample.index);
        Ok(render(&self.shapes, self.purpose, sample.index, class))
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
        SourceSplit { store: Arc::new(DrawnImages { shapes: *shapes, purpose }), samples }
    };
    Ok(SourceData {
        classes: (0..shapes.classes).map(|class| shapes.class_name(class)).collect(),
        channels: 3,
        normalisation: Normalisation { mean: [0.5; 3], std: [0.25; 3] },
        train: split(shapes.train, Purpose::ShapesTrain),
        test: split(shapes.test, Purpose::ShapesTest),
        remarks: Vec::new(),
    })
}
