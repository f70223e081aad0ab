//! Trains a small network on drawn images and prints a line for each epoch. An interrupted training
//! continues from the files in FOLDER:
//!
//!     cargo run --release -p training --example fit -- FOLDER

use std::ops::ControlFlow;
use std::path::PathBuf;

use dataset::{Dataset, HoldOut};
use search_space::published;
use training::Placement;
use training::fit::{FitData, FitEvent, FitPlan, FitSettings};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args_os().nth(1).map_or(std::env::temp_dir().join("fit"), PathBuf::from);
    let threads = std::thread::available_parallelism()?.get();
    let source = "shapes:classes=4,train=4000,test=400".parse()?;
    let dataset = Dataset::load(&source, HoldOut::DEFAULT, threads)?;
    let network = published::network("mobilenet_v1@width=0.25")?;
    let settings = FitSettings { epochs: 4, train_stem_stride: Some(1), ..Default::default() };
    let data = FitData { source, dataset };
    let plan = FitPlan::new(&network, data, None, &settings, Placement::cpu(threads))?;
    let fitted = plan.fit(&folder, &mut |event| {
        if let FitEvent::Epoch { history } = event
            && let Some(epoch) = history.last()
        {
            let top1 = 100.0 * epoch.hold_out_top1.unwrap_or_default();
            println!("epoch {}: loss {:.3}, hold-out {top1:.1} %", epoch.epoch, epoch.train_loss);
        }
        ControlFlow::Continue(())
    })?;
    if let Some(fitted) = fitted {
        println!("{:.1} % of the test images; {}", 100.0 * fitted.top1, fitted.weights.display());
    }
    Ok(())
}
