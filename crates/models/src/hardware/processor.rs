use std::collections::BTreeSet;
use std::path::Path;

use super::cgroup;
use super::files::{count, field, line, names, number, text};

/// The processor, and how much of it this process may use.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Processor {
    /// Its name, where the system tells.
    pub name: Option<String>,
    /// Instructions that matter for inference, such as `avx2` or `dotprod`.
    pub features: Vec<String>,
    /// Cores, without the second threads of a core.
    pub physical_cores: Option<usize>,
    /// What the system runs threads on.
    pub logical_cores: Option<usize>,
    /// Those of them that this process may run on.
    pub allowed_cores: Option<usize>,
    /// The time that the process's control group gets, in cores: 1.5.
    pub group_cores: Option<f64>,
    /// Threads that are worth starting.
    pub usable_threads: usize,
    /// The caches, the nearest first.
    pub caches: Vec<ProcessorCache>,
    /// Parts of the memory that are nearer to some cores than to others.
    pub numa_nodes: Option<usize>,
}

/// Caches of one kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct ProcessorCache {
    /// 1 for the nearest.
    pub level: u32,
    /// `data`, `instruction` or `unified`.
    pub kind: String,
    /// Bytes of one of them.
    pub size_bytes: u64,
    /// How many there are.
    pub count: usize,
}

impl Processor {
    /// What Linux tells below a root, which is `/` but in tests; elsewhere what
    /// the standard library does.
    pub(super) fn below(root: &Path) -> Self {
        let info = text(&root.join("proc/cpuinfo")).unwrap_or_default();
        let cpus = root.join("sys/devices/system/cpu");
        let online = line(&cpus.join("online")).and_then(|list| count(&list));
        let listed = info.lines().filter(|line| line.starts_with("processor")).count();
        let logical_cores = online.or((listed > 0).then_some(listed));
        let status = text(&root.join("proc/self/status")).unwrap_or_default();
        let allowed_cores = field(&status, "Cpus_allowed_list").and_then(count);
        let group_cores = cgroup::cores(root);
        let told = allowed_cores.or(logical_cores);
        let own = || std::thread::available_parallelism().map_or(1, usize::from);
        // A part of a core gives no thread of its own.
        let group = group_cores.map_or(usize::MAX, |cores| cores as usize);
        let found = Self {
            name: name(&info),
            features: features(&info),
            physical_cores: physical(&cpus),
            logical_cores,
            allowed_cores,
            group_cores,
            usable_threads: told.map_or_else(own, |cores| cores.min(group)).max(1),
            caches: caches(&cpus),
            numa_nodes: line(&root.join("sys/devices/system/node/online"))
                .and_then(|list| count(&list)),
        };
        #[cfg(target_os = "macos")]
        let found = super::macos::Told::ask().complete(found);
        found
    }
}

fn name(info: &str) -> Option<String> {
    // Boards with ARM processors often name the board only.
    let name = ["model name", "Model", "Hardware"].into_iter().find_map(|key| field_of(info, key));
    name.filter(|name| !name.is_empty()).map(str::to_owned)
}

/// Keys of this file have blanks in them.
fn field_of<'t>(info: &'t str, name: &str) -> Option<&'t str> {
    info.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim())
    })
}

/// The kernel's names of instructions that matter, and ours. They stand there
/// only where the system saves their registers too.
const FEATURES: [(&str, &str); 18] = [
    ("sse4_1", "sse4.1"),
    ("avx", "avx"),
    ("avx2", "avx2"),
    ("fma", "fma"),
    ("f16c", "f16c"),
    ("avx_vnni", "avxvnni"),
    ("avx512f", "avx512f"),
    ("avx512bw", "avx512bw"),
    ("avx512_vnni", "avx512vnni"),
    ("avx512_bf16", "avx512bf16"),
    ("amx_tile", "amx-tile"),
    ("amx_int8", "amx-int8"),
    ("amx_bf16", "amx-bf16"),
    ("asimd", "neon"),
    ("asimddp", "dotprod"),
    ("i8mm", "i8mm"),
    ("bf16", "bf16"),
    ("sve", "sve"),
];

fn features(info: &str) -> Vec<String> {
    let told = field_of(info, "flags").or_else(|| field_of(info, "Features"));
    let Some(told) = told else { return detected() };
    let told: BTreeSet<&str> = told.split_whitespace().collect();
    let has = FEATURES.into_iter().filter(|(kernel, _)| told.contains(kernel));
    has.map(|(_, ours)| ours.to_owned()).collect()
}

/// Where no file tells: what the program was built to find out.
#[cfg(target_arch = "x86_64")]
fn detected() -> Vec<String> {
    let mut found = Vec::new();
    macro_rules! probe {
        ($($name:tt),*) => {
            $(if is_x86_feature_detected!($name) { found.push($name.to_owned()); })*
        };
    }
    probe!("sse4.1", "avx", "avx2", "fma", "f16c", "avxvnni", "avx512f", "avx512bw", "avx512vnni");
    probe!("avx512bf16");
    found
}

#[cfg(target_arch = "aarch64")]
fn detected() -> Vec<String> {
    let mut found = Vec::new();
    macro_rules! probe {
        ($($name:tt),*) => {
            $(if std::arch::is_aarch64_feature_detected!($name) { found.push($name.to_owned()); })*
        };
    }
    probe!("neon", "dotprod", "i8mm", "bf16", "sve");
    found
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn detected() -> Vec<String> {
    Vec::new()
}

fn cpu_folders(cpus: &Path) -> Vec<std::path::PathBuf> {
    let numbered = |name: &String| {
        name.strip_prefix("cpu").is_some_and(|number| {
            !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
        })
    };
    names(cpus).into_iter().filter(numbered).map(|name| cpus.join(name)).collect()
}

/// The pairs of socket and core.
fn physical(cpus: &Path) -> Option<usize> {
    let core = |folder: std::path::PathBuf| {
        let of = |name: &str| number(&folder.join("topology").join(name));
        Some((of("physical_package_id").unwrap_or(0), of("core_id")?))
    };
    let cores: BTreeSet<_> = cpu_folders(cpus).into_iter().filter_map(core).collect();
    (!cores.is_empty()).then_some(cores.len())
}

/// Caches that several cores share are one.
fn caches(cpus: &Path) -> Vec<ProcessorCache> {
    let mut known = BTreeSet::new();
    let mut caches: Vec<ProcessorCache> = Vec::new();
    for folder in cpu_folders(cpus).iter().map(|folder| folder.join("cache")) {
        for index in names(&folder).into_iter().filter(|name| name.starts_with("index")) {
            let of = |name: &str| line(&folder.join(&index).join(name));
            let (Some(level), Some(kind)) = (of("level"), of("type")) else { continue };
            let (Ok(level), kind) = (level.parse(), kind.to_lowercase()) else { continue };
            let Some(size_bytes) = of("size").and_then(|size| bytes(&size)) else { continue };
            let shared = of("shared_cpu_list").unwrap_or_else(|| folder.display().to_string());
            if !known.insert((level, kind.clone(), shared)) {
                continue;
            }
            let alike = |cache: &&mut ProcessorCache| {
                (cache.level, cache.size_bytes, &cache.kind) == (level, size_bytes, &kind)
            };
            match caches.iter_mut().find(alike) {
                Some(cache) => cache.count += 1,
                None => caches.push(ProcessorCache { level, kind, size_bytes, count: 1 }),
            }
        }
    }
    caches.sort();
    caches
}

/// `32K`, `1024K`, `2M`.
fn bytes(size: &str) -> Option<u64> {
    let (number, shift) = match size.trim().split_at_checked(size.trim().len().checked_sub(1)?)? {
        (number, "K") => (number, 10),
        (number, "M") => (number, 20),
        (number, "G") => (number, 30),
        _ => (size.trim(), 0),
    };
    number.parse::<u64>().ok()?.checked_mul(1 << shift)
}

#[cfg(test)]
mod tests {
    use super::super::tests::tree;
    use super::*;

    #[test]
    fn the_processor_of_a_laptop() {
        let core = |number: usize| {
            let at = |name: &str| format!("sys/devices/system/cpu/cpu{number}/{name}");
            vec![
                (at("topology/physical_package_id"), "0\n".to_owned()),
                (at("topology/core_id"), format!("{}\n", number / 2)),
                (at("cache/index0/level"), "1\n".to_owned()),
                (at("cache/index0/type"), "Data\n".to_owned()),
                (at("cache/index0/size"), "48K\n".to_owned()),
                (at("cache/index0/shared_cpu_list"), format!("{}\n", number / 2)),
                (at("cache/index3/level"), "3\n".to_owned()),
                (at("cache/index3/type"), "Unified\n".to_owned()),
                (at("cache/index3/size"), "12288K\n".to_owned()),
                (at("cache/index3/shared_cpu_list"), "0-3\n".to_owned()),
            ]
        };
        let mut files: Vec<(String, String)> = (0..4).flat_map(core).collect();
        let info = "processor\t: 0\nmodel name\t: Intel(R) Core(TM) i7\n\
                    flags\t\t: fpu avx avx2 fma f16c avx_vnni\n\nprocessor\t: 1\n";
        for (name, text) in [
            ("proc/cpuinfo", info),
            ("sys/devices/system/cpu/online", "0-3\n"),
            ("sys/devices/system/cpu/cpufreq/boost", "1\n"),
            ("sys/devices/system/node/online", "0\n"),
            ("proc/self/status", "Name:\tx\nCpus_allowed_list:\t0-2\n"),
        ] {
            files.push((name.to_owned(), text.to_owned()));
        }
        let files: Vec<_> = files.iter().map(|(name, text)| (&**name, &**text)).collect();
        let found = Processor::below(tree(&files).path());
        assert_eq!(found.name.as_deref(), Some("Intel(R) Core(TM) i7"));
        assert_eq!(found.features, ["avx", "avx2", "fma", "f16c", "avxvnni"]);
        assert_eq!((found.physical_cores, found.logical_cores), (Some(2), Some(4)));
        assert_eq!((found.allowed_cores, found.usable_threads), (Some(3), 3));
        assert_eq!(found.numa_nodes, Some(1));
        let caches: Vec<_> = found
            .caches
            .iter()
            .map(|c| (c.level, c.kind.as_str(), c.size_bytes, c.count))
            .collect();
        assert_eq!(caches, [(1, "data", 48 << 10, 2), (3, "unified", 12 << 20, 1)]);
    }

    #[test]
    fn threads_are_the_least_of_mask_and_group() {
        let check = |files: &[(&str, &str)], expect: usize| {
            assert_eq!(Processor::below(tree(files).path()).usable_threads, expect, "{files:?}");
        };
        let online = ("sys/devices/system/cpu/online", "0-7\n");
        check(&[online], 8);
        let mask = ("proc/self/status", "Cpus_allowed_list:\t0,4\n");
        check(&[online, mask], 2);
        let limit = |max| ("sys/fs/cgroup/cpu.max", max);
        check(&[online, limit("350000 100000")], 3);
        check(&[online, mask, limit("350000 100000")], 2);
        check(&[online, limit("10000 100000")], 1);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_machine_has_what_the_standard_library_says() {
        let found = Processor::below(Path::new("/"));
        let known = std::thread::available_parallelism().unwrap().get();
        assert_eq!(found.usable_threads, known, "{found:?}");
        let expect = detected();
        assert!(expect.iter().all(|feature| found.features.contains(feature)), "{found:?}");
    }

    #[test]
    fn arm_has_names_of_its_own() {
        let info = "processor\t: 0\nFeatures\t: fp asimd asimddp i8mm bf16 sve\n";
        let found = Processor::below(tree(&[("proc/cpuinfo", info)]).path());
        assert_eq!(found.features, ["neon", "dotprod", "i8mm", "bf16", "sve"]);
        assert_eq!(found.logical_cores, Some(1));
    }
}
