//! NVIDIA's own library, opened at run time: a machine without it loses
//! nothing, and this program is never linked with it.

use nvml_wrapper::Nvml;
use nvml_wrapper::error::NvmlError;

use super::{Accelerator, AcceleratorKind, nvidia};

/// Names, memory and versions as the library tells them. Runs code of the
/// driver, which may hang or crash: only a probe's process calls it.
pub fn complete(found: &mut Vec<Accelerator>, remarks: &mut Vec<String>) {
    let nvml = match Nvml::init() {
        Ok(nvml) => nvml,
        Err(error) => {
            let there = found.iter().any(|one| {
                one.kind == AcceleratorKind::Nvidia && one.driver.as_deref() == Some("nvidia")
            });
            if there {
                remarks.push(why(&error));
            }
            return;
        }
    };
    let version = nvml.sys_driver_version().ok();
    for index in 0..nvml.device_count().unwrap_or(0) {
        let device = match nvml.device_by_index(index) {
            Ok(device) => device,
            Err(error) => {
                remarks.push(format!("NVIDIA's library does not give card {index}: {error}"));
                continue;
            }
        };
        let address = device.pci_info().map(|info| short(&info.bus_id));
        let address = address.unwrap_or_else(|_| format!("nvidia{index}"));
        let card = nvidia::card(found, &address);
        card.kind = AcceleratorKind::Nvidia;
        card.driver.get_or_insert_with(|| "nvidia".to_owned());
        card.driver_version = version.clone().or(card.driver_version.take());
        card.name = device.name().ok().or(card.name.take());
        if let Ok(memory) = device.memory_info() {
            card.memory_bytes = Some(memory.total);
            card.memory_used_bytes = Some(memory.used);
        }
        let compute = device.cuda_compute_capability();
        card.compute = compute.ok().map(|of| format!("{}.{}", of.major, of.minor));
    }
}

/// The library writes the domain with eight digits, the kernel with four.
fn short(address: &str) -> String {
    let lower = address.to_ascii_lowercase();
    match lower.split_once(':') {
        Some((domain, rest)) if domain.len() == 8 && domain.starts_with("0000") => {
            format!("{}:{rest}", &domain[4..])
        }
        _ => lower,
    }
}

fn why(error: &NvmlError) -> String {
    match error {
        NvmlError::LibloadingError(_) | NvmlError::LibraryNotFound => {
            "NVIDIA's driver is there, but its library libnvidia-ml.so.1 is not: names and memory \
             of the cards are not known"
                .to_owned()
        }
        NvmlError::NoPermission => {
            "NVIDIA's library does not let this user ask: see the permissions of /dev/nvidiactl"
                .to_owned()
        }
        error => format!("NVIDIA's library does not answer: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn addresses_are_written_as_the_kernel_does() {
        for (given, expect) in [
            ("00000000:01:00.0", "0000:01:00.0"),
            ("0000:C1:00.0", "0000:c1:00.0"),
            ("00010000:01:00.0", "00010000:01:00.0"),
            ("", ""),
        ] {
            assert_eq!(short(given), expect);
        }
    }
}
