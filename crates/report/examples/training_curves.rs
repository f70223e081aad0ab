//! Draws the histories of training runs in one figure, as SVG and PNG:
//!
//!     cargo run -p report --example training_curves -- OUT.svg TITLE LABEL=HISTORY.jsonl ...
//!
//! Each line of a history is a JSON object with `epoch`, `train_loss` and `hold_out_top1`.

use std::error::Error;
use std::fs;
use std::path::Path;

use report::{Curve, CurvesFigure, Format, Plot, draw_curves, write_atomically};
use serde_json::Value;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [out, title, runs @ ..] = &arguments[..] else {
        return Err("usage: training_curves OUT.svg TITLE LABEL=HISTORY.jsonl ...".into());
    };
    let plot = |y_name: &str, key: &str, scale: f64| -> Result<Plot, Box<dyn Error>> {
        let curves = runs.iter().map(|run| curve(run, key, scale)).collect::<Result<_, _>>()?;
        Ok(Plot { y_name: y_name.to_owned(), curves })
    };
    let figure = CurvesFigure {
        title: title.clone(),
        footnote: "Top-1 on the hold-out after each epoch; loss on the training images, mean over \
                   the epoch, with augmentation and label smoothing."
            .to_owned(),
        x_name: "epochs".to_owned(),
        plots: vec![plot("top-1 (%)", "hold_out_top1", 100.0)?, plot("loss", "train_loss", 1.0)?],
    };
    let out = Path::new(out);
    for (format, extension) in [(Format::Svg, "svg"), (Format::Png, "png")] {
        write_atomically(&out.with_extension(extension), &draw_curves(&figure, format)?)?;
    }
    Ok(())
}

fn curve(run: &str, key: &str, scale: f64) -> Result<Curve, Box<dyn Error>> {
    let (label, path) = run.split_once('=').ok_or("found no = in a run; expected: LABEL=FILE")?;
    let mut points = Vec::new();
    for line in fs::read_to_string(path)?.lines() {
        let line: Value = serde_json::from_str(line)?;
        let value = |key: &str| line[key].as_f64().ok_or_else(|| format!("{path}: no {key}"));
        points.push((value("epoch")?, scale * value(key)?));
    }
    Ok(Curve { label: label.to_owned(), points })
}
