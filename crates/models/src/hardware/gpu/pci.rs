//! Cards on the PCI bus, with a driver or without, and cards of boards that
//! have no such bus.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Accelerator, AcceleratorKind, Depth};
use crate::hardware::files::{field, hex, names, number, text};

/// Classes of the bus: pictures, and what only computes.
const CLASSES: [u32; 2] = [0x03, 0x12];

/// What computes or draws, in the order of the bus.
pub fn read(root: &Path, depth: Depth) -> Vec<Accelerator> {
    let mut found = BTreeMap::new();
    let bus = root.join("sys/bus/pci/devices");
    for address in names(&bus) {
        let folder = bus.join(&address);
        if hex(&folder.join("class")).is_some_and(|class| CLASSES.contains(&(class >> 16))) {
            found.insert(address, card(&folder, depth));
        }
    }
    // Containers often show the cards and hide the bus.
    let drm = root.join("sys/class/drm");
    for name in names(&drm).into_iter().filter(|name| is_card(name)) {
        let folder = drm.join(&name).join("device");
        let told = text(&folder.join("uevent")).unwrap_or_default();
        let address = field(&told, "PCI_SLOT_NAME").map_or(name, str::to_owned);
        found.entry(address).or_insert_with(|| card(&folder, depth));
    }
    let named = |(address, mut card): (String, Accelerator)| {
        card.address = Some(address);
        card
    };
    found.into_iter().map(named).collect()
}

/// `card0`, and not one of its outlets: `card0-HDMI-A-1`.
fn is_card(name: &str) -> bool {
    name.strip_prefix("card").is_some_and(|number| number.parse::<u32>().is_ok())
}

fn card(folder: &Path, depth: Depth) -> Accelerator {
    let (vendor, device) = (hex(&folder.join("vendor")), hex(&folder.join("device")));
    let told = text(&folder.join("uevent")).unwrap_or_default();
    let kind = vendor.map_or(AcceleratorKind::Other, AcceleratorKind::of_vendor);
    let mut card = Accelerator::new(kind);
    card.device_id =
        vendor.zip(device).map(|(vendor, device)| format!("{vendor:04x}:{device:04x}"));
    card.driver = field(&told, "DRIVER").map(str::to_owned);
    if depth >= Depth::Files {
        // Only the amdgpu driver tells these.
        card.memory_bytes = number(&folder.join("mem_info_vram_total"));
        card.memory_used_bytes = number(&folder.join("mem_info_vram_used"));
        card.name = crate::hardware::files::line(&folder.join("product_name"));
    }
    card
}
