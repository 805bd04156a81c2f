use std::path::PathBuf;

use mlxcode_base::CancelToken;

use crate::availability::Availability;
use crate::command::Run;
use crate::environment::clean_environment;
use crate::error::{Error, Result};
use crate::paths;
use crate::policy::Policy;
use crate::ran::Ran;

/// A person's word that commands may run although this machine cannot confine
/// them, or not wholly. Only who has asked somebody makes one.
#[derive(Clone, Copy, Debug)]
pub struct Agreed(());

impl Agreed {
    /// Says that a person was told what is not guarded and agreed.
    pub fn by_a_person() -> Self {
        Self(())
    }
}

/// Runs commands under a policy.
///
/// ```no_run
/// use mlxcode_base::{CancelToken, Root};
/// use mlxcode_sandbox::{Policy, Run, Sandbox};
///
/// let root = Root::open("project".as_ref())?;
/// let sandbox = Sandbox::new(Policy::new(root, "/tmp"))?;
/// let ran = sandbox.run(&Run::shell("make test"), &CancelToken::new(), &mut |text| print!("{text}"))?;
/// assert!(ran.ended.is_success());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Sandbox {
    pub(crate) policy: Policy,
    pub(crate) availability: Availability,
    /// Hidden places as the disk has them.
    #[cfg_attr(not(unix), allow(dead_code, reason = "nothing is run there"))]
    pub(crate) hidden: Vec<PathBuf>,
}

impl Sandbox {
    /// Makes a sandbox that guards what a policy says; an error where this
    /// machine cannot.
    pub fn new(policy: Policy) -> Result<Self> {
        let availability = Availability::here();
        if !availability.is_enough() {
            return Err(Error::NotConfined { gaps: availability.gaps });
        }
        Self::with(policy, availability)
    }

    /// Makes one that guards as much as this machine can, which may be nothing.
    /// The limits of time, output and processes hold everywhere.
    pub fn unsandboxed(policy: Policy, _agreed: Agreed) -> Result<Self> {
        Self::with(policy, Availability::here())
    }

    fn with(mut policy: Policy, availability: Availability) -> Result<Self> {
        policy.environment = clean_environment(policy.environment);
        let hidden = paths::hidden(&policy.hidden);
        let open =
            std::iter::once(policy.root.path()).chain(policy.writable.iter().map(AsRef::as_ref));
        for folder in open {
            let real = paths::real(folder);
            let inside = hidden.iter().find(|hidden| {
                hidden.starts_with(&real) && std::fs::symlink_metadata(hidden).is_ok()
            });
            if let Some(hidden) = inside {
                let (folder, hidden) = (folder.to_owned(), hidden.clone());
                return Err(Error::HiddenInside { folder, hidden });
            }
        }
        Ok(Self { policy, availability, hidden })
    }

    /// What can be guarded on this machine.
    pub fn available() -> Availability {
        Availability::here()
    }

    /// What this sandbox guards.
    pub fn availability(&self) -> &Availability {
        &self.availability
    }

    /// Runs a command and waits for its end, or for the end that a limit or
    /// `cancel` brings. `on_output` hears what is printed, in order, as it
    /// comes.
    ///
    /// That a command fails is no error: [`Ran::ended`] tells.
    pub fn run(
        &self,
        run: &Run,
        cancel: &CancelToken,
        on_output: &mut dyn FnMut(&str),
    ) -> Result<Ran> {
        #[cfg(unix)]
        return crate::run::run(self, run, cancel, on_output);
        #[cfg(not(unix))]
        {
            let _ = (run, cancel, on_output);
            Err(Error::NoSystem)
        }
    }
}
