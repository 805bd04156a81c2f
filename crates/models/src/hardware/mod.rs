//! What the machine can do.
//!
//! Everything that is read below `/proc`, `/sys` and `/dev` is read below a
//! root, so that tests run on trees of other machines. Drivers are asked in
//! a child process ([`ProbeCommand`]): one that hangs or crashes takes nobody
//! along.

mod cgroup;
mod disk;
mod files;
mod gpu;
#[cfg(any(target_os = "macos", test))]
mod macos;
mod memory;
mod probe;
mod processor;

use std::path::{Path, PathBuf};

pub use disk::{Disk, free_disk_bytes};
pub use gpu::{Accelerator, AcceleratorKind};
pub use memory::Memory;
pub use probe::{ProbeCommand, ProbeReport};
pub use processor::{Processor, ProcessorCache};

/// What the machine can do.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Hardware {
    /// The processor, and how much of it this process may use.
    pub processor: Processor,
    /// Memory.
    pub memory: Memory,
    /// The disks that were asked about.
    pub disks: Vec<Disk>,
    /// What else could compute, each with why it does not.
    pub accelerators: Vec<Accelerator>,
    /// What could not be found out, and why.
    pub remarks: Vec<String>,
}

impl Hardware {
    /// Looks at this machine. What the system does not tell is left out.
    ///
    /// `places` are the folders whose disks matter. `probe` starts the program
    /// that asks the drivers; without one, only files are read.
    pub fn read(places: &[PathBuf], probe: Option<&ProbeCommand>) -> Self {
        Self::below(Path::new("/"), places, probe)
    }

    fn below(root: &Path, places: &[PathBuf], probe: Option<&ProbeCommand>) -> Self {
        let ProbeReport { accelerators, remarks, .. } = match probe {
            Some(command) => command.ask(root),
            None => gpu::files(root),
        };
        Self {
            processor: Processor::below(root),
            memory: Memory::below(root),
            disks: places.iter().map(|place| Disk::of(root, place)).collect(),
            accelerators,
            remarks,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    /// Files of another machine.
    pub fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let place = root.path().join(name);
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            fs::write(place, text).unwrap();
        }
        root
    }
}
