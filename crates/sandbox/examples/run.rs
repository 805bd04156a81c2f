//! Runs a script in the sandbox, with the limits that are usual:
//!
//! `cargo run -p mlxcode-sandbox --example run FOLDER SCRIPT [--network]`

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program to be run by hand"
)]

use std::error::Error;

use mlxcode_base::{CancelToken, Root};
use mlxcode_sandbox::{Network, Policy, Run, Sandbox, usual_hidden};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(root), Some(script)) = (arguments.next(), arguments.next()) else {
        return Err("usage: run FOLDER SCRIPT [--network]".into());
    };
    let mut policy = Policy::new(Root::open(root.as_ref())?, std::env::temp_dir());
    policy.environment = std::env::vars_os().collect();
    policy.hidden.extend(usual_hidden(&std::env::home_dir().unwrap_or_default()));
    if arguments.next().as_deref() == Some("--network") {
        policy.network = Network::Allowed;
    }
    let sandbox = Sandbox::new(policy)?;
    let ran =
        sandbox.run(&Run::shell(script), &CancelToken::new(), &mut |text| print!("{text}"))?;
    eprintln!("{:?} after {} ms", ran.ended, ran.wall.as_millis());
    if ran.left_running > 0 || !ran.put_back.is_empty() {
        eprintln!("left running: {}, put back: {:?}", ran.left_running, ran.put_back);
    }
    Ok(())
}
