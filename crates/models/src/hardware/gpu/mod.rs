//! What beside the processor could compute, and why it does not.

mod kfd;
mod nvidia;
#[cfg(any(target_os = "linux", target_os = "windows"))]
mod nvml;
mod pci;
mod why;

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::probe::ProbeReport;

/// A graphics card, or a card that only computes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Accelerator {
    /// Whose it is.
    pub kind: AcceleratorKind,
    /// Its name, where somebody tells.
    pub name: Option<String>,
    /// Where it sits, such as `0000:01:00.0`.
    pub address: Option<String>,
    /// Maker and model as the bus knows them, such as `10de:2330`.
    pub device_id: Option<String>,
    /// The driver that runs it.
    pub driver: Option<String>,
    /// The driver's version.
    pub driver_version: Option<String>,
    /// Memory of its own, or that it shares with the processor.
    pub memory_bytes: Option<u64>,
    /// How much of that is taken.
    pub memory_used_bytes: Option<u64>,
    /// What the maker calls the instructions: `gfx1100`, `8.0`.
    pub compute: Option<String>,
    /// Whether models run on it.
    pub used: bool,
    /// Why they do not.
    pub why_not: Option<String>,
    /// What could be done about it.
    pub help: Option<String>,
}

/// Whose an accelerator is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AcceleratorKind {
    /// NVIDIA.
    Nvidia,
    /// AMD.
    Amd,
    /// Intel.
    Intel,
    /// Apple.
    Apple,
    /// The picture of a virtual machine or of a server's console.
    Display,
    /// Somebody else's.
    Other,
}

impl AcceleratorKind {
    /// The name that people write.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nvidia => "NVIDIA",
            Self::Amd => "AMD",
            Self::Intel => "Intel",
            Self::Apple => "Apple",
            Self::Display => "display",
            Self::Other => "other",
        }
    }

    /// By the maker's number on the PCI bus.
    fn of_vendor(vendor: u32) -> Self {
        match vendor {
            0x10de => Self::Nvidia,
            0x1002 | 0x1022 => Self::Amd,
            0x8086 => Self::Intel,
            0x106b => Self::Apple,
            // QEMU and Bochs, Red Hat (virtio, QXL), VMware, VirtualBox,
            // Microsoft's Hyper-V, Cirrus Logic, ASPEED and Matrox.
            0x1234 | 0x1af4 | 0x1b36 | 0x15ad | 0x80ee | 0x1414 | 0x1013 | 0x1a03 | 0x102b => {
                Self::Display
            }
            _ => Self::Other,
        }
    }
}

impl Accelerator {
    /// What to call it: its name, with the maker's where it has none.
    pub fn title(&self) -> String {
        let maker = match self.kind {
            AcceleratorKind::Display => "display adapter",
            AcceleratorKind::Other => "graphics card",
            kind => kind.as_str(),
        };
        match (&self.name, &self.device_id) {
            (Some(name), _) if name.starts_with(maker) => name.clone(),
            (Some(name), _) => format!("{maker} {name}"),
            (None, Some(id)) => format!("{maker} {id}"),
            (None, None) => maker.to_owned(),
        }
    }

    /// One of which only the maker is known.
    pub(super) fn new(kind: AcceleratorKind) -> Self {
        Self {
            kind,
            name: None,
            address: None,
            device_id: None,
            driver: None,
            driver_version: None,
            memory_bytes: None,
            memory_used_bytes: None,
            compute: None,
            used: false,
            why_not: None,
            help: None,
        }
    }
}

/// How far to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// Only what the bus itself knows: no driver is asked for a number.
    Bus,
    /// Files in which drivers tell numbers.
    Files,
    /// Libraries of drivers are opened.
    Libraries,
}

/// Everything that files tell, for programs that start no probe.
pub fn files(root: &Path) -> ProbeReport {
    let mut report = look(root, Depth::Files);
    if report.accelerators.iter().any(|one| one.kind == AcceleratorKind::Nvidia) {
        report.remarks.push(
            "NVIDIA's library was not asked: this program starts no process for it; \
             `mlx-code hardware` does"
                .to_owned(),
        );
    }
    report
}

/// Looks at accelerators: what a probe's process does.
pub fn look(root: &Path, depth: Depth) -> ProbeReport {
    let mut remarks = Vec::new();
    let mut found = pci::read(root, depth);
    nvidia::complete(root, &mut found);
    if depth >= Depth::Files {
        kfd::complete(root, &mut found);
    }
    #[cfg(any(target_os = "linux", target_os = "windows"))]
    if depth >= Depth::Libraries && root == Path::new("/") {
        nvml::complete(&mut found, &mut remarks);
    }
    #[cfg(target_os = "macos")]
    found.extend(super::macos::Told::ask().accelerator());
    let access = |path: &Path| why::can_open(path);
    for accelerator in &mut found {
        why::judge(root, accelerator, &access);
    }
    remarks.extend(why::missing(root, &found));
    ProbeReport::new(found, remarks)
}

#[cfg(test)]
mod tests;
