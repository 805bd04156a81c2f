//! What NVIDIA's driver says in `/proc/driver/nvidia`.

use std::path::Path;

use super::{Accelerator, AcceleratorKind};
use crate::hardware::files::{field, line, names, text};

/// Names and the driver's version. Cards that no bus shows are added: a
/// container may have the driver's files and nothing else.
pub fn complete(root: &Path, found: &mut Vec<Accelerator>) {
    let folder = root.join("proc/driver/nvidia");
    let Some(version) = line(&folder.join("version")) else { return };
    let version = version_of(&version);
    for address in names(&folder.join("gpus")) {
        let told = text(&folder.join("gpus").join(&address).join("information"));
        let name = told.as_deref().and_then(|told| field(told, "Model")).map(str::to_owned);
        card(found, &address).name = name;
    }
    if !found.iter().any(|one| one.kind == AcceleratorKind::Nvidia) {
        found.push(Accelerator::new(AcceleratorKind::Nvidia));
    }
    for one in found.iter_mut().filter(|one| one.kind == AcceleratorKind::Nvidia) {
        one.driver.get_or_insert_with(|| "nvidia".to_owned());
        if one.driver.as_deref() == Some("nvidia") {
            one.driver_version.clone_from(&version);
        }
    }
}

/// The card at an address, made where nobody knew of it.
pub fn card<'f>(found: &'f mut Vec<Accelerator>, address: &str) -> &'f mut Accelerator {
    let place = found.iter().position(|one| {
        one.address.as_deref().is_some_and(|known| known.eq_ignore_ascii_case(address))
    });
    let place = place.unwrap_or_else(|| {
        let mut card = Accelerator::new(AcceleratorKind::Nvidia);
        card.address = Some(address.to_ascii_lowercase());
        found.push(card);
        found.len() - 1
    });
    &mut found[place]
}

/// `NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.14  Thu Feb …`.
fn version_of(line: &str) -> Option<String> {
    let numbers =
        |word: &&str| word.contains('.') && word.split('.').all(|part| part.parse::<u32>().is_ok());
    line.split_whitespace().find(numbers).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_both_kinds_of_drivers() {
        for (line, expect) in [
            ("NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.14  Thu Feb 22", "550.54.14"),
            (
                "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.15  Release Build",
                "570.86.15",
            ),
        ] {
            assert_eq!(version_of(line).as_deref(), Some(expect));
        }
        assert_eq!(version_of("NVRM version: ?"), None);
    }
}
