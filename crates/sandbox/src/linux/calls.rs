//! The system calls that a command may not make, as seccomp's filters.
//!
//! A list of what is refused, not of what is allowed: compilers, interpreters
//! and test suites use nearly all there is, and files are Landlock's. Refused
//! is what reaches around it (namespaces, mounts, tracing, handles, devices),
//! what outlives a command, what speaks to other programs, and what ordinary
//! programs have no use for and the kernel has had holes in.

use std::collections::BTreeMap;
use std::io;

use libc::c_long;
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition,
    SeccompFilter, SeccompRule, TargetArch, sock_filter,
};

use super::system;
use crate::error::Result;
use crate::policy::Network;

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Calls that end with `EPERM`, whatever their arguments.
const REFUSED: [c_long; 57] = [
    // Other processes.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
    libc::SYS_perf_event_open,
    // Another view of the file system.
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    OPEN_TREE_ATTR,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_open_by_handle_at,
    libc::SYS_fanotify_init,
    // Keys.
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    // The kernel and the machine.
    libc::SYS_bpf,
    libc::SYS_userfaultfd,
    libc::SYS_kexec_load,
    #[cfg(not(target_arch = "riscv64"))]
    libc::SYS_kexec_file_load,
    #[cfg(target_arch = "riscv64")]
    libc::SYS_kexec_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_quotactl,
    QUOTACTL_FD,
    libc::SYS_syslog,
    libc::SYS_vhangup,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_nfsservctl,
    LSM_SET_SELF_ATTR,
    // Memory and queues that stay when all their processes are gone.
    libc::SYS_shmget,
    libc::SYS_semget,
    libc::SYS_msgget,
    libc::SYS_mq_open,
    // Priorities of others, and memory of others.
    libc::SYS_migrate_pages,
    libc::SYS_move_pages,
    libc::SYS_set_mempolicy_home_node,
    libc::SYS_memfd_secret,
];

/// Numbers that the crate `libc` does not have for every system.
const QUOTACTL_FD: c_long = 443;
const FCHMODAT2: c_long = 452;
const LSM_SET_SELF_ATTR: c_long = 460;
const SETXATTRAT: c_long = 463;
const REMOVEXATTRAT: c_long = 466;
const OPEN_TREE_ATTR: c_long = 467;

/// Calls that this kernel is said not to have, so that programs do without.
/// `clone3` and `openat2` take their flags from memory, where a filter cannot
/// look; everybody falls back to `clone` and `openat`. What `io_uring` does is
/// seen by no filter at all.
const ABSENT: [c_long; 5] = [
    libc::SYS_clone3,
    libc::SYS_openat2,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
];

/// Extended attributes, which Landlock does not look at: said not to be
/// supported, which `cp`, `tar` and `rsync` know from many file systems.
const ATTRIBUTES: [c_long; 8] = [
    libc::SYS_setxattr,
    libc::SYS_lsetxattr,
    libc::SYS_fsetxattr,
    libc::SYS_removexattr,
    libc::SYS_lremovexattr,
    libc::SYS_fremovexattr,
    SETXATTRAT,
    REMOVEXATTRAT,
];

/// Calls that change an owner, which Landlock does not look at either: they
/// succeed and do nothing, since archives are unpacked by them everywhere.
#[cfg(target_arch = "x86_64")]
const OWNERS: [c_long; 4] =
    [libc::SYS_chown, libc::SYS_lchown, libc::SYS_fchown, libc::SYS_fchownat];
#[cfg(not(target_arch = "x86_64"))]
const OWNERS: [c_long; 2] = [libc::SYS_fchown, libc::SYS_fchownat];

/// Namespaces that `clone` would make.
const NAMESPACES: [c_long; 7] = [
    libc::CLONE_NEWNS as c_long,
    libc::CLONE_NEWCGROUP as c_long,
    libc::CLONE_NEWUTS as c_long,
    libc::CLONE_NEWIPC as c_long,
    libc::CLONE_NEWUSER as c_long,
    libc::CLONE_NEWPID as c_long,
    libc::CLONE_NEWNET as c_long,
];

/// Putting characters into a terminal's input, by name and as the console does.
const TIOCSTI: u64 = 0x5412;
const TIOCLINUX: u64 = 0x541c;

/// Where the numbers of x32 programs begin: another interface with the same
/// name, which rules by number would not see.
const X32: u32 = 0x4000_0000;

/// What of a socket's type is the type.
const SOCKET_TYPE: u64 = 0xf;

/// The processor as the filters name it; nothing for one that they do not know.
pub(crate) fn architecture() -> Option<TargetArch> {
    std::env::consts::ARCH.try_into().ok()
}

/// The filters, to be applied one after the other.
pub(crate) fn filters(network: Network, unix_sockets: bool) -> Result<Vec<BpfProgram>> {
    let failed =
        |error: BackendError| system("write the filter of system calls", io::Error::other(error));
    let errno = |number: i32| SeccompAction::Errno(number as u32);
    let plain = |calls: &[c_long]| calls.iter().map(|call| (*call, Vec::new())).collect();
    let refused = refused(network, unix_sockets).map_err(failed)?;
    let sets: [(Rules, SeccompAction); 4] = [
        (refused, errno(libc::EPERM)),
        (plain(&ABSENT), errno(libc::ENOSYS)),
        (plain(&ATTRIBUTES), errno(libc::EOPNOTSUPP)),
        (plain(&OWNERS), errno(0)),
    ];
    let architecture =
        architecture().ok_or_else(|| system("filter system calls", io::ErrorKind::Unsupported))?;
    let mut programs = vec![no_x32()];
    for (rules, action) in sets {
        let filter = SeccompFilter::new(rules, SeccompAction::Allow, action, architecture);
        programs.push(filter.and_then(TryInto::try_into).map_err(failed)?);
    }
    Ok(programs)
}

fn refused(network: Network, unix_sockets: bool) -> Result<Rules, BackendError> {
    let mut rules: Rules = REFUSED.iter().map(|call| (*call, Vec::new())).collect();
    let mut add = |call: c_long, conditions: Vec<SeccompCondition>| -> Result<(), BackendError> {
        rules.entry(call).or_default().push(SeccompRule::new(conditions)?);
        Ok(())
    };
    for flag in NAMESPACES {
        add(libc::SYS_clone, vec![has_bits(0, flag as u64)?])?;
    }
    for request in [TIOCSTI, TIOCLINUX] {
        add(libc::SYS_ioctl, vec![is(1, request)?])?;
    }

    let mut families: Vec<i32> = Vec::new();
    if network == Network::Allowed {
        families.extend([libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK]);
        add(
            libc::SYS_socket,
            vec![
                masked(1, SOCKET_TYPE, libc::SOCK_RAW as u64)?,
                // Addresses of the machine are asked for over such a one.
                is_not(0, libc::AF_NETLINK as u64)?,
            ],
        )?;
        add(
            libc::SYS_socket,
            vec![is(0, libc::AF_NETLINK as u64)?, is_not(2, libc::NETLINK_ROUTE as u64)?],
        )?;
    }
    if unix_sockets {
        families.push(libc::AF_UNIX);
    }
    // Without any family this is a rule that always holds.
    let others: Result<Vec<_>, _> =
        families.iter().map(|family| is_not(0, *family as u64)).collect();
    let others = others?;
    add(
        libc::SYS_socket,
        if others.is_empty() { vec![is_not(0, u64::from(u32::MAX))?] } else { others },
    )?;
    // A pair is connected to itself.
    add(libc::SYS_socketpair, vec![is_not(0, libc::AF_UNIX as u64)?])?;

    // Programs that run with the rights of their owner.
    for bit in [libc::S_ISUID, libc::S_ISGID].map(u64::from) {
        for (call, argument) in modes() {
            add(call, vec![has_bits(argument, bit)?])?;
        }
        for (call, flags, mode) in openings() {
            add(call, vec![has_bits(flags, libc::O_CREAT as u64)?, has_bits(mode, bit)?])?;
        }
    }

    // By this limit, which means nothing to the kernel, all processes of a
    // command are found: it stays as it was set. Those of other processes are
    // their own: one on time would end them.
    let mark = u64::from(libc::RLIMIT_LOCKS);
    let is_set = || SeccompCondition::new(2, SeccompCmpArgLen::Qword, SeccompCmpOp::Ne, 0);
    add(libc::SYS_prlimit64, vec![is(1, mark)?, is_set()?])?;
    add(libc::SYS_prlimit64, vec![is_not(0, 0)?, is_set()?])?;
    #[cfg(target_arch = "x86_64")]
    add(libc::SYS_setrlimit, vec![is(0, mark)?])?;
    Ok(rules)
}

/// Calls that set a file's mode, and which argument it is.
fn modes() -> Vec<(c_long, u8)> {
    vec![
        (libc::SYS_fchmod, 1),
        (libc::SYS_fchmodat, 2),
        (FCHMODAT2, 2),
        (libc::SYS_mknodat, 2),
        #[cfg(target_arch = "x86_64")]
        (libc::SYS_chmod, 1),
        #[cfg(target_arch = "x86_64")]
        (libc::SYS_creat, 1),
        #[cfg(target_arch = "x86_64")]
        (libc::SYS_mknod, 1),
    ]
}

/// Calls that open a file, with the arguments of their flags and of the mode of
/// a new file.
fn openings() -> Vec<(c_long, u8, u8)> {
    vec![
        (libc::SYS_openat, 2, 3),
        #[cfg(target_arch = "x86_64")]
        (libc::SYS_open, 1, 2),
    ]
}

fn is(argument: u8, value: u64) -> Result<SeccompCondition, BackendError> {
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, value)
}

fn is_not(argument: u8, value: u64) -> Result<SeccompCondition, BackendError> {
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, value)
}

fn has_bits(argument: u8, bits: u64) -> Result<SeccompCondition, BackendError> {
    masked(argument, bits, bits)
}

fn masked(argument: u8, mask: u64, value: u64) -> Result<SeccompCondition, BackendError> {
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, SeccompCmpOp::MaskedEq(mask), value)
}

/// Refuses every call of an x32 program, as a kernel without them does.
fn no_x32() -> BpfProgram {
    let load_number = sock_filter { code: 0x20, jt: 0, jf: 0, k: 0 };
    let is_at_least = sock_filter { code: 0x35, jt: 0, jf: 1, k: X32 };
    let refuse = sock_filter { code: 0x06, jt: 0, jf: 0, k: 0x0005_0000 | libc::ENOSYS as u32 };
    let allow = sock_filter { code: 0x06, jt: 0, jf: 0, k: 0x7fff_0000 };
    vec![load_number, is_at_least, refuse, allow]
}
