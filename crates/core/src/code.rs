use mlxcode_base::{CancelToken, Diagnostic as _, ErrorKind, Progress};
use mlxcode_context::{
    Budget, CodeBase, CodeIndex, CodeSource, PackRequest, PackedContext, Skipped,
};

use crate::error::Result;
use crate::index::index_is_at_fault;
use crate::workspace::Workspace;

/// The code of a workspace, by its index or in memory.
pub(crate) enum Code {
    Index { index: Box<CodeIndex>, skipped: Skipped },
    Memory(CodeBase),
}

impl Workspace {
    /// The code by its index, which is brought up to date; where the index
    /// cannot be used, by reading the tree.
    pub(crate) fn code(&self, cancel: &CancelToken, progress: &dyn Progress) -> Result<Code> {
        match self.updated_index(cancel, progress) {
            Ok((index, updated)) => {
                let skipped = updated.map(|updated| updated.skipped).unwrap_or_default();
                Ok(Code::Index { index: Box::new(index), skipped })
            }
            // What the tree itself is to blame for comes again.
            Err(error) if index_is_at_fault(&error) => Ok(Code::Memory(self.scan(cancel)?)),
            Err(error) => Err(error),
        }
    }

    /// As [`code`](Self::code), with what that gave before, where it can be
    /// brought up to date.
    pub(crate) fn code_again(&self, before: Option<Code>, cancel: &CancelToken) -> Result<Code> {
        let Some(Code::Index { index, mut skipped }) = before else {
            return self.code(cancel, &());
        };
        match index.try_update(cancel, &()) {
            Ok(updated) => {
                if let Some(updated) = updated {
                    skipped = updated.skipped;
                }
                Ok(Code::Index { index, skipped })
            }
            Err(error) if error.kind() == ErrorKind::Cancelled => Err(error.into()),
            // Opened anew, it is mended, or the tree is read.
            Err(_) => self.code(cancel, &()),
        }
    }

    /// As [`code`](Self::code), but reads the tree where there is no index:
    /// that takes a tenth of the time of building one.
    pub(crate) fn code_at_once(&self, cancel: &CancelToken) -> Result<Code> {
        match self.index().and_then(|index| Ok(index.file_count()?)) {
            Ok(1..) => self.code(cancel, &()),
            _ => Ok(Code::Memory(self.scan(cancel)?)),
        }
    }
}

impl Code {
    pub(crate) fn source(&self) -> CodeSource<'_> {
        match self {
            Self::Index { index, skipped } => CodeSource::of_index(index, *skipped),
            Self::Memory(code) => CodeSource::from(code),
        }
    }

    pub(crate) fn is_empty(&self) -> Result<bool> {
        Ok(match self {
            Self::Index { index, .. } => index.file_count()? == 0,
            Self::Memory(code) => code.file_count() == 0,
        })
    }

    pub(crate) fn pack(
        &self,
        request: &PackRequest<'_>,
        budget: &Budget<'_>,
    ) -> Result<PackedContext> {
        self.mended(&request.cancel, |source| Ok(source.pack(request, budget)?))
    }

    /// Asks something of the code; where that shows that the index is damaged,
    /// it is built anew and asked again.
    pub(crate) fn mended<T>(
        &self,
        cancel: &CancelToken,
        ask: impl Fn(CodeSource<'_>) -> Result<T>,
    ) -> Result<T> {
        match (ask(self.source()), self) {
            (Err(error), Self::Index { index, .. }) if error.kind() == ErrorKind::Corrupt => {
                index.update(cancel, &())?;
                ask(self.source())
            }
            (asked, _) => asked,
        }
    }
}
