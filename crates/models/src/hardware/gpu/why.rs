//! Why an accelerator is not used, and what could be done about it.

use std::io;
use std::path::Path;

use super::{Accelerator, AcceleratorKind};

/// Whether this process may read and write a device; opening it would wake
/// the driver.
pub fn can_open(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        let both = rustix::fs::Access::READ_OK | rustix::fs::Access::WRITE_OK;
        Ok(rustix::fs::access(path, both)?)
    }
    #[cfg(not(unix))]
    std::fs::metadata(path).map(drop)
}

/// Writes down why models do not run on it.
pub fn judge(root: &Path, accelerator: &mut Accelerator, access: &dyn Fn(&Path) -> io::Result<()>) {
    let driver = accelerator.driver.as_deref();
    let (why, help) = match accelerator.kind {
        AcceleratorKind::Nvidia => match driver {
            Some("nvidia") => {
                ("the NVIDIA driver was found, but this build has no CUDA".to_owned(), None)
            }
            Some("nouveau") => (
                "it is run by nouveau, which does not compute; and this build has no CUDA"
                    .to_owned(),
                None,
            ),
            Some("vfio-pci") => (handed_on(), None),
            Some(other) => (format!("its driver is {other}, and this build has no CUDA"), None),
            None => (no_driver("NVIDIA's driver", "CUDA"), None),
        },
        AcceleratorKind::Amd => match driver {
            Some("amdgpu") => amd(root, access),
            Some("vfio-pci") => (handed_on(), None),
            Some(other) => (format!("its driver is {other}, and this build has no ROCm"), None),
            None => (no_driver("the driver amdgpu", "ROCm"), None),
        },
        AcceleratorKind::Intel => {
            ("this build has no engine for Intel's graphics processors".to_owned(), None)
        }
        AcceleratorKind::Apple => ("this build has no Metal".to_owned(), None),
        AcceleratorKind::Display => {
            ("it only shows a picture and has nothing to compute with".to_owned(), None)
        }
        AcceleratorKind::Other => ("this build has no engine for it".to_owned(), None),
    };
    accelerator.why_not = Some(why);
    accelerator.help = help;
}

fn handed_on() -> String {
    "it is kept for a virtual machine (vfio-pci)".to_owned()
}

fn no_driver(driver: &str, engine: &str) -> String {
    format!("no driver runs it ({driver} is not loaded), and this build has no {engine}")
}

/// AMD cards compute through one door, which has a lock of its own.
fn amd(root: &Path, access: &dyn Fn(&Path) -> io::Result<()>) -> (String, Option<String>) {
    match access(&root.join("dev/kfd")) {
        Ok(()) => ("the AMD driver was found, but this build has no ROCm".to_owned(), None),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => (
            "no permission for /dev/kfd; and this build has no ROCm".to_owned(),
            Some("add the user to the group `render`, and log in again".to_owned()),
        ),
        Err(_) => (
            "the AMD driver draws, but /dev/kfd, by which it computes, is not there; and this \
             build has no ROCm"
                .to_owned(),
            None,
        ),
    }
}

/// What is half there: a driver's door without a card behind it.
pub fn missing(root: &Path, found: &[Accelerator]) -> Vec<String> {
    let has = |kind| found.iter().any(|one| one.kind == kind);
    let mut remarks = Vec::new();
    if root.join("dev/kfd").exists() && !has(AcceleratorKind::Amd) {
        remarks.push("/dev/kfd is there, but no AMD card is seen".to_owned());
    }
    if root.join("dev/nvidiactl").exists() && !has(AcceleratorKind::Nvidia) {
        remarks.push("/dev/nvidiactl is there, but no NVIDIA card is seen".to_owned());
    }
    remarks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_told() {
        use AcceleratorKind::{Amd, Apple, Display, Intel, Nvidia, Other};
        let check = |kind, driver: Option<&str>, door: Option<io::ErrorKind>, words: &str, help| {
            let mut one = Accelerator::new(kind);
            one.driver = driver.map(str::to_owned);
            let access = |_: &Path| door.map_or(Ok(()), |kind| Err(kind.into()));
            judge(Path::new("/none"), &mut one, &access);
            let why = one.why_not.unwrap();
            assert!(why.contains(words), "{kind:?} {driver:?}: {why}");
            assert_eq!(one.help.is_some(), help, "{kind:?} {driver:?}");
            assert!(!one.used);
        };
        check(Nvidia, Some("nvidia"), None, "no CUDA", false);
        check(Nvidia, Some("nouveau"), None, "nouveau", false);
        check(Nvidia, Some("vfio-pci"), None, "virtual machine", false);
        check(Nvidia, None, None, "not loaded", false);
        check(Amd, Some("amdgpu"), None, "no ROCm", false);
        let denied = Some(io::ErrorKind::PermissionDenied);
        check(Amd, Some("amdgpu"), denied, "no permission for /dev/kfd", true);
        check(Amd, Some("amdgpu"), Some(io::ErrorKind::NotFound), "is not there", false);
        check(Amd, Some("radeon"), None, "radeon", false);
        check(Amd, None, None, "not loaded", false);
        check(Intel, Some("i915"), None, "Intel", false);
        check(Apple, None, None, "Metal", false);
        check(Display, Some("virtio-pci"), None, "picture", false);
        check(Other, None, None, "no engine", false);
    }
}
