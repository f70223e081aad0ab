//! `training.svg` and `training.png`: accuracy and loss over the epochs of a training.

use std::path::Path;

use anyhow::Result;
use report::{Curve, CurvesFigure, Plot, draw_curves, write_figure};
use training::fit::{EpochRecord, FitPlan};

pub(super) fn write(plan: &FitPlan, history: &[EpochRecord], out: &Path) -> Result<()> {
    let figure = figure(plan, history);
    write_figure(out, "training", |format| draw_curves(&figure, format))?;
    Ok(())
}

fn figure(plan: &FitPlan, history: &[EpochRecord]) -> CurvesFigure {
    let data = &plan.data.dataset;
    let curve = |label: &str, value: &dyn Fn(&EpochRecord) -> Option<f64>| Curve {
        label: label.to_owned(),
        points: history
            .iter()
            .filter_map(|record| Some((record.epoch as f64, value(record)?)))
            .collect(),
    };
    let loss = vec![
        curve("hold-out", &|record| record.hold_out_loss),
        curve("training images", &|record| Some(record.train_loss)),
    ];
    let top1 = curve("hold-out", &|record| Some(100.0 * record.hold_out_top1?));
    let mut plots = vec![Plot { y_name: "loss".to_owned(), curves: loss }];
    if !data.hold_out.is_empty() {
        plots.insert(0, Plot { y_name: "top-1 (%)".to_owned(), curves: vec![top1] });
    }
    let (images, resolution) = (data.train.len(), plan.batches.resolution);
    CurvesFigure {
        title: format!("Training of {}", plan.deployed.name),
        footnote: format!(
            "Data: {}, {images} training images and {} held-out images of {resolution} x \
             {resolution} pixels. The loss on training images is the mean over the epoch, with \
             augmentation, dropout and label smoothing; the loss on the hold-out is without them, \
             after the epoch.",
            plan.data.source,
            data.hold_out.len()
        ),
        x_name: "epochs".to_owned(),
        plots,
    }
}
