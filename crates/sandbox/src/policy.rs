use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mlxcode_base::Root;

/// Places below the root that decide what other programs run later, and are
/// put back when a command has changed them. `*` at the end of a name stands
/// for any end. The same places of submodules and work trees are found below
/// `.git`.
pub const GUARDED: [&str; 6] = [
    ".git/hooks",
    ".git/config",
    ".git/config.worktree",
    ".git/commondir",
    ".git/info/attributes",
    ".mlx-code*",
];

/// Whether a command reaches the network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Network {
    /// It makes no socket.
    #[default]
    Refused,
    /// It reaches what its user reaches, but for raw sockets.
    Allowed,
}

/// How much a command may use up. Each is looked at about every
/// [`Limits::LOOK`]; what grows faster is caught so much later.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// How long it may run; 2 minutes, which a build or a suite of tests that
    /// somebody waits for takes.
    pub wall: Duration,
    /// Bytes of its output that are kept, half from the beginning and half from
    /// the end; 64 KiB are about 16,000 tokens, more than a model reads.
    pub kept_output_bytes: usize,
    /// Bytes that it may print at all; 64 MiB.
    pub output_bytes: u64,
    /// Processes that it may have at once, also those that have ended and that
    /// nobody has waited for; 512, which a parallel build with some hundred
    /// compilers stays below. Of threads there may be
    /// [`Limits::THREADS_EACH`] times as many in all.
    pub processes: usize,
    /// Memory of all its processes together, without what files back; 8 GiB.
    pub memory_bytes: u64,
    /// Bytes of one file that it writes; 4 GiB.
    pub file_bytes: u64,
    /// By how much the free space of the root's and of the temporary folder's
    /// disk may fall; 16 GiB. Others that write meanwhile count too.
    pub disk_bytes: u64,
    /// The free space that is left to others; 256 MiB.
    pub free_bytes: u64,
    /// By how many files the disks may fill; one million.
    pub files: u64,
}

impl Limits {
    /// How often somebody looks.
    pub const LOOK: Duration = Duration::from_millis(20);

    /// Threads that there may be for each process that there may be. A compiler
    /// has some, an interpreter a dozen, a virtual machine a hundred, and few
    /// programs have as many processes as well.
    pub const THREADS_EACH: usize = 8;

    /// Threads that there may be in all.
    #[cfg(target_os = "linux")]
    pub(crate) fn tasks(&self) -> usize {
        self.processes.saturating_mul(Self::THREADS_EACH)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            wall: Duration::from_mins(2),
            kept_output_bytes: 64 << 10,
            output_bytes: 64 << 20,
            processes: 512,
            memory_bytes: 8 << 30,
            file_bytes: 4 << 30,
            disk_bytes: 16 << 30,
            free_bytes: 256 << 20,
            files: 1_000_000,
        }
    }
}

/// What a command may do.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Policy {
    /// The folder that it works in and may write.
    pub root: Root,
    /// The folder in which a temporary one is made for each run.
    pub temp: PathBuf,
    /// What it may not read: files and folders, there or not. See
    /// [`usual_hidden`].
    pub hidden: Vec<PathBuf>,
    /// What is put back below the root; [`GUARDED`].
    pub guarded: Vec<String>,
    /// Folders besides that it may write, such as a package manager's cache.
    /// What one command leaves there, the next program that trusts it reads.
    pub writable: Vec<PathBuf>,
    /// What it inherits. Secrets are taken out, see
    /// [`clean_environment`](crate::clean_environment).
    pub environment: Vec<(OsString, OsString)>,
    /// Whether it reaches the network.
    pub network: Network,
    /// Whether it may use `/dev/shm`, which Python's `multiprocessing` and
    /// browsers need. Other programs of the same user keep memory there, which
    /// it could then read and change.
    pub shared_memory: bool,
    /// Whether it may connect to Unix sockets with a name, such as that of a
    /// container daemon or of a key agent: whoever may use these is not
    /// confined. Where the kernel confines them (Landlock ABI 9), those in the
    /// folders that it may write are allowed in any case.
    pub unix_sockets: bool,
    /// How much it may use up.
    pub limits: Limits,
}

impl Policy {
    /// The strictest policy for a root: no network, an empty environment,
    /// nothing hidden but the system's own.
    pub fn new(root: Root, temp: impl Into<PathBuf>) -> Self {
        Self {
            root,
            temp: temp.into(),
            hidden: SYSTEM_HIDDEN.iter().map(PathBuf::from).collect(),
            guarded: GUARDED.iter().map(|place| (*place).to_owned()).collect(),
            writable: Vec::new(),
            environment: Vec::new(),
            network: Network::Refused,
            shared_memory: false,
            unix_sockets: false,
            limits: Limits::default(),
        }
    }
}

/// Secrets of the system, which matter where the program runs as root.
const SYSTEM_HIDDEN: [&str; 11] = [
    "/etc/shadow",
    "/etc/shadow-",
    "/etc/gshadow",
    "/etc/gshadow-",
    "/etc/ssh",
    "/etc/ssl/private",
    "/etc/NetworkManager/system-connections",
    "/etc/wireguard",
    "/run/secrets",
    "/var/lib/docker",
    "/var/spool/cron",
];

/// Where programs keep secrets below the home folder.
const HOME_HIDDEN: [&str; 72] = [
    ".ssh",
    ".gnupg",
    ".aws",
    ".azure",
    ".kube",
    ".docker",
    ".podman",
    ".netrc",
    "_netrc",
    ".authinfo",
    ".git-credentials",
    ".npmrc",
    ".yarnrc",
    ".yarnrc.yml",
    ".pypirc",
    ".pgpass",
    ".my.cnf",
    ".mylogin.cnf",
    ".vault-token",
    ".terraform.d/credentials.tfrc.json",
    ".terraformrc",
    ".password-store",
    ".cargo/credentials",
    ".cargo/credentials.toml",
    ".gem/credentials",
    ".m2/settings.xml",
    ".m2/settings-security.xml",
    ".gradle/gradle.properties",
    ".composer/auth.json",
    ".nuget/NuGet",
    ".huggingface",
    ".cache/huggingface/token",
    ".cache/huggingface/stored_tokens",
    ".config/gh",
    ".config/glab-cli",
    ".config/hub",
    ".config/git/credentials",
    ".config/gcloud",
    ".config/op",
    ".config/rclone",
    ".config/pip",
    ".config/pypoetry/auth.toml",
    ".config/containers",
    ".config/doctl",
    ".config/heroku",
    ".config/netlify",
    ".config/configstore",
    ".config/google-chrome",
    ".config/chromium",
    ".config/BraveSoftware",
    ".config/microsoft-edge",
    ".config/Signal",
    ".config/Slack",
    ".config/1Password",
    ".config/Bitwarden",
    ".config/keepassxc",
    ".local/share/keyrings",
    ".local/share/kwalletd",
    ".mozilla",
    ".thunderbird",
    ".electrum",
    ".bitcoin",
    ".ethereum",
    ".Xauthority",
    ".ICEauthority",
    ".bash_history",
    ".zsh_history",
    ".python_history",
    ".psql_history",
    ".mysql_history",
    ".node_repl_history",
    "Library/Keychains",
];

/// Where people keep secrets below their home folder: keys, tokens, passwords,
/// the profiles of browsers, what they typed.
///
/// A caller adds to it what its own program keeps.
pub fn usual_hidden(home: &Path) -> Vec<PathBuf> {
    HOME_HIDDEN.iter().map(|place| home.join(place)).collect()
}
