//! Predicts the latency of a network from its blocks and measures the whole network:
//! `measure mobilenet_v3_small`.

use latency_predictor::{
    DeviceTable, ForeignTable, Measured, MeasuringLock, MissingUnits, Runs, Runtime, Setup,
};
use search_space::published;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let name = std::env::args().nth(1).unwrap_or_else(|| "mobilenet_v3_small".to_owned());
    let network = published::network(&name)?;
    let setup = Setup::here(Runtime::Native, 1);
    println!("{}", setup.device.identity());
    // The table of this device in the user's cache, in which measured blocks are saved.
    let path = DeviceTable::default_path(&setup)?;
    let mut device = DeviceTable::open(path, &setup, ForeignTable::Refuse)?;
    let acquire = || MeasuringLock::acquire(|| println!("another process is measuring"));
    let prediction = device.predict(&network, MissingUnits::Interpolate, acquire)?;
    let Measured { latency, runs, disturbed, .. } =
        device.measure(&acquire()?, &network, 1, Runs::Undisturbed(50))?;
    println!("predicted {:.3} ms", prediction.ms);
    println!("measured  {:.3} ms, p50 of {runs} undisturbed runs", latency.p50_ms);
    println!("          {disturbed} more runs were disturbed and do not count");
    Ok(())
}
