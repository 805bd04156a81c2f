//! What macOS tells through `sysctl`. Written by Apple's documentation; no
//! such machine has run it yet.

use super::files::field;
use super::gpu::{Accelerator, AcceleratorKind};
use super::processor::{Processor, ProcessorCache};

/// The names that are asked for.
const NAMES: [&str; 15] = [
    "machdep.cpu.brand_string",
    "hw.memsize",
    "hw.physicalcpu",
    "hw.logicalcpu",
    "hw.l1icachesize",
    "hw.l1dcachesize",
    "hw.l2cachesize",
    "hw.l3cachesize",
    "hw.optional.arm64",
    "hw.optional.neon",
    "hw.optional.arm.FEAT_DotProd",
    "hw.optional.arm.FEAT_I8MM",
    "hw.optional.arm.FEAT_BF16",
    "hw.optional.arm.FEAT_SME",
    "hw.optional.avx2_0",
];

/// What it answered, a line `name: value` each.
#[derive(Debug, Default)]
pub struct Told(String);

impl Told {
    /// Asks the system's own program, which reads what the kernel holds and
    /// wakes no driver.
    #[cfg(target_os = "macos")]
    pub fn ask() -> Self {
        use std::process::{Command, Stdio};
        #[allow(clippy::disallowed_methods, reason = "the system's own way to ask")]
        let mut command = Command::new("/usr/sbin/sysctl");
        command.env_clear().args(NAMES).stdin(Stdio::null()).stderr(Stdio::null());
        // It tells of names that it does not know by its exit status.
        let output = command.output().map(|output| output.stdout).unwrap_or_default();
        Self(String::from_utf8_lossy(&output).into_owned())
    }

    fn number(&self, name: &str) -> Option<u64> {
        field(&self.0, name)?.parse().ok().filter(|number| *number > 0)
    }

    /// The machine's memory.
    pub fn memory_bytes(&self) -> Option<u64> {
        self.number("hw.memsize")
    }

    /// Fills in what no file told.
    pub fn complete(&self, mut processor: Processor) -> Processor {
        processor.name = field(&self.0, NAMES[0]).map(str::to_owned).or(processor.name);
        let count = |name: &str| self.number(name).map(|number| number as usize);
        processor.physical_cores = count("hw.physicalcpu");
        processor.logical_cores = count("hw.logicalcpu");
        let caches = [
            (1, "instruction", "hw.l1icachesize"),
            (1, "data", "hw.l1dcachesize"),
            (2, "unified", "hw.l2cachesize"),
            (3, "unified", "hw.l3cachesize"),
        ];
        let cache = |(level, kind, name): (u32, &str, &str)| {
            let size_bytes = self.number(name)?;
            Some(ProcessorCache { level, kind: kind.to_owned(), size_bytes, count: 1 })
        };
        processor.caches = caches.into_iter().filter_map(cache).collect();
        processor
    }

    /// The graphics processor that is part of every chip of Apple's, with the
    /// memory that it shares.
    pub fn accelerator(&self) -> Option<Accelerator> {
        self.number("hw.optional.arm64")?;
        let mut one = Accelerator::new(AcceleratorKind::Apple);
        one.name = field(&self.0, NAMES[0]).map(str::to_owned);
        one.memory_bytes = self.memory_bytes();
        Some(one)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chip_of_apples_is_described() {
        let told = Told(
            "machdep.cpu.brand_string: Apple M2\nhw.memsize: 17179869184\nhw.physicalcpu: 8\n\
             hw.logicalcpu: 8\nhw.l1icachesize: 131072\nhw.l1dcachesize: 65536\n\
             hw.l2cachesize: 4194304\nhw.optional.arm64: 1\n"
                .to_owned(),
        );
        let processor = told.complete(Processor::default());
        assert_eq!(processor.name.as_deref(), Some("Apple M2"));
        assert_eq!((processor.physical_cores, processor.caches.len()), (Some(8), 3));
        let one = told.accelerator().unwrap();
        assert_eq!((one.memory_bytes, one.kind), (Some(16 << 30), AcceleratorKind::Apple));
        assert_eq!(Told::default().accelerator(), None);
    }
}
