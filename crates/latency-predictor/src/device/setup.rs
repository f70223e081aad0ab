//! What a latency is valid for.

use serde::{Deserialize, Serialize};

use crate::device::Device;

/// What executes a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Runtime {
    /// The engine of this workspace.
    Native,
}

impl Runtime {
    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Runtime::Native => "native",
        }
    }

    /// The version that this build runs.
    pub fn version(self) -> &'static str {
        match self {
            // All crates of the workspace share one version.
            Runtime::Native => env!("CARGO_PKG_VERSION"),
        }
    }
}

/// The type of the values that a network computes with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Precision {
    /// 32-bit floating point.
    F32,
}

impl Precision {
    /// Its name: `f32`.
    pub fn name(self) -> &'static str {
        match self {
            Precision::F32 => "f32",
        }
    }
}

/// Where and how networks run. A latency of one setup says nothing about another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setup {
    /// The CPU.
    pub device: Device,
    /// What executes the networks.
    pub runtime: Runtime,
    /// Its version.
    pub runtime_version: String,
    /// Threads of one network.
    pub threads: usize,
    /// Of weights and activations.
    pub precision: Precision,
    /// Images in one run.
    pub batch: usize,
}

impl Setup {
    /// This device and this build's version of `runtime`; f32, one image.
    pub fn here(runtime: Runtime, threads: usize) -> Self {
        Self {
            device: Device::here(),
            runtime,
            runtime_version: runtime.version().to_owned(),
            threads,
            precision: Precision::F32,
            batch: 1,
        }
    }

    /// What makes a latency of `self` foreign to `other`: the first that differs.
    ///
    /// # Errors
    /// Its name and both values.
    pub fn check_same(&self, other: &Self) -> Result<(), ForeignSetup> {
        let runtime = |setup: &Self| format!("{} {}", setup.runtime.name(), setup.runtime_version);
        let precision = |setup: &Self| setup.precision.name().to_owned();
        let differences = [
            ("device", self.device.identity(), other.device.identity()),
            ("runtime", runtime(self), runtime(other)),
            ("threads", self.threads.to_string(), other.threads.to_string()),
            ("precision", precision(self), precision(other)),
            ("batch", self.batch.to_string(), other.batch.to_string()),
        ];
        match differences.into_iter().find(|(_, mine, theirs)| mine != theirs) {
            Some((what, found, here)) => Err(ForeignSetup { what, found, here }),
            None => Ok(()),
        }
    }
}

/// Latencies of another setup.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("measured with another {what}: found {found}; here: {here}")]
pub struct ForeignSetup {
    /// What differs: device, runtime, threads, precision or batch.
    pub what: &'static str,
    /// In the table.
    pub found: String,
    /// On this device.
    pub here: String,
}
