use super::super::tests::tree;
use super::*;

/// What is said of each accelerator of a machine, and the remarks.
fn told(files: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
    let report = look(tree(files).path(), Depth::Files);
    let line = |one: &Accelerator| {
        let text = |word: &Option<String>| word.clone().unwrap_or_else(|| "?".to_owned());
        format!(
            "{} {} {} {} {} {:?} {:?} {}",
            one.kind.as_str(),
            text(&one.name),
            text(&one.address),
            text(&one.device_id),
            text(&one.driver),
            one.memory_bytes,
            one.memory_used_bytes,
            text(&one.compute)
        )
    };
    (report.accelerators.iter().map(line).collect(), report.remarks)
}

#[test]
fn a_laptop_with_intel_graphics_only() {
    let (found, remarks) = told(&[
        ("sys/bus/pci/devices/0000:00:02.0/class", "0x030000\n"),
        ("sys/bus/pci/devices/0000:00:02.0/vendor", "0x8086\n"),
        ("sys/bus/pci/devices/0000:00:02.0/device", "0x9a49\n"),
        ("sys/bus/pci/devices/0000:00:02.0/uevent", "DRIVER=i915\nPCI_CLASS=30000\n"),
        ("sys/bus/pci/devices/0000:00:1f.3/class", "0x040100\n"),
        ("sys/class/drm/card0/device/uevent", "DRIVER=i915\nPCI_SLOT_NAME=0000:00:02.0\n"),
        ("sys/class/drm/card0/device/vendor", "0x8086\n"),
        ("sys/class/drm/card0-eDP-1/status", "connected\n"),
        ("sys/class/drm/renderD128/device/vendor", "0x8086\n"),
        ("sys/class/drm/version", "drm 1.1.0\n"),
    ]);
    assert_eq!(found, ["Intel ? 0000:00:02.0 8086:9a49 i915 None None ?"]);
    assert_eq!(remarks, [""; 0]);
}

#[test]
fn an_amd_card_with_its_compute_driver() {
    let properties = "cpu_cores_count 0\nsimd_count 192\ngfx_target_version 110000\n\
                      vendor_id 4098\nlocation_id 768\ndomain 0\n";
    let (found, remarks) = told(&[
        ("sys/class/drm/card1/device/vendor", "0x1002\n"),
        ("sys/class/drm/card1/device/device", "0x744c\n"),
        ("sys/class/drm/card1/device/uevent", "DRIVER=amdgpu\nPCI_SLOT_NAME=0000:03:00.0\n"),
        ("sys/class/drm/card1/device/mem_info_vram_total", "25753026560\n"),
        ("sys/class/drm/card1/device/mem_info_vram_used", "1073741824\n"),
        ("sys/class/kfd/kfd/topology/nodes/0/properties", "cpu_cores_count 16\nsimd_count 0\n"),
        ("sys/class/kfd/kfd/topology/nodes/1/properties", properties),
        ("sys/class/kfd/kfd/topology/nodes/1/name", "navi31\n"),
        ("dev/kfd", ""),
    ]);
    let expect =
        "AMD navi31 0000:03:00.0 1002:744c amdgpu Some(25753026560) Some(1073741824) gfx1100";
    assert_eq!(found, [expect]);
    assert_eq!(remarks, [""; 0]);
}

#[test]
fn nvidia_cards_without_their_library() {
    let (found, _) = told(&[
        (
            "proc/driver/nvidia/version",
            "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.14  Thu\n",
        ),
        (
            "proc/driver/nvidia/gpus/0000:01:00.0/information",
            "Model: \t\t NVIDIA H100 80GB HBM3\nIRQ:   \t\t 146\nBus Location: \t 0000:01:00.0\n",
        ),
        ("sys/bus/pci/devices/0000:01:00.0/class", "0x030200\n"),
        ("sys/bus/pci/devices/0000:01:00.0/vendor", "0x10de\n"),
        ("sys/bus/pci/devices/0000:01:00.0/device", "0x2330\n"),
        ("sys/bus/pci/devices/0000:01:00.0/uevent", "DRIVER=nvidia\n"),
    ]);
    assert_eq!(found, ["NVIDIA NVIDIA H100 80GB HBM3 0000:01:00.0 10de:2330 nvidia None None ?"]);

    // A container that shows the driver's version and no bus.
    let version = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.15  Release\n";
    let report = look(tree(&[("proc/driver/nvidia/version", version)]).path(), Depth::Files);
    let [card] = &*report.accelerators else { panic!("{report:?}") };
    assert_eq!(card.driver_version.as_deref(), Some("570.86.15"));
    assert!(card.why_not.as_ref().unwrap().contains("no CUDA"), "{card:?}");
    let files = files(tree(&[("proc/driver/nvidia/version", version)]).path());
    assert!(files.remarks[0].contains("was not asked"), "{files:?}");
}

#[test]
fn a_card_that_no_driver_runs_is_seen() {
    let (found, _) = told(&[
        ("sys/bus/pci/devices/0000:c1:00.0/class", "0x120000\n"),
        ("sys/bus/pci/devices/0000:c1:00.0/vendor", "0x1002\n"),
        ("sys/bus/pci/devices/0000:c1:00.0/device", "0x74a1\n"),
        ("sys/bus/pci/devices/0000:c1:00.0/uevent", "PCI_CLASS=120000\n"),
    ]);
    assert_eq!(found, ["AMD ? 0000:c1:00.0 1002:74a1 ? None None ?"]);
}

#[test]
fn a_virtual_machine_and_a_container_have_nothing() {
    assert_eq!(told(&[]), (vec![], vec![]));
    let (found, remarks) = told(&[
        ("sys/bus/pci/devices/0000:00:01.0/class", "0x030000\n"),
        ("sys/bus/pci/devices/0000:00:01.0/vendor", "0x1af4\n"),
        ("sys/bus/pci/devices/0000:00:01.0/device", "0x1050\n"),
        ("sys/bus/pci/devices/0000:00:01.0/uevent", "DRIVER=virtio-pci\n"),
        ("dev/nvidiactl", ""),
    ]);
    assert_eq!(found, ["display ? 0000:00:01.0 1af4:1050 virtio-pci None None ?"]);
    assert_eq!(remarks, ["/dev/nvidiactl is there, but no NVIDIA card is seen"]);
}

#[test]
fn damaged_files_are_no_reason_to_stop() {
    let (found, _) = told(&[
        ("sys/bus/pci/devices/0000:00:01.0/class", "0x03\u{fffd}"),
        ("sys/bus/pci/devices/0000:00:02.0/class", "0x030000"),
        ("sys/bus/pci/devices/0000:00:02.0/vendor", "\n"),
        ("sys/bus/pci/devices/0000:00:02.0/uevent", "DRIVER"),
        ("sys/class/kfd/kfd/topology/nodes/x/properties", "simd_count 18446744073709551616"),
        ("proc/driver/nvidia/version", "\n"),
    ]);
    assert_eq!(found, ["other ? 0000:00:02.0 ? ? None None ?"]);
}
