//! `mlx-code models queue`.

use mlxcode_core::{ByteSize, ErrorKind, ModelLibrary, PullJob, PullJobState, Pulls};

use super::pull::{code, fetch, options, tell};
use crate::args::Queue;
use crate::command::Common;
use crate::exit::{Failure, Outcome, show_broken, written};
use crate::exit_code::{SUCCESS, UNHEALTHY};
use crate::host::Host;
use crate::output::json::{self, PullOutput, PullsOutput};
use crate::output::{Style, count};

/// Shows or changes the queue.
pub fn run(
    library: &ModelLibrary,
    what: Option<Queue>,
    common: &Common,
    host: &mut Host<'_>,
) -> Outcome {
    let fetches = matches!(what, Some(Queue::Run));
    let named = match &what {
        Some(Queue::Add(args)) => Some(&*args.reference),
        _ => None,
    };
    let mut pulls = super::pulls(library, named, fetches, host)?;
    let changed = match what.unwrap_or(Queue::List) {
        Queue::List => return list(&pulls, common, host),
        Queue::Run => return fetch_all(&mut pulls, common, host),
        Queue::Clear => {
            let cleared = pulls.clear()?;
            if common.json {
                return list(&pulls, common, host);
            }
            written(writeln!(host.output, "forgot {}", count(cleared, "pull")))?;
            return Ok(SUCCESS);
        }
        Queue::Limit { rate, id: None } => {
            pulls.set_default_limit(rate.0)?;
            return list(&pulls, common, host);
        }
        Queue::Limit { rate, id: Some(id) } => pulls.set_limit(id, rate.0)?,
        Queue::Add(args) => pulls.add(&args.reference, &options(&args))?,
        Queue::Pause { id } => pulls.pause(id)?,
        Queue::Resume { id } => pulls.resume(id)?,
        Queue::Cancel { id } => pulls.cancel(id)?,
        Queue::Retry { id } => pulls.retry(id)?,
        Queue::Move { id, place } => pulls.move_to(id, place as usize)?,
        Queue::Priority { id, priority } => pulls.set_priority(id, priority.into())?,
    };
    if common.json {
        json::write(host, &PullOutput::new(&changed))?;
        return Ok(SUCCESS);
    }
    row(&changed, host)?;
    if changed.state == PullJobState::Waiting {
        written(writeln!(host.output, "`mlx-code models queue run` fetches what waits"))?;
    }
    Ok(SUCCESS)
}

fn list(pulls: &Pulls, common: &Common, host: &mut Host<'_>) -> Outcome {
    let jobs = pulls.list()?;
    let limit = pulls.default_limit()?;
    if common.json {
        let document = PullsOutput {
            pulls: jobs.iter().map(PullOutput::new).collect(),
            limit_bytes_per_second: limit,
        };
        json::write(host, &document)?;
        return Ok(SUCCESS);
    }
    if jobs.is_empty() {
        let how = "`mlx-code models pull REF` fetches a model";
        written(writeln!(host.output, "nothing is queued; {how}"))?;
    }
    for job in &jobs {
        row(job, host)?;
    }
    if let Some(limit) = limit {
        written(writeln!(host.output, "limit: {}/s", ByteSize(limit)))?;
    }
    Ok(SUCCESS)
}

fn row(job: &PullJob, host: &mut Host<'_>) -> Outcome<()> {
    let style = Style::for_output(host);
    let (done, total) = (job.done_bytes, job.total_bytes);
    let size = match (total, job.state) {
        (0, _) => String::new(),
        (_, PullJobState::Done) => format!("  {}", ByteSize(total)),
        _ => format!("  {} of {}", ByteSize(done), ByteSize(total)),
    };
    let mut more = String::new();
    if let Some(speed) = job.bytes_per_second {
        more.push_str(&format!("  {}/s", ByteSize(speed)));
    }
    if job.priority != mlxcode_core::PullPriority::Normal {
        more.push_str(&format!("  {} priority", job.priority.as_str()));
    }
    if let Some(limit) = job.limit_bytes_per_second {
        more.push_str(&format!("  at most {}/s", ByteSize(limit)));
    }
    let state = job.state.as_str();
    let id = style.strong(format!("{:>3}", job.id));
    let source = style.place(&job.source);
    written(writeln!(host.output, "{id}  {state:<9}  {source} as {}{size}{more}", job.name))?;
    if let Some(error) = &job.error {
        written(writeln!(host.output, "       {}", style.error(&error.message)))?;
        if let Some(help) = &error.help {
            written(writeln!(host.output, "       {}", style.dim(help)))?;
        }
    }
    Ok(())
}

/// Fetches until nothing waits. What fails is told and passed over; a full
/// disk ends it, since nothing else would fit either.
fn fetch_all(pulls: &mut Pulls, common: &Common, host: &mut Host<'_>) -> Outcome {
    let mut end = SUCCESS;
    while let Some(job) = pulls.next()? {
        match fetch(pulls, job.id, common, host) {
            Ok(done) => {
                if !common.json {
                    tell(&done, pulls, host)?;
                }
                if host.cancel.is_cancelled() {
                    end = code(&done);
                    break;
                }
            }
            Err(Failure::Error(error)) => {
                let over =
                    matches!(error.kind(), ErrorKind::ResourceExhausted | ErrorKind::Cancelled);
                if over {
                    return Err(Failure::Error(error));
                }
                end = UNHEALTHY;
                if !common.json {
                    show_broken(&format!("{} was not pulled", job.source), &error, host)?;
                }
            }
            Err(other) => return Err(other),
        }
    }
    if common.json {
        list(pulls, common, host)?;
    }
    Ok(end)
}
