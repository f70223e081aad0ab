//! `--device`: the device that trains and evaluates networks.

use anyhow::Result;
use training::Backend;

use crate::exit::bad_input;

const OPTION: &str = "--device";

/// What trains and evaluates networks.
#[derive(Clone, clap::Args)]
pub(crate) struct DeviceArgs {
    /// cpu, or cuda or cuda:N (candle's own ops)
    #[arg(long, value_name = "DEVICE", default_value = "cpu", hide = !cfg!(feature = "cuda"))]
    pub(crate) device: String,
}

impl DeviceArgs {
    pub(crate) fn backend(&self) -> Result<Backend> {
        let device = &self.device;
        let number = match device.split_once(':') {
            None if device == "cpu" => return Ok(Backend::Fused),
            None if device == "cuda" => Some(0),
            Some(("cuda", number)) => number.parse().ok(),
            _ => None,
        };
        match number {
            Some(number) => cuda(device, number),
            None => {
                let message = format!("found {device}; expected: cpu, cuda or cuda:N");
                Err(bad_input(OPTION, message))
            }
        }
    }
}

fn cuda(device: &str, number: usize) -> Result<Backend> {
    if !cfg!(feature = "cuda") {
        let expected = "cpu; other devices need a nas built with --features cuda";
        return Err(bad_input(OPTION, format!("found {device}; expected: {expected}")));
    }
    Backend::cuda(number).map_err(|error| {
        bad_input(OPTION, format!("found {device}, which cannot be used: {error}"))
    })
}
