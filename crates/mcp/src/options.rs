use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use mlxcode_base::is_secret_variable;

/// How long a server may take to start and to say what it offers. `npx` and
/// `uvx` fetch a package the first time.
const START_TIMEOUT: Duration = Duration::from_mins(1);

/// How long a call may take without a sign of life, where the server's
/// configuration says nothing.
const CALL_TIMEOUT: Duration = Duration::from_mins(2);

/// How long a call may take in all, signs of life or not.
const LONGEST_CALL: Duration = Duration::from_mins(30);

/// How much of one message of a server is read. It stands in memory three
/// times while it is read.
const MOST_MESSAGE_BYTES: usize = 16 << 20;

/// How much text of one result is kept: more than any model's context takes.
const MOST_RESULT_BYTES: usize = 512 << 10;

/// How long a server that was asked to end may take before it is made to.
const GRACE: Duration = Duration::from_secs(2);

/// Whether addresses may be asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum NetworkPolicy {
    /// Any address may.
    #[default]
    Allowed,
    /// Only this machine's own: `localhost`, `127.0.0.0/8` and `::1`.
    LoopbackOnly,
    /// None. It is refused before a name is resolved.
    Offline,
}

/// What servers are started with. All of it comes from the caller: nothing
/// here reads the environment.
#[derive(Clone)]
#[non_exhaustive]
pub struct McpOptions {
    /// Whether addresses may be asked. Programs are started in any case;
    /// what they do is theirs.
    pub network: NetworkPolicy,
    /// The environment that programs inherit, without the variables that
    /// hold secrets: a program gets such a one only where its `env` says so.
    pub environment: BTreeMap<OsString, OsString>,
    /// What `${VARIABLE}` stands for in a configuration; secrets may be
    /// among them.
    pub variables: BTreeMap<String, String>,
    /// The folder that programs run in where their configuration says
    /// nothing, and against which a relative `cwd` is read.
    pub folder: PathBuf,
    /// The name that servers are told.
    pub client_name: String,
    /// The version that servers are told.
    pub client_version: String,
    /// How long a server may take to start; a minute.
    pub start_timeout: Duration,
    /// How long a call may take without a sign of life; two minutes.
    pub call_timeout: Duration,
    /// How long a call may take in all; half an hour.
    pub longest_call: Duration,
    /// How much of one message is read; 16 MiB.
    pub most_message_bytes: usize,
    /// How much text of one result is kept; 512 KiB.
    pub most_result_bytes: usize,
    /// How long a program that was asked to end may take; 2 seconds.
    pub grace: Duration,
}

impl McpOptions {
    /// Options for servers of the project in `folder`: no environment, no
    /// variables, any address.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            network: NetworkPolicy::Allowed,
            environment: BTreeMap::new(),
            variables: BTreeMap::new(),
            folder: folder.into(),
            client_name: "mlx-code".to_owned(),
            client_version: env!("CARGO_PKG_VERSION").to_owned(),
            start_timeout: START_TIMEOUT,
            call_timeout: CALL_TIMEOUT,
            longest_call: LONGEST_CALL,
            most_message_bytes: MOST_MESSAGE_BYTES,
            most_result_bytes: MOST_RESULT_BYTES,
            grace: GRACE,
        }
    }

    /// Takes an environment, for programs and for `${VARIABLE}`.
    pub fn with_environment(
        mut self,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Self {
        for (name, value) in environment {
            if let (Some(name), Some(value)) = (name.to_str(), value.to_str()) {
                self.variables.insert(name.to_owned(), value.to_owned());
            }
            self.environment.insert(name, value);
        }
        self
    }

    /// What a program inherits.
    pub(crate) fn inherited(&self) -> impl Iterator<Item = (&OsString, &OsString)> {
        self.environment.iter().filter(|(name, _)| !name.to_str().is_some_and(is_secret_variable))
    }
}

/// The environment is left out: it may hold secrets.
impl fmt::Debug for McpOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("McpOptions")
            .field("network", &self.network)
            .field("folder", &self.folder)
            .field("start_timeout", &self.start_timeout)
            .field("call_timeout", &self.call_timeout)
            .finish_non_exhaustive()
    }
}
