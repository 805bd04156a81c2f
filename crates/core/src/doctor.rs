use std::fs;
use std::path::Path;

use mlxcode_base::{ByteSize, CancelToken, Diagnostic, Progress};
use mlxcode_models::{
    Accelerator, Hardware, InstalledModel, Memory, ProbeCommand, Processor, Store, free_disk_bytes,
};

use crate::config::LoadedConfig;
use crate::dirs::Dirs;

/// Below this, a model of a useful size does not fit on the disk.
const LOW_DISK_BYTES: u64 = 4 << 30;

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Check {
    /// What was looked at, such as `memory`.
    pub name: String,
    /// Whether it is as it should be.
    pub status: CheckStatus,
    /// What was found.
    pub detail: String,
    /// What to do about it, where there is something to do.
    pub help: Option<String>,
}

/// Whether something is as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CheckStatus {
    /// It is.
    Fine,
    /// It works, with a remark.
    Remark,
    /// It does not work.
    Broken,
}

/// Looks at the machine, the models and the configuration, and says what is
/// wrong. Changes nothing. `probe` starts the program that asks the drivers.
pub fn doctor(
    dirs: &Dirs,
    root: Option<&Path>,
    probe: Option<&ProbeCommand>,
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Vec<Check> {
    let hardware = Hardware::read(&[], probe);
    let mut checks = vec![processor(&hardware.processor), memory(hardware.memory)];
    checks.extend(accelerators(&hardware));
    checks.push(disk(dirs));
    checks.extend([dirs.models(), dirs.journals()].iter().map(|folder| writable(folder)));
    checks.push(configuration(dirs, root));
    checks.extend(models(dirs, progress, cancel));
    checks
}

fn processor(processor: &Processor) -> Check {
    let name = processor.name.as_deref().unwrap_or("unknown processor");
    let features = processor.features.join(", ");
    let known = !features.is_empty();
    let mut detail = format!("{name}, {} threads", processor.usable_threads);
    let all = processor.logical_cores.unwrap_or(0);
    if all > processor.usable_threads {
        detail.push_str(&format!(" of {all}"));
    }
    if known {
        detail.push_str(&format!(", {features}"));
    }
    Check {
        name: "processor".to_owned(),
        status: if known { CheckStatus::Fine } else { CheckStatus::Remark },
        detail,
        help: (!known).then(|| "models run slowly without vector instructions".to_owned()),
    }
}

fn memory(memory: Memory) -> Check {
    let name = "memory".to_owned();
    let (Some(total), Some(free)) = (memory.total_bytes, memory.available_bytes) else {
        let detail = "this system does not tell how much there is".to_owned();
        return Check { name, status: CheckStatus::Remark, detail, help: None };
    };
    let mut detail = format!("{} free of {}", ByteSize(free.min(total)), ByteSize(total));
    if memory.group_limit_bytes.is_some() {
        detail.push_str(", the limit of its control group");
    }
    Check { name, status: CheckStatus::Fine, detail, help: None }
}

/// One line each, with why it is not used; one line where there is none.
fn accelerators(hardware: &Hardware) -> Vec<Check> {
    let line = |detail: String, help: Option<String>| Check {
        name: "accelerator".to_owned(),
        status: if help.is_some() { CheckStatus::Remark } else { CheckStatus::Fine },
        detail,
        help,
    };
    let found = hardware.accelerators.iter();
    let mut checks: Vec<Check> =
        found.map(|one| line(accelerator(one), one.help.clone())).collect();
    if checks.is_empty() {
        checks.push(line("none found; models run on the processor".to_owned(), None));
    }
    checks.extend(
        hardware
            .remarks
            .iter()
            .map(|remark| Check { status: CheckStatus::Remark, ..line(remark.clone(), None) }),
    );
    checks
}

fn accelerator(one: &Accelerator) -> String {
    let mut detail = one.title();
    if let Some(bytes) = one.memory_bytes {
        detail.push_str(&format!(", {}", ByteSize(bytes)));
    }
    match &one.why_not {
        Some(why) => format!("{detail}: {why}; models run on the processor"),
        None => detail,
    }
}

fn disk(dirs: &Dirs) -> Check {
    let name = "disk".to_owned();
    let Some(free) = free_disk_bytes(&dirs.data) else {
        let detail = "this system does not tell how much is free".to_owned();
        return Check { name, status: CheckStatus::Remark, detail, help: None };
    };
    let low = free < LOW_DISK_BYTES;
    Check {
        name,
        status: if low { CheckStatus::Remark } else { CheckStatus::Fine },
        detail: format!("{} free at {}", ByteSize(free), dirs.data.display()),
        help: low.then(|| "free some space before adding a model".to_owned()),
    }
}

/// A folder that exists must be writable; one that is missing is made later.
fn writable(folder: &Path) -> Check {
    let existing = folder.ancestors().find(|folder| folder.exists());
    let readonly = existing
        .and_then(|folder| fs::metadata(folder).ok())
        .is_none_or(|meta| meta.permissions().readonly() || !meta.is_dir());
    Check {
        name: "folder".to_owned(),
        status: if readonly { CheckStatus::Broken } else { CheckStatus::Fine },
        detail: format!("{}{}", folder.display(), if readonly { " cannot be written" } else { "" }),
        help: readonly.then(|| "make it writable, or set MLX_CODE_HOME to another".to_owned()),
    }
}

fn configuration(dirs: &Dirs, root: Option<&Path>) -> Check {
    let name = "configuration".to_owned();
    match LoadedConfig::read(dirs, root) {
        Ok(loaded) => {
            let files: Vec<String> =
                loaded.files.iter().map(|file| file.display().to_string()).collect();
            let none = format!("no file; the user's would be {}", dirs.config_file().display());
            let detail = if files.is_empty() { none } else { files.join(", ") };
            Check { name, status: CheckStatus::Fine, detail, help: None }
        }
        Err(error) => broken(name, &error),
    }
}

fn models(dirs: &Dirs, progress: &dyn Progress, cancel: &CancelToken) -> Vec<Check> {
    let listed = Store::open(&dirs.models()).and_then(|store| Ok((store.contents()?, store)));
    let listed = listed.map(|(found, store)| (found.models, found.broken, store));
    match listed {
        Err(error) => vec![broken("models".to_owned(), &error)],
        Ok((models, unreadable, _)) if models.is_empty() && unreadable.is_empty() => vec![Check {
            name: "models".to_owned(),
            status: CheckStatus::Remark,
            detail: "none is installed; `ask` shows passages in place of an answer".to_owned(),
            help: Some(crate::library::HOW_TO_GET_A_MODEL.to_owned()),
        }],
        Ok((models, unreadable, store)) => {
            let sound = models.iter().map(|model| {
                let name = format!("model {}", model.name);
                match store.get_with(&model.name, progress, cancel) {
                    Ok(installed) => fine_model(name, &installed),
                    Err(error) => broken(name, &error),
                }
            });
            let unreadable =
                unreadable.iter().map(|one| broken(format!("model {}", one.name), &one.error));
            sound.chain(unreadable).collect()
        }
    }
}

fn fine_model(name: String, model: &InstalledModel) -> Check {
    let config = model.config();
    Check {
        name,
        status: CheckStatus::Fine,
        detail: format!(
            "{} {}, {}, context of {} tokens",
            config.architecture,
            model.weights(),
            ByteSize(model.size_bytes()),
            config.context_length
        ),
        help: None,
    }
}

fn broken(name: String, error: &impl Diagnostic) -> Check {
    Check { name, status: CheckStatus::Broken, detail: error.to_string(), help: error.help() }
}
