//! Setups: what a latency is valid for.

use serde::{Deserialize, Serialize};

use crate::device::Device;

/// The software that executes a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Runtime {
    /// The engine of this workspace.
    Native,
}

impl Runtime {
    /// Name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Runtime::Native => "native",
        }
    }

    /// Version of the runtime in this build.
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
    /// Name, such as `f32`.
    pub fn name(self) -> &'static str {
        match self {
            Precision::F32 => "f32",
        }
    }
}

/// Where and how networks run. Latencies of one setup are not valid for another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setup {
    /// Device that runs the networks.
    pub device: Device,
    /// Runtime that executes the networks.
    pub runtime: Runtime,
    /// Version of the runtime.
    pub runtime_version: String,
    /// Number of threads that compute a network.
    pub threads: usize,
    /// Precision of weights and activations.
    pub precision: Precision,
    /// Batch size: the number of images in a run.
    pub batch: usize,
}

impl Setup {
    /// The setup of this device and of this build's version of `runtime`, with f32 and one image in
    /// a run.
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

    /// The runtime, the number of threads and the CPU: `native runtime, 1 thread, AMD EPYC, family 25`.
    pub fn words(&self) -> String {
        format!("{} runtime, {}", self.runtime.name(), self.threads_and_cpu())
    }

    /// The number of threads and the CPU: `2 threads, AMD EPYC, family 25`.
    pub fn threads_and_cpu(&self) -> String {
        let cpu = self.device.cpu.as_deref().unwrap_or("unknown CPU");
        match self.threads {
            1 => format!("1 thread, {cpu}"),
            threads => format!("{threads} threads, {cpu}"),
        }
    }

    /// Checks that latencies of `self` are valid for `other`.
    ///
    /// # Errors
    /// The first property that differs, with both values.
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

/// The difference between the setup of a table and that of this device.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("measured with another {what}: found {found}; here: {here}")]
pub struct ForeignSetup {
    /// Property that differs: device, runtime, threads, precision or batch.
    pub what: &'static str,
    /// Its value in the table.
    pub found: String,
    /// Its value on this device.
    pub here: String,
}
