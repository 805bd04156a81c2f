//! What a command inherits of the environment.

use std::ffi::{OsStr, OsString};

use mlxcode_base::SECRET_VARIABLES;

/// Parts of names in which people keep secrets.
const SECRET_PARTS: [&str; 19] = [
    "TOKEN",
    "SECRET",
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "PASSCODE",
    "APIKEY",
    "API_KEY",
    "ACCESS_KEY",
    "PRIVATE_KEY",
    "CREDENTIAL",
    "COOKIE",
    "AUTHORIZATION",
    "BEARER",
    "CONNECTION_STRING",
    "CONNSTR",
    "WEBHOOK",
    "SESSION_KEY",
    "_DSN",
];

/// Beginnings of names that belong to an account, a daemon or an agent.
const SECRET_BEGINNINGS: [&str; 20] = [
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

/// Ends of names that tell of a secret.
const SECRET_ENDS: [&str; 7] = ["_KEY", "_KEYS", "_PAT", "_AUTH", "_PWD", "_PASS", "_CERT"];

/// Whole names: a loader's that runs code before any sandboxed program does
/// what it says, addresses that often hold a password, and sockets.
const SECRET_NAMES: [&str; 23] = [
    "AUTH",
    "KEY",
    "PASS",
    "PAT",
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

/// Whether a variable of that name is kept from commands.
///
/// ```
/// use mlxcode_sandbox::is_secret_variable;
/// assert!(is_secret_variable("GITHUB_TOKEN") && is_secret_variable("aws_profile"));
/// assert!(!is_secret_variable("PATH") && !is_secret_variable("AUTHOR_NAME"));
/// ```
pub fn is_secret_variable(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    SECRET_VARIABLES.contains(&name.as_str())
        || SECRET_NAMES.contains(&name.as_str())
        || SECRET_PARTS.iter().any(|part| name.contains(part))
        || SECRET_BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
        || SECRET_ENDS.iter().any(|end| name.ends_with(end))
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
        !is_secret_variable(name) && !holds_password(value) && !name.starts_with("BASH_FUNC_")
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
    fn secrets_are_told_by_their_names() {
        for name in [
            "HF_TOKEN",
            "GITHUB_TOKEN",
            "NPM_TOKEN",
            "OPENAI_API_KEY",
            "ANTHROPIC_API_KEY",
            "AWS_ACCESS_KEY_ID",
            "AWS_PROFILE",
            "DB_PASSWORD",
            "MYSQL_PWD",
            "PGPASSWORD",
            "SSH_AUTH_SOCK",
            "SSH_AGENT_PID",
            "DBUS_SESSION_BUS_ADDRESS",
            "DOCKER_HOST",
            "KUBECONFIG",
            "SESSION_COOKIE",
            "GOOGLE_APPLICATION_CREDENTIALS",
            "STRIPE_KEY",
            "my_secret",
            "npm_config__auth",
            "SIGNING_PASSPHRASE",
            "SENTRY_DSN",
            "GH_PAT",
            "TWINE_PASSWORD",
            "CARGO_REGISTRY_TOKEN",
            "DATABASE_URL",
            "LD_PRELOAD",
            "AUTH",
        ] {
            assert!(is_secret_variable(name), "{name}");
        }
        for name in [
            "PATH",
            "HOME",
            "USER",
            "LANG",
            "LC_ALL",
            "SHELL",
            "PWD",
            "OLDPWD",
            "CARGO_HOME",
            "RUSTUP_HOME",
            "PYTHONPATH",
            "NODE_PATH",
            "JAVA_HOME",
            "GOPATH",
            "VIRTUAL_ENV",
            "GIT_AUTHOR_NAME",
            "KEYBOARD_LAYOUT",
            "LD_LIBRARY_PATH",
            "TZ",
            "CC",
            "MAKEFLAGS",
            "AUTHOR",
            "MONKEY",
            "XDG_CACHE_HOME",
        ] {
            assert!(!is_secret_variable(name), "{name}");
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
