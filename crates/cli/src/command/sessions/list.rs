//! `mlx-code sessions list`.

use mlxcode_core::{InputError, SessionFilter, SessionStore};

use crate::args::SessionsList;
use crate::command::Common;
use crate::exit::{Outcome, written};
use crate::exit_code::SUCCESS;
use crate::host::Host;
use crate::output::json::{self, SessionOutput, SessionsOutput};
use crate::output::{table, time};

/// Lists the sessions.
pub fn run(
    store: &SessionStore,
    args: &SessionsList,
    common: &Common,
    host: &mut Host<'_>,
) -> Outcome {
    let mut filter = SessionFilter::default();
    filter.text.clone_from(&args.text);
    filter.limit = args.limit;
    if let Some(since) = &args.since {
        let wrong = || InputError::BadTime { text: since.clone() };
        filter.since_ms = Some(time::since(since, time::now_ms()).ok_or_else(wrong)?);
    }
    let sessions = store.list(&filter)?;
    if common.json {
        let sessions = sessions.iter().map(SessionOutput::new).collect();
        json::write(host, &SessionsOutput { sessions })?;
        return Ok(SUCCESS);
    }
    if sessions.is_empty() {
        written(writeln!(host.messages, "there is no such session"))?;
        return Ok(SUCCESS);
    }
    let head = ["id", "turns", "tokens", "last used", "name", "title"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(sessions.into_iter().map(|one| {
        vec![
            one.id.to_string(),
            one.turns.to_string(),
            (one.prompt_tokens + one.completion_tokens).to_string(),
            time::utc(one.updated_ms),
            one.name.unwrap_or_default(),
            one.title,
        ]
    }));
    table::show(host, &rows, &[1, 2])?;
    Ok(SUCCESS)
}
