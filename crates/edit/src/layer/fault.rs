//! A disk that fails, for tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

/// How the disk fails.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// One operation fails, the next ones work.
    Once(io::ErrorKind),
    /// Nothing works any more: the power is gone.
    Forever,
}

/// A disk on which the operation with one number fails, reading included.
#[derive(Clone, Debug)]
pub struct FaultyDisk {
    done: Arc<AtomicUsize>,
    fails_at: usize,
    fault: Fault,
}

impl FaultyDisk {
    pub fn new(fails_at: usize, fault: Fault) -> Self {
        Self { done: Arc::default(), fails_at, fault }
    }

    /// Whether the failing operation was reached.
    pub fn has_failed(&self) -> bool {
        self.done.load(Ordering::SeqCst) > self.fails_at
    }

    fn step(&self) -> io::Result<()> {
        let number = self.done.fetch_add(1, Ordering::SeqCst);
        match self.fault {
            Fault::Once(kind) if number == self.fails_at => Err(kind.into()),
            Fault::Forever if number >= self.fails_at => Err(io::ErrorKind::Other.into()),
            _ => Ok(()),
        }
    }
}

impl FileLayer for FaultyDisk {
    fn read(&self, path: &Path) -> io::Result<Option<Stored>> {
        self.step()?;
        Disk.read(path)
    }

    fn check_writable(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        Disk.check_writable(path)
    }

    fn perform(&self, op: DiskOp<'_>) -> io::Result<()> {
        let Err(error) = self.step() else { return Disk.perform(op) };
        if let DiskOp::WriteNew { path, bytes, traits } = op {
            // A full disk takes the first half.
            let _ = write_new(path, &bytes[..bytes.len() / 2], traits);
        }
        Err(error)
    }
}
