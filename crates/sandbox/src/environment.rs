//! What a command inherits of the environment.

use std::ffi::{OsStr, OsString};

use mlxcode_base::is_secret_variable;

/// Beginnings of names that belong to an account, a daemon or an agent.
const BEGINNINGS: [&str; 20] = [
    "AWS_",
    "AZURE_",
    "ARM_",
    "GOOGLE_",
    "GCLOUD_",
    "CLOUDSDK_",
    "DIGITALOCEAN_",
    "VAULT_",
    "OP_",
    "DBUS_",
    "SSH_",
    "GPG_",
    "DOCKER_",
    "KUBE",
    "ACTIONS_",
    "CI_JOB_",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_KEY",
    "GIT_CONFIG_VALUE",
    "GIT_CONFIG_PARAMETERS",
];

/// Whole names: a loader's that runs code before any sandboxed program does
/// what it says, addresses that often hold a password, and sockets.
const NAMES: [&str; 19] = [
    "NETRC",
    "PGPASSFILE",
    "DATABASE_URL",
    "REDIS_URL",
    "MONGODB_URI",
    "MONGO_URL",
    "AMQP_URL",
    "CARGO_REGISTRIES",
    "LD_PRELOAD",
    "LD_AUDIT",
    "XAUTHORITY",
    "WAYLAND_DISPLAY",
    "WAYLAND_SOCKET",
    "DISPLAY",
    "TMUX",
    "STY",
    "GIT_ASKPASS",
    "BASH_ENV",
    "ENV",
];

/// Whether a variable of that name is kept from commands: it holds a secret, as
/// for every program that is started, or it leads to an account, an agent or a
/// session that a command has nothing to do with.
fn is_kept_back(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    is_secret_variable(name)
        || NAMES.contains(&upper.as_str())
        || BEGINNINGS.iter().any(|beginning| upper.starts_with(beginning))
}

/// Whether a value is an address with a password in it, such as that of a
/// database or of a proxy: `scheme://user:password@host`.
fn holds_password(value: &str) -> bool {
    value.split("://").skip(1).any(|rest| {
        let authority = rest.split(['/', '?', '#', ' ']).next().unwrap_or_default();
        authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'))
    })
}

/// What is left of an environment when secrets are taken out: by their names,
/// addresses with a password in them by their values, and functions of a shell,
/// which would run in place of programs.
pub fn clean_environment(
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> Vec<(OsString, OsString)> {
    let is_open = |name: &OsStr, value: &OsStr| {
        let (Some(name), Some(value)) = (name.to_str(), value.to_str()) else {
            // What is not text cannot be judged.
            return false;
        };
        !is_kept_back(name) && !holds_password(value) && !name.starts_with("BASH_FUNC_")
    };
    environment.into_iter().filter(|(name, value)| is_open(name, value)).collect()
}

/// What every command finds set: nobody is there to be asked, to scroll or to
/// look at colours.
#[cfg(unix)]
pub(crate) const SET: [(&str, &str); 13] = [
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_PAGER", "cat"),
    ("GIT_EDITOR", "true"),
    ("GIT_SEQUENCE_EDITOR", "true"),
    ("PAGER", "cat"),
    ("MANPAGER", "cat"),
    ("SYSTEMD_PAGER", "cat"),
    ("EDITOR", "true"),
    ("VISUAL", "true"),
    ("TERM", "dumb"),
    ("NO_COLOR", "1"),
    // Logs of npm go to the home folder, where nothing can be written.
    ("npm_config_logs_max", "0"),
    ("npm_config_update_notifier", "false"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_to_an_account_a_session_or_a_loader_is_kept_back() {
        for name in [
            "GITHUB_TOKEN",
            "AWS_PROFILE",
            "aws_profile",
            "SSH_AUTH_SOCK",
            "SSH_AGENT_PID",
            "DBUS_SESSION_BUS_ADDRESS",
            "DOCKER_HOST",
            "KUBECONFIG",
            "DATABASE_URL",
            "LD_PRELOAD",
            "GIT_CONFIG_VALUE_0",
        ] {
            assert!(is_kept_back(name), "{name}");
        }
        for name in ["PATH", "HOME", "GIT_AUTHOR_NAME", "LD_LIBRARY_PATH", "ENVIRONMENT"] {
            assert!(!is_kept_back(name), "{name}");
        }
    }

    #[test]
    fn addresses_with_a_password_and_functions_go() {
        let given = [
            ("HTTPS_PROXY", "http://me:pass@proxy:3128"),
            ("PIP_INDEX_URL", "https://me:x@pypi.example/simple"),
            ("PIP_EXTRA_INDEX_URL", "https://pypi.example/@scope:1"),
            ("BASH_FUNC_git%%", "() { evil; }"),
            ("EMAIL", "me@example.org"),
            ("GOPROXY", "https://proxy.example,direct"),
            ("TWO", "see https://a.example and https://u:p@b.example"),
        ];
        let given = given.map(|(name, value)| (name.into(), value.into()));
        let names: Vec<OsString> =
            clean_environment(given).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["PIP_EXTRA_INDEX_URL", "EMAIL", "GOPROXY"]);
    }
}
