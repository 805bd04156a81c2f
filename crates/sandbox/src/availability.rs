use serde::Serialize;

/// What a sandbox guards on this machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Availability {
    /// The version of Landlock that the kernel offers; nothing without.
    pub landlock_abi: Option<u32>,
    /// Whether system calls can be filtered.
    pub seccomp: bool,
    /// Whether `sandbox-exec` is there, on macOS.
    pub sandbox_exec: bool,
    /// What is not guarded.
    pub gaps: Vec<Gap>,
}

/// Something that a sandbox cannot guard on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Gap {
    /// Files outside of the root can be changed.
    Writes,
    /// Files outside of the root can be emptied.
    Truncation,
    /// Files with secrets can be read.
    Secrets,
    /// The network can be reached.
    Network,
    /// Dangerous system calls, such as tracing other processes, go through.
    SystemCalls,
    /// Other processes of the same user can be signalled.
    Signals,
    /// A process that leaves its group can outlive the command.
    Survivors,
}

impl Gap {
    /// What is not guarded, as a clause.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Writes => "files outside of the folder can be changed",
            Self::Truncation => "files outside of the folder can be emptied",
            Self::Secrets => "files with secrets can be read",
            Self::Network => "the network can be reached",
            Self::SystemCalls => "dangerous system calls go through",
            Self::Signals => "other processes of the same user can be signalled",
            Self::Survivors => "a process that leaves its group can outlive the command",
        }
    }

    /// Whether a command may run with this gap without anybody being asked.
    fn is_minor(self) -> bool {
        matches!(self, Self::Signals | Self::Survivors)
    }
}

impl Availability {
    /// What this machine offers. Costs a thread, and nothing is restricted.
    pub(crate) fn here() -> Self {
        #[cfg(target_os = "linux")]
        return Self::on_linux(crate::linux::landlock_abi(), crate::linux::has_seccomp());
        #[cfg(target_os = "macos")]
        return Self::on_macos(std::path::Path::new(crate::profile::PROGRAM).exists());
        #[cfg(not(any(target_os = "linux", target_os = "macos")))]
        return Self::on_linux(None, false);
    }

    /// Whether a command can be run without asking anybody: it cannot write
    /// outside, read secrets or reach the network.
    pub fn is_enough(&self) -> bool {
        self.gaps.iter().all(|gap| gap.is_minor())
    }

    #[cfg_attr(target_os = "macos", allow(dead_code, reason = "the other system's"))]
    fn on_linux(landlock_abi: Option<u32>, seccomp: bool) -> Self {
        let abi = landlock_abi.unwrap_or(0);
        let gaps = [
            (Gap::Writes, abi < 1),
            // Landlock 1 and 2 let `truncate` through.
            (Gap::Truncation, (1..3).contains(&abi)),
            (Gap::Secrets, abi < 1),
            (Gap::Network, !seccomp),
            (Gap::SystemCalls, !seccomp),
            (Gap::Signals, abi < 6),
            (Gap::Survivors, !seccomp),
        ];
        let gaps = gaps.into_iter().filter_map(|(gap, is_open)| is_open.then_some(gap)).collect();
        Self { landlock_abi, seccomp, sandbox_exec: false, gaps }
    }

    #[cfg_attr(not(target_os = "macos"), allow(dead_code, reason = "the other system's"))]
    fn on_macos(sandbox_exec: bool) -> Self {
        let open: &[Gap] = if sandbox_exec {
            &[Gap::Survivors]
        } else {
            &[
                Gap::Writes,
                Gap::Secrets,
                Gap::Network,
                Gap::SystemCalls,
                Gap::Signals,
                Gap::Survivors,
            ]
        };
        Self { landlock_abi: None, seccomp: false, sandbox_exec, gaps: open.to_vec() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_and_the_worst_of_it_is_not_enough() {
        let check = |abi, seccomp, gaps: &[Gap], enough| {
            let here = Availability::on_linux(abi, seccomp);
            assert_eq!(here.gaps, gaps, "{abi:?}, {seccomp}");
            assert_eq!(here.is_enough(), enough, "{abi:?}, {seccomp}");
        };
        check(Some(9), true, &[], true);
        check(Some(6), true, &[], true);
        check(Some(4), true, &[Gap::Signals], true);
        check(Some(2), true, &[Gap::Truncation, Gap::Signals], false);
        check(Some(7), false, &[Gap::Network, Gap::SystemCalls, Gap::Survivors], false);
        check(None, true, &[Gap::Writes, Gap::Secrets, Gap::Signals], false);
        assert!(Availability::on_macos(true).is_enough());
        assert!(!Availability::on_macos(false).is_enough());
    }
}
