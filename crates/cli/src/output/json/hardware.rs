//! What `hardware` prints.

use mlxcode_core::{Accelerator, Disk, Hardware, ProcessorCache};
use schemars::JsonSchema;
use serde::Serialize;

/// `hardware --json`. What the system does not tell is null.
#[derive(Serialize, JsonSchema)]
pub struct HardwareOutput {
    /// The processor.
    pub processor: ProcessorOutput,
    /// Memory.
    pub memory: MemoryOutput,
    /// The disks of the models and of the journals.
    pub disks: Vec<DiskOutput>,
    /// What else could compute.
    pub accelerators: Vec<AcceleratorOutput>,
    /// What could not be found out, and why.
    pub remarks: Vec<String>,
}

/// The processor, and how much of it this process may use.
#[derive(Serialize, JsonSchema)]
pub struct ProcessorOutput {
    /// Its name.
    pub name: Option<String>,
    /// Instructions that matter for inference, such as `avx2`.
    pub features: Vec<String>,
    /// Cores, without the second threads of a core.
    pub physical_cores: Option<usize>,
    /// What the system runs threads on.
    pub logical_cores: Option<usize>,
    /// Those of them that this process may run on.
    pub allowed_cores: Option<usize>,
    /// The time that the process's control group gets, in cores.
    pub group_cores: Option<f64>,
    /// Threads that are worth starting.
    pub usable_threads: usize,
    /// The caches, the nearest first.
    pub caches: Vec<CacheOutput>,
    /// Parts of the memory that are nearer to some cores than to others.
    pub numa_nodes: Option<usize>,
}

/// Caches of one kind.
#[derive(Serialize, JsonSchema)]
pub struct CacheOutput {
    /// 1 for the nearest.
    pub level: u32,
    /// `data`, `instruction` or `unified`.
    pub kind: String,
    /// Bytes of one of them.
    pub size_bytes: u64,
    /// How many there are.
    pub count: usize,
}

/// Memory.
#[derive(Serialize, JsonSchema)]
#[allow(clippy::struct_field_names, reason = "units stand at the end")]
pub struct MemoryOutput {
    /// That of the machine, or the limit of this process's group.
    pub total_bytes: Option<u64>,
    /// What is free to use.
    pub available_bytes: Option<u64>,
    /// The limit of a control group.
    pub group_limit_bytes: Option<u64>,
}

/// The disk that a folder lies on.
#[derive(Serialize, JsonSchema)]
pub struct DiskOutput {
    /// The folder.
    pub place: String,
    /// What is mounted there.
    pub device: Option<String>,
    /// The file system, such as `ext4`.
    pub file_system: Option<String>,
    /// All bytes of it.
    pub total_bytes: Option<u64>,
    /// Those that this user may still write.
    pub free_bytes: Option<u64>,
    /// Whether it turns, as the system says.
    pub rotational: Option<bool>,
}

/// A graphics card, or a card that only computes.
#[derive(Serialize, JsonSchema)]
pub struct AcceleratorOutput {
    /// `NVIDIA`, `AMD`, `Intel`, `Apple`, `display` or `other`.
    pub kind: String,
    /// Its name.
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
    /// What the maker calls its instructions.
    pub compute: Option<String>,
    /// Whether models run on it.
    pub used: bool,
    /// Why they do not.
    pub why_not: Option<String>,
    /// What could be done about it.
    pub help: Option<String>,
}

impl HardwareOutput {
    /// Describes what was found.
    pub fn new(found: &Hardware) -> Self {
        let processor = &found.processor;
        Self {
            processor: ProcessorOutput {
                name: processor.name.clone(),
                features: processor.features.clone(),
                physical_cores: processor.physical_cores,
                logical_cores: processor.logical_cores,
                allowed_cores: processor.allowed_cores,
                group_cores: processor.group_cores,
                usable_threads: processor.usable_threads,
                caches: processor.caches.iter().map(cache).collect(),
                numa_nodes: processor.numa_nodes,
            },
            memory: MemoryOutput {
                total_bytes: found.memory.total_bytes,
                available_bytes: found.memory.available_bytes,
                group_limit_bytes: found.memory.group_limit_bytes,
            },
            disks: found.disks.iter().map(disk).collect(),
            accelerators: found.accelerators.iter().map(accelerator).collect(),
            remarks: found.remarks.clone(),
        }
    }
}

fn cache(cache: &ProcessorCache) -> CacheOutput {
    CacheOutput {
        level: cache.level,
        kind: cache.kind.clone(),
        size_bytes: cache.size_bytes,
        count: cache.count,
    }
}

fn disk(disk: &Disk) -> DiskOutput {
    DiskOutput {
        place: disk.place.display().to_string(),
        device: disk.device.clone(),
        file_system: disk.file_system.clone(),
        total_bytes: disk.total_bytes,
        free_bytes: disk.free_bytes,
        rotational: disk.rotational,
    }
}

fn accelerator(one: &Accelerator) -> AcceleratorOutput {
    AcceleratorOutput {
        kind: one.kind.as_str().to_owned(),
        name: one.name.clone(),
        address: one.address.clone(),
        device_id: one.device_id.clone(),
        driver: one.driver.clone(),
        driver_version: one.driver_version.clone(),
        memory_bytes: one.memory_bytes,
        memory_used_bytes: one.memory_used_bytes,
        compute: one.compute.clone(),
        used: one.used,
        why_not: one.why_not.clone(),
        help: one.help.clone(),
    }
}
