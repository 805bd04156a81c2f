//! `mlx-code models convert`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use mlxcode_core::{ByteSize, ConvertOptions, ConvertTarget, ModelLibrary};

use crate::command::Common;
use crate::exit::{Outcome, written};
use crate::exit_code::SUCCESS;
use crate::host::Host;
use crate::output::json::{self, ConvertOutput};
use crate::output::progress::ProgressLine;

/// Makes a model in another format; the original stays.
pub fn run(
    library: &ModelLibrary,
    source: &str,
    to: &str,
    output: Option<PathBuf>,
    threads: Option<NonZeroUsize>,
    common: &Common,
    host: &mut Host<'_>,
) -> Outcome {
    let target: ConvertTarget = to.parse()?;
    let mut options = ConvertOptions::new(target);
    options.threads = threads;
    let from = &host.current_dir;
    let name = || ModelLibrary::converted_name(from, source, &options).into();
    let output = from.join(output.unwrap_or_else(name));
    let line = ProgressLine::new(host.live && !common.json);
    let made = library.convert(from, source, &output, &options, &line, &host.cancel);
    line.clear();
    let made = made?;
    if common.json {
        let document = ConvertOutput {
            path: made.path.display().to_string(),
            target: target.to_string(),
            size_bytes: made.size_bytes,
            tensors: made.tensors,
            resumed_tensors: made.resumed,
            lost: made.lost,
        };
        json::write(host, &document)?;
        return Ok(SUCCESS);
    }
    let (path, size) = (made.path.display(), ByteSize(made.size_bytes));
    written(writeln!(host.output, "{path}  {size}, {} weights", made.tensors))?;
    if made.resumed > 0 {
        let resumed = made.resumed;
        written(writeln!(host.output, "{resumed} of them were done by an earlier run"))?;
    }
    if !made.lost.is_empty() {
        written(writeln!(host.output, "what the original says and this does not:"))?;
    }
    for lost in &made.lost {
        written(writeln!(host.output, "  {lost}"))?;
    }
    Ok(SUCCESS)
}
