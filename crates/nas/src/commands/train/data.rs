//! Data sets of the command line.

use anyhow::Result;
use dataset::{Augment, Crop, Cutout, Dataset, Flip, HoldOut, Source};
use search_space::Network;

use crate::args::Global;
use crate::args_training::TrainArgs;
use crate::exit::bad_input;
use crate::progress::note;

/// Named when images are left out; the others are counted.
const MAX_NAMED: usize = 5;

/// The data set of a training.
pub(crate) fn of(global: &Global, args: &TrainArgs) -> Result<Dataset> {
    let hold_out = HoldOut::new(args.hold_out).map_err(|error| bad_input("--hold-out", error))?;
    load(global, &args.data, hold_out)
}

/// Reads the data set that the user named, and says which images are left out. Its images are prepared on
/// as many threads as train.
pub(crate) fn load(global: &Global, data: &str, hold_out: HoldOut) -> Result<Dataset> {
    let bad = |error| bad_input("--data", error);
    let source: Source = data.parse().map_err(bad)?;
    let threads = global.training_threads();
    if threads == 0 {
        return Err(bad_input("--threads", "found 0; allowed: 1 and more"));
    }
    let loaded = Dataset::load(&source, hold_out, threads).map_err(bad)?;
    if !loaded.skipped.is_empty() {
        let named = loaded.skipped.iter().take(MAX_NAMED).map(|image| format!("\n  {image}"));
        let named: String = named.collect();
        note(
            global,
            &format!("{} images do not decode and are left out:{named}", loaded.skipped.len()),
        );
    }
    Ok(loaded)
}

/// Whether the network takes these images and has their classes.
pub(crate) fn check(data: &str, loaded: &Dataset, network: &Network) -> Result<()> {
    let (found, images) = (network.input.channels, loaded.train.channels());
    if found != images {
        let message = format!("found {found}; allowed: {images}, those of {data}");
        return Err(bad_input("input.channels", message));
    }
    if network.classes != loaded.classes.len() {
        let allowed = loaded.classes.len();
        let message = format!("found {}; allowed: {allowed}, those of {data}", network.classes);
        return Err(bad_input("classes", message));
    }
    Ok(())
}

/// The default resolution of training: the network's, but not more than the first image has.
pub(crate) fn resolution(loaded: &Dataset, network: &Network) -> Result<usize> {
    let image = loaded.train.image(0).map_err(|error| bad_input("--data", error))?;
    Ok(network.input.resolution.min(image.height).min(image.width))
}

/// As is usual for the kind of images: random parts of photos, small shifts of small images, mirror
/// images except of digits.
pub(crate) fn augment(data: &str, resolution: usize, cutout: Option<usize>) -> Result<Augment> {
    let source: Source = data.parse().map_err(|error| bad_input("--data", error))?;
    let crop = match source {
        Source::Folder(_) => Crop::Resized { smallest_area: 0.25 },
        _ => Crop::Padded { padding: resolution / 8 },
    };
    let flip = if matches!(source, Source::Mnist(_)) { Flip::Never } else { Flip::Horizontal };
    let cutout = cutout.map_or(Cutout::Never, |side| Cutout::Square { side });
    Ok(Augment { crop, flip, cutout })
}
