//! What an evaluation does to images, as networks record it, and data as a network takes it.

use dataset::{Normalisation, Samples};
use search_space::{ChannelOrder, ImageCrop, Network, Preprocessing, ResizeFilter, ValueRange};

use super::plan::FitData;
use crate::error::TrainingError;

/// What [`dataset::batches`] does to the images of `samples` for an evaluation, which is with
/// [`dataset::Augment::NONE`].
pub fn preprocessing(samples: &Samples) -> Preprocessing {
    let Normalisation { mean, std } = samples.normalisation();
    let channels = match samples.channels() {
        1 => ChannelOrder::Grey,
        _ => ChannelOrder::Rgb,
    };
    let of_channels = |values: [f32; 3]| values[..channels.channels()].to_vec();
    Preprocessing {
        channels,
        crop: ImageCrop::CentralSquare,
        resize: ResizeFilter::BilinearAntialiased,
        range: ValueRange::ZeroToOne,
        mean: of_channels(mean),
        std: of_channels(std),
    }
}

impl FitData {
    /// The data with its classes in the order of the network's outputs, by name, and its images
    /// normalised as the network takes them. What the network does not say stays as it is.
    ///
    /// # Errors
    /// [`dataset::DataError::Classes`] if the classes do not have the names of the network's.
    pub fn as_taken_by(self, network: &Network) -> Result<Self, TrainingError> {
        let Self { source, mut dataset } = self;
        if !network.class_names.is_empty() {
            dataset = dataset.with_class_order(&network.class_names)?;
        }
        if let Some(Preprocessing { mean, std, .. }) = &network.preprocessing {
            // A single channel uses the first value alone.
            let of_three = |values: &[f32]| {
                let value = |channel| values.get(channel).or(values.first());
                std::array::from_fn(|channel| value(channel).copied().unwrap_or_default())
            };
            let normalisation = Normalisation { mean: of_three(mean), std: of_three(std) };
            dataset = dataset.with_normalisation(normalisation);
        }
        Ok(Self { source, dataset })
    }
}
