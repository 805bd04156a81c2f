//! A project, a home folder and a folder outside of both.

use std::ffi::OsString;
use std::fs;
use std::net::{TcpListener, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use mlxcode_base::{CancelToken, Root};
use mlxcode_sandbox::{Policy, Ran, Run, Sandbox, usual_hidden};

/// Where programs are: the system's own, which every user can read.
pub const PATH: &str = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";

/// What must not be read.
pub const SECRET: &str = "the-secret-key";

/// What the file outside holds.
pub const THEIRS: &str = "theirs\n";

pub struct Ground {
    pub temp: tempfile::TempDir,
    /// A process of somebody else.
    pub victim: Child,
    pub tcp: TcpListener,
    pub udp: UdpSocket,
    _unix: UnixListener,
    pub datagram: UnixDatagram,
    _abstract: UnixListener,
    abstract_name: String,
    /// A variable that all processes of a run have.
    pub mark: String,
}

pub fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|meta| std::os::unix::fs::MetadataExt::uid(&meta) == 0)
}

impl Ground {
    pub fn new() -> Self {
        let temp = tempfile::tempdir().unwrap();
        let at = |path: &str| temp.path().join(path);
        for folder in
            ["root/.git/hooks", "root/sub", "outside/folder", "home/.ssh", "home/project", "tmp"]
        {
            fs::create_dir_all(at(folder)).unwrap();
        }
        fs::write(at("outside/file"), THEIRS).unwrap();
        fs::write(at("home/.ssh/id"), SECRET).unwrap();
        fs::write(at("home/notes"), "open\n").unwrap();
        fs::write(at("root/file"), "mine\n").unwrap();
        fs::write(at("root/.git/config"), "[core]\n\trepositoryformatversion = 0\n").unwrap();
        fs::write(at("root/.git/HEAD"), "ref: refs/heads/main\n").unwrap();
        fs::create_dir_all(at("root/.git/objects")).unwrap();
        fs::create_dir_all(at("root/.git/refs")).unwrap();
        let link = |target: &str, at: PathBuf| std::os::unix::fs::symlink(target, at).unwrap();
        link("../outside", at("root/link_folder"));
        link("../outside/file", at("root/link_file"));
        link(".ssh", at("home/keys"));
        let victim = Command::new("sleep")
            .arg("120")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mark = format!("mark-{}", temp.path().file_name().unwrap().display());
        let abstract_name = format!("mlx-{mark}");
        let abstract_address = SocketAddr::from_abstract_name(abstract_name.as_bytes()).unwrap();
        Self {
            victim,
            tcp: TcpListener::bind("127.0.0.1:0").unwrap(),
            udp: {
                let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
                udp.set_nonblocking(true).unwrap();
                udp
            },
            _unix: UnixListener::bind(at("outside/socket")).unwrap(),
            datagram: {
                let datagram = UnixDatagram::bind(at("outside/datagram")).unwrap();
                datagram.set_nonblocking(true).unwrap();
                datagram
            },
            _abstract: UnixListener::bind_addr(&abstract_address).unwrap(),
            abstract_name,
            mark,
            temp,
        }
    }

    pub fn at(&self, path: &str) -> PathBuf {
        self.temp.path().join(path)
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.at(path)).unwrap_or_default()
    }

    pub fn exists(&self, path: &str) -> bool {
        fs::symlink_metadata(self.at(path)).is_ok()
    }

    pub fn policy(&self) -> Policy {
        let mut policy = Policy::new(Root::open(&self.at("root")).unwrap(), self.at("tmp"));
        policy.hidden.extend(usual_hidden(&self.at("home")));
        policy.environment = self.variables();
        policy
    }

    pub fn variables(&self) -> Vec<(OsString, OsString)> {
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        let variables = [
            ("PATH", PATH.to_owned()),
            ("HOME", text(&self.at("home"))),
            ("OUT", text(&self.at("outside"))),
            ("PARENT", std::process::id().to_string()),
            ("VICTIM", self.victim.id().to_string()),
            ("TCP", self.tcp.local_addr().unwrap().port().to_string()),
            ("UDP", self.udp.local_addr().unwrap().port().to_string()),
            ("ABSTRACT", self.abstract_name.clone()),
            ("MARK", self.mark.clone()),
            ("GITHUB_TOKEN", SECRET.to_owned()),
            ("LD_PRELOAD", "/nonexistent/preload.so".to_owned()),
            ("PYTHONDONTWRITEBYTECODE", "1".to_owned()),
            ("GIT_CONFIG_GLOBAL", "/dev/null".to_owned()),
            ("GIT_CONFIG_NOSYSTEM", "1".to_owned()),
        ];
        variables.map(|(name, value)| (name.into(), value.into())).into()
    }

    /// Runs a script inside.
    pub fn inside(&self, script: &str) -> Ran {
        Self::with(self.policy(), script)
    }

    pub fn with(policy: Policy, script: &str) -> Ran {
        let sandbox = Sandbox::new(policy).unwrap();
        sandbox.run(&Run::shell(script), &CancelToken::new(), &mut |_| {}).unwrap()
    }

    /// Runs a script outside, as if there were no sandbox.
    pub fn outside(&self, script: &str) -> String {
        let output = Command::new("/bin/sh")
            .args(["-c", script])
            .current_dir(self.at("root"))
            .env_clear()
            .envs(self.variables().into_iter().filter(|(name, _)| name != "LD_PRELOAD"))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let both = [output.stdout, output.stderr].concat();
        String::from_utf8_lossy(&both).into_owned()
    }

    /// Processes that still run and have this ground's variable.
    pub fn survivors(&self) -> Vec<String> {
        let mark = format!("MARK={}", self.mark);
        let is_ours = |pid: &str| {
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
        };
        let entries = fs::read_dir("/proc").unwrap().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        names
            .filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()) && is_ours(name))
            .collect()
    }

    pub fn victim_is_alive(&mut self) -> bool {
        self.victim.try_wait().unwrap().is_none()
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        let _ = self.victim.kill();
        let _ = self.victim.wait();
    }
}
