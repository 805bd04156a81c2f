//! `mlx-code sessions search`.

use mlxcode_core::SessionStore;

use crate::args::SessionsSearch;
use crate::command::Common;
use crate::exit::{Outcome, written};
use crate::exit_code::SUCCESS;
use crate::host::Host;
use crate::output::json::{self, SessionHitsOutput};
use crate::output::{Style, time, visible};

/// Shows where words were said.
pub fn run(
    store: &SessionStore,
    args: &SessionsSearch,
    common: &Common,
    host: &mut Host<'_>,
) -> Outcome {
    let hits = store.search(&args.query, args.limit)?;
    if common.json {
        json::write(host, &SessionHitsOutput { hits: hits.into_iter().map(Into::into).collect() })?;
        return Ok(SUCCESS);
    }
    if hits.is_empty() {
        written(writeln!(host.messages, "nothing of it was said"))?;
    }
    let style = Style::for_output(host);
    for hit in hits {
        let place = style.place(format!("{} turn {}", hit.session, hit.turn));
        let when = style.dim(time::utc(hit.time_ms));
        written(writeln!(host.output, "{place}  {when}  {}", style.strong(&hit.label)))?;
        written(writeln!(host.output, "  {}", visible(hit.snippet)))?;
    }
    Ok(SUCCESS)
}
