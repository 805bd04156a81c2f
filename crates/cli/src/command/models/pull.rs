//! `mlx-code models pull`.

use mlxcode_core::{ByteSize, ModelLibrary, PullJob, PullJobState, PullOptions, Pulls};

use crate::args::Pull;
use crate::command::Common;
use crate::exit::{Outcome, written};
use crate::exit_code::{CANCELLED, SUCCESS};
use crate::host::Host;
use crate::output::bar::PullBar;
use crate::output::json::{self, PullOutput};

/// Fetches a model and installs it.
pub fn run(library: &ModelLibrary, args: &Pull, common: &Common, host: &mut Host<'_>) -> Outcome {
    let mut pulls = super::pulls(library, Some(&args.reference), true, host)?;
    let added = pulls.add(&args.reference, &options(args))?;
    let job = pulls.wake(added.id)?;
    let job = fetch(&mut pulls, job.id, common, host)?;
    if common.json {
        json::write(host, &PullOutput::new(&job))?;
    } else {
        tell(&job, &pulls, host)?;
    }
    Ok(code(&job))
}

/// What the arguments ask for.
pub fn options(args: &Pull) -> PullOptions {
    PullOptions {
        name: args.name.clone(),
        revision: args.revision.clone(),
        only_fetch: args.no_install,
        priority: args.priority.into(),
        limit_bytes_per_second: args.limit.and_then(|limit| limit.0),
    }
}

/// Works on a pull, with a bar for whoever watches.
pub fn fetch(pulls: &mut Pulls, id: i64, common: &Common, host: &Host<'_>) -> Outcome<PullJob> {
    let bar = PullBar::new(host.live && !common.json);
    let done = pulls.run(id, &bar, &host.cancel);
    bar.clear();
    Ok(done?)
}

/// Tells how a pull ended.
pub fn tell(job: &PullJob, pulls: &Pulls, host: &mut Host<'_>) -> Outcome<()> {
    let PullJob { id, reference, source, total_bytes, done_bytes, .. } = job;
    let text = match (job.state, &job.installed) {
        (PullJobState::Done, Some(name)) => {
            format!("installed {name}: {source}, {}", ByteSize(*total_bytes))
        }
        (PullJobState::Done, None) => {
            format!("fetched {source} into the cache, {}", ByteSize(*total_bytes))
        }
        (PullJobState::Cancelled, _) => format!("pull {id} was cancelled"),
        (PullJobState::Paused, _) => {
            let done = match total_bytes {
                0 => String::new(),
                _ => format!(" at {} of {}", ByteSize(*done_bytes), ByteSize(*total_bytes)),
            };
            if pulls.is_named_by(job, reference) {
                format!("paused{done}; `mlx-code models pull {reference}` goes on from there")
            } else {
                format!(
                    "paused{done}; `mlx-code models queue resume {id}` and then `mlx-code models \
                     queue run` go on from there"
                )
            }
        }
        (state, _) => format!("pull {id} is {}", state.as_str()),
    };
    written(writeln!(host.output, "{text}"))
}

/// The exit code of a pull as it ended.
pub fn code(job: &PullJob) -> u8 {
    match job.state {
        PullJobState::Paused | PullJobState::Cancelled => CANCELLED,
        _ => SUCCESS,
    }
}
