//! Where the numbers are computed: WebGPU where it works and computes right, else the CPU, and why.

use burn::tensor::Device;
use headlight_document::message::{DeviceChoice, DeviceInfo, DeviceKind};

use crate::error::EngineError;
use crate::self_test;

/// A device that has passed the self-test.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// The device.
    pub device: Device,
    /// What a person is told about it.
    pub info: DeviceInfo,
}

/// What the front end knows of the graphics adapter before burn touches it.
#[derive(Clone, Debug, Default)]
pub struct Adapter {
    /// What it is called.
    pub name: Option<String>,
    /// Why it cannot be used, in a clause without a full stop.
    pub obstacle: Option<String>,
}

/// Chooses a device and tests it against stored values.
///
/// # Errors
/// [`EngineError::NoGpu`] or [`EngineError::SelfTest`] where WebGPU was demanded and cannot be had or computes wrong
/// numbers; [`EngineError::SelfTest`] where even the CPU does.
pub async fn choose(choice: DeviceChoice, adapter: Adapter) -> Result<Chosen, EngineError> {
    let reason = match choice {
        DeviceChoice::Cpu => None,
        DeviceChoice::Webgpu => return gpu(adapter).await,
        DeviceChoice::Auto => match gpu(adapter).await {
            Ok(chosen) => return Ok(chosen),
            Err(error) => Some(error.to_string()),
        },
    };
    let device = Device::flex();
    self_test::check(&device).await?;
    Ok(Chosen { device, info: DeviceInfo { kind: DeviceKind::Cpu, name: "CPU".to_owned(), reason } })
}

#[cfg(feature = "gpu")]
async fn gpu(adapter: Adapter) -> Result<Chosen, EngineError> {
    if let Some(obstacle) = adapter.obstacle {
        return Err(EngineError::NoGpu(obstacle));
    }
    let device =
        Device::wgpu_options().init_async().await.map_err(|error| EngineError::NoGpu(one_line(&error.to_string())))?;
    self_test::check(&device).await?;
    let name = adapter.name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| "WebGPU".to_owned());
    Ok(Chosen { device, info: DeviceInfo { kind: DeviceKind::Webgpu, name, reason: None } })
}

#[cfg(not(feature = "gpu"))]
async fn gpu(_: Adapter) -> Result<Chosen, EngineError> {
    Err(EngineError::NoGpu("this build has no GPU support".to_owned()))
}

#[cfg(feature = "gpu")]
fn one_line(message: &str) -> String {
    message.lines().next().unwrap_or_default().trim_end_matches('.').to_owned()
}
