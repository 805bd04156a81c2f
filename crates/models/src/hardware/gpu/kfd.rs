//! What AMD's compute driver says: `/sys/class/kfd`.

use std::path::Path;

use super::{Accelerator, AcceleratorKind};
use crate::hardware::files::{field, line, names, text};

/// Names and instructions of AMD cards, by their place on the bus.
pub fn complete(root: &Path, found: &mut [Accelerator]) {
    let nodes = root.join("sys/class/kfd/kfd/topology/nodes");
    for name in names(&nodes) {
        let folder = nodes.join(&name);
        let Some(text) = text(&folder.join("properties")) else { continue };
        let number = |name: &str| field(&text, name).and_then(|value| value.parse::<u64>().ok());
        // Processors are nodes as well, without units that compute.
        if number("simd_count").unwrap_or(0) == 0 {
            continue;
        }
        let Some(address) = number("location_id").map(|id| address(number("domain"), id)) else {
            continue;
        };
        let own = |card: &&mut Accelerator| {
            card.kind == AcceleratorKind::Amd && card.address.as_deref() == Some(&*address)
        };
        let Some(card) = found.iter_mut().find(own) else { continue };
        card.compute = number("gfx_target_version").and_then(gfx);
        card.name = card.name.take().or_else(|| line(&folder.join("name")));
    }
}

/// Bus, device and function stand in one number: `bbbbbbbb dddddfff`.
fn address(domain: Option<u64>, id: u64) -> String {
    let (bus, device, function) = (id >> 8 & 0xff, id >> 3 & 0x1f, id & 7);
    format!("{:04x}:{bus:02x}:{device:02x}.{function:x}", domain.unwrap_or(0))
}

/// 110000 is `gfx1100`: two digits each for version, minor and step, of which
/// the last two are written to the base of 16.
fn gfx(version: u64) -> Option<String> {
    let (major, minor, step) = (version / 10_000, version / 100 % 100, version % 100);
    (major > 0).then(|| format!("gfx{major}{minor:x}{step:x}"))
}
