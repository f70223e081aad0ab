//! `training.svg` and `training.png`: how a run went on with its epochs.

use std::path::Path;

use anyhow::Result;
use report::{Curve, CurvesFigure, Format, Plot, draw_curves, write_atomically};

use super::history::Line;
use super::plan::Plan;

pub(crate) fn write(plan: &Plan, data: &str, history: &[Line], out: &Path) -> Result<()> {
    let figure = figure(plan, data, history);
    for (format, extension) in [(Format::Svg, "svg"), (Format::Png, "png")] {
        let path = out.join("training").with_extension(extension);
        write_atomically(&path, &draw_curves(&figure, format)?)?;
    }
    Ok(())
}

fn figure(plan: &Plan, data: &str, history: &[Line]) -> CurvesFigure {
    let curve = |label: &str, value: &dyn Fn(&Line) -> Option<f64>| Curve {
        label: label.to_owned(),
        points: history.iter().filter_map(|line| Some((line.epoch as f64, value(line)?))).collect(),
    };
    let loss = vec![
        curve("hold-out", &|line| line.hold_out_loss),
        curve("training images", &|line| Some(line.train_loss)),
    ];
    let top1 = curve("hold-out", &|line| Some(100.0 * line.hold_out_top1?));
    let mut plots = vec![Plot { y_name: "loss".to_owned(), curves: loss }];
    if !plan.data.hold_out.is_empty() {
        plots.insert(0, Plot { y_name: "top-1 (%)".to_owned(), curves: vec![top1] });
    }
    let (images, resolution) = (plan.data.train.len(), plan.batches.resolution);
    CurvesFigure {
        title: format!("Training of {}", plan.deployed.name),
        footnote: format!(
            "Data: {data}, {images} images to train on and {} held out, {resolution} x {resolution} \
             pixels. Loss on training images: with augmentation, dropout and label smoothing, mean \
             over the epoch; on the hold-out: without, after it.",
            plan.data.hold_out.len()
        ),
        x_name: "epochs".to_owned(),
        plots,
    }
}
