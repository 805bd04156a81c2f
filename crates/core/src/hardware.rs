use std::path::PathBuf;

use mlxcode_models::{Hardware, ProbeCommand};

use crate::dirs::Dirs;

/// What the machine can do, with the disks that models lie on.
///
/// `probe` starts the program that asks the drivers, with a limit on its time:
/// usually the caller itself, with a verb that prints
/// [`ProbeReport::here`](mlxcode_models::ProbeReport::here). Without one, no
/// library of a driver is opened, and only files are read.
pub fn hardware(dirs: &Dirs, probe: Option<&ProbeCommand>) -> Hardware {
    let mut places: Vec<PathBuf> = vec![dirs.models()];
    if !dirs.state.starts_with(&dirs.data) {
        places.push(dirs.state.clone());
    }
    Hardware::read(&places, probe)
}
