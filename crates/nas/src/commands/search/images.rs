//! The images of a search, and the space whose networks are trained on them.

use anyhow::Result;
use dataset::HoldOut;
use search_space::SearchSpace;
use training::TrainingError;
use training::fit::FitData;

use crate::args::Global;
use crate::args_images::ImagesArgs;
use crate::commands::train::data;
use crate::exit::{bad_input, training_error};
use crate::progress::note;

/// Share of the training images on which networks are evaluated.
pub(super) const HOLD_OUT: f64 = 0.1;

/// Reads the images. The space gets their classes, and the resolution at which its networks are
/// deployed.
pub(super) fn load(global: &Global, args: &ImagesArgs, space: &mut SearchSpace) -> Result<FitData> {
    let Some(data) = &args.data else {
        let message = "found none; expected: the images on which networks are trained";
        return Err(bad_input("--data", message));
    };
    let data = data::load_with(global, data, HoldOut::new(HOLD_OUT)?, "--data")?;
    space.classes = data.dataset.classes.len();
    deploy_at(global, args.deploy_resolution, space, &data)?;
    Ok(data)
}

/// Sets the resolution of the space's networks: the one that was asked for, or that of the space, but at
/// most that of the images.
fn deploy_at(
    global: &Global,
    asked: Option<usize>,
    space: &mut SearchSpace,
    data: &FitData,
) -> Result<()> {
    let image = data.dataset.train.image(0).map_err(|error| bad_input("--data", error))?;
    let side = image.height.min(image.width);
    match (asked, &space.resolution[..]) {
        (Some(resolution), _) => space.resolution = vec![resolution],
        (None, [own]) if side < *own => {
            let text = format!("networks are deployed at {side} px, as large as the images");
            note(global, &format!("{text}\n(--deploy-resolution)"));
            space.resolution = vec![side];
        }
        _ => {}
    }
    Ok(())
}

/// The error of a space, images or settings that do not fit together; `epochs` is the flag of the number
/// of epochs.
pub(super) fn refused(epochs: &str, error: TrainingError) -> anyhow::Error {
    let flag = match &error {
        TrainingError::Setting { place: "classes" | "hold-out" | "batch", .. } => "--data",
        TrainingError::Setting { place: "channels" | "resolutions" | "space", .. } => "--space",
        TrainingError::Setting { place: "epochs", .. } => epochs,
        _ => return training_error("--space", error),
    };
    bad_input(flag, error)
}
