//! Where the command computes.

use headlight_engine::device::{Adapter, Chosen, choose};
use headlight_engine::error::EngineError;

use crate::arguments::Device;

/// Chooses the device that was asked for, tested.
///
/// # Errors
/// Where it can't be had or computes wrong numbers.
pub async fn chosen(device: Device) -> Result<Chosen, EngineError> {
    choose(device.into(), adapter(device).await).await
}

/// What is known of the graphics adapters beforehand. Where all of them are simulated by the CPU, they are not chosen unasked: our
/// kernels for the CPU are many times faster.
#[cfg(feature = "gpu")]
async fn adapter(device: Device) -> Adapter {
    if device != Device::Auto {
        return Adapter::default();
    }
    let all = wgpu::Instance::default().enumerate_adapters(wgpu::Backends::all()).await;
    let simulated = |adapter: &wgpu::Adapter| adapter.get_info().device_type == wgpu::DeviceType::Cpu;
    let obstacle = all.first().filter(|_| all.iter().all(simulated)).map(|adapter| {
        let name = adapter.get_info().name;
        format!("the only graphics adapter, {name}, is simulated by the CPU")
    });
    Adapter { name: None, obstacle }
}

#[cfg(not(feature = "gpu"))]
async fn adapter(_: Device) -> Adapter {
    Adapter::default()
}
