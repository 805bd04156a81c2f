//! `mlx-code hardware`: what the machine has.

use mlxcode_core::{Accelerator, ByteSize, Disk, Hardware, Processor, hardware};

use crate::command::{Common, dirs};
use crate::exit::{Outcome, written};
use crate::exit_code::SUCCESS;
use crate::host::Host;
use crate::output::json::{self, HardwareOutput};
use crate::output::{Style, count};

/// Runs the verb.
pub fn run(common: &Common, host: &mut Host<'_>) -> Outcome {
    let found = hardware(&dirs(host)?, host.probe.as_ref());
    if common.json {
        json::write(host, &HardwareOutput::new(&found))?;
        return Ok(SUCCESS);
    }
    let style = Style::for_output(host);
    for (name, value) in rows(&found) {
        written(writeln!(host.output, "{}{}", style.strong(format!("{name:<13}")), value))?;
    }
    Ok(SUCCESS)
}

fn rows(found: &Hardware) -> Vec<(&'static str, String)> {
    let Processor { caches, numa_nodes, .. } = &found.processor;
    let mut rows = vec![
        ("processor", found.processor.name.clone().unwrap_or_else(|| "unknown".to_owned())),
        ("instructions", found.processor.features.join(" ")),
        ("cores", cores(&found.processor)),
    ];
    let cache = |level: &mlxcode_core::ProcessorCache| {
        let kind = if level.kind == "unified" { "" } else { &level.kind };
        format!("L{} {kind} {} × {}", level.level, level.count, ByteSize(level.size_bytes))
            .replace("  ", " ")
    };
    rows.push(("caches", caches.iter().map(cache).collect::<Vec<_>>().join(", ")));
    rows.push(("NUMA nodes", numa_nodes.map_or_else(String::new, |nodes| nodes.to_string())));
    rows.push(("memory", memory(found)));
    rows.extend(found.disks.iter().map(|one| ("disk", disk(one))));
    if found.accelerators.is_empty() {
        rows.push(("accelerator", "none found; models run on the processor".to_owned()));
    }
    for one in &found.accelerators {
        rows.push(("accelerator", accelerator(one)));
        rows.push(("", one.why_not.clone().unwrap_or_default()));
        rows.push(("", one.help.clone().unwrap_or_default()));
    }
    rows.extend(found.remarks.iter().map(|remark| ("note", remark.clone())));
    rows.retain(|(_, value)| !value.is_empty());
    rows
}

fn cores(processor: &Processor) -> String {
    let mut parts = Vec::new();
    let known = [(processor.physical_cores, "physical"), (processor.logical_cores, "logical")];
    parts.extend(known.iter().filter_map(|(number, kind)| Some(format!("{} {kind}", (*number)?))));
    if let Some(allowed) = processor.allowed_cores.filter(|n| Some(*n) != processor.logical_cores) {
        parts.push(format!("{allowed} that this process may run on"));
    }
    if let Some(cores) = processor.group_cores {
        parts.push(format!("{cores:.2} by the limit of its control group"));
    }
    parts.push(format!("{} used", count(processor.usable_threads, "thread")));
    parts.join(", ")
}

fn memory(found: &Hardware) -> String {
    let memory = found.memory;
    let (Some(total), Some(free)) = (memory.total_bytes, memory.available_bytes) else {
        let known = memory.total_bytes.map(|total| ByteSize(total).to_string());
        return known.unwrap_or_else(|| "this system does not tell".to_owned());
    };
    let limit = if memory.group_limit_bytes.is_some() { " (a control group's limit)" } else { "" };
    format!("{} free of {}{limit}", ByteSize(free.min(total)), ByteSize(total))
}

fn disk(disk: &Disk) -> String {
    let mut text = disk.place.display().to_string();
    if let (Some(free), Some(total)) = (disk.free_bytes, disk.total_bytes) {
        text.push_str(&format!(": {} free of {}", ByteSize(free), ByteSize(total)));
    }
    let kind = disk.rotational.map(|turns| if turns { "rotational" } else { "solid state" });
    let about = [disk.device.as_deref(), disk.file_system.as_deref(), kind];
    let about: Vec<&str> = about.into_iter().flatten().collect();
    if !about.is_empty() {
        text.push_str(&format!(" ({})", about.join(", ")));
    }
    text
}

fn accelerator(one: &Accelerator) -> String {
    let mut parts = vec![one.title()];
    if let Some(bytes) = one.memory_bytes {
        let used = one.memory_used_bytes.map(|used| format!(", {} used", ByteSize(used)));
        parts.push(format!("{}{}", ByteSize(bytes), used.unwrap_or_default()));
    }
    parts.extend(one.compute.clone());
    let version = |driver: &String| match &one.driver_version {
        Some(version) => format!("driver {driver} {version}"),
        None => format!("driver {driver}"),
    };
    parts.extend(one.driver.as_ref().map(version));
    parts.extend(one.address.clone());
    parts.join(", ")
}
