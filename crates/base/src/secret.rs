use std::ffi::OsString;

/// Parts of names in which people keep secrets.
const PARTS: [&str; 19] = [
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

/// Ends of names that tell of a secret.
const ENDS: [&str; 7] = ["_KEY", "_KEYS", "_PAT", "_AUTH", "_PWD", "_PASS", "_CERT"];

/// Whole names.
const NAMES: [&str; 4] = ["AUTH", "KEY", "PASS", "PAT"];

/// Whether a variable of the environment holds a secret, by its name: a token,
/// a password, a key. Whoever starts a program takes these out of what it
/// inherits, and hands on by name what it is to have.
///
/// ```
/// use mlxcode_base::is_secret_variable;
/// assert!(is_secret_variable("GITHUB_TOKEN") && is_secret_variable("npm_config__auth"));
/// assert!(!is_secret_variable("PATH") && !is_secret_variable("AUTHOR_NAME"));
/// ```
pub fn is_secret_variable(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    NAMES.contains(&name.as_str())
        || PARTS.iter().any(|part| name.contains(part))
        || ENDS.iter().any(|end| name.ends_with(end))
}

/// The names of the variables that a program would inherit from this one and
/// that hold secrets.
///
/// Only names are looked at, and only to be taken out: what a program inherits
/// by itself is the one thing that nobody can hand in.
#[allow(clippy::disallowed_methods, reason = "no value is used, and nothing is decided by a name")]
pub fn secret_variables() -> Vec<OsString> {
    let names = std::env::vars_os().map(|(name, _)| name);
    names.filter(|name| name.to_str().is_some_and(is_secret_variable)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_told_by_their_names() {
        for name in [
            "HF_TOKEN",
            "HUGGING_FACE_HUB_TOKEN",
            "GITHUB_TOKEN",
            "GH_TOKEN",
            "GH_ENTERPRISE_TOKEN",
            "GITLAB_TOKEN",
            "CI_JOB_TOKEN",
            "NPM_TOKEN",
            "OPENAI_API_KEY",
            "ANTHROPIC_API_KEY",
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "AZURE_CLIENT_SECRET",
            "DB_PASSWORD",
            "MYSQL_PWD",
            "PGPASSWORD",
            "SESSION_COOKIE",
            "GOOGLE_APPLICATION_CREDENTIALS",
            "STRIPE_KEY",
            "my_secret",
            "npm_config__auth",
            "SIGNING_PASSPHRASE",
            "SENTRY_DSN",
            "SLACK_WEBHOOK",
            "GH_PAT",
            "TWINE_PASSWORD",
            "CARGO_REGISTRY_TOKEN",
            "CARGO_REGISTRIES_MINE_TOKEN",
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
            "SSL_CERT_FILE",
            "TZ",
            "CC",
            "MAKEFLAGS",
            "AUTHOR",
            "MONKEY",
            "XDG_CACHE_HOME",
            // Who signs what he commits needs these.
            "SSH_AUTH_SOCK",
            "GPG_TTY",
        ] {
            assert!(!is_secret_variable(name), "{name}");
        }
    }

    const AGAIN: &str = "MLX_CODE_TEST_AGAIN";

    /// In a process that has secrets in its environment.
    #[test]
    fn what_would_be_inherited_is_found() {
        if std::env::var_os(AGAIN).is_some() {
            let mut names = secret_variables();
            names.retain(|name| name.to_str().is_some_and(|name| name.ends_with("_OF_A_TEST")));
            names.sort();
            assert_eq!(names, ["PASSWORD_OF_A_TEST", "TOKEN_OF_A_TEST"]);
            return;
        }
        let ran = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "secret::tests::what_would_be_inherited_is_found"])
            .envs(
                [AGAIN, "TOKEN_OF_A_TEST", "PASSWORD_OF_A_TEST", "NAME_OF_A_TEST"]
                    .map(|n| (n, "1")),
            )
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&ran.stdout);
        assert!(ran.status.success() && text.contains("1 passed"), "{text}");
    }
}
