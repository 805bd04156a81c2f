//! A disk that fails, for tests.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

/// How the disk fails.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// One operation fails, the next ones work.
    Once(io::ErrorKind),
    /// Nothing works any more: the process is gone.
    Forever,
}

/// A disk on which the operation with one number fails, reading included.
#[derive(Clone)]
pub struct FaultyDisk {
    done: Arc<AtomicUsize>,
    fails_at: usize,
    fault: Option<Fault>,
    meanwhile: Arc<dyn Fn() + Send + Sync>,
}

impl fmt::Debug for FaultyDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FaultyDisk({:?} at {})", self.fault, self.fails_at)
    }
}

impl FaultyDisk {
    pub fn new(fails_at: usize, fault: Fault) -> Self {
        let meanwhile = Arc::new(|| {});
        Self { done: Arc::default(), fails_at, fault: Some(fault), meanwhile }
    }

    /// A disk that works, and somebody who does something before the operation
    /// with one number.
    pub fn with_intruder(at: usize, act: impl Fn() + Send + Sync + 'static) -> Self {
        Self { done: Arc::default(), fails_at: at, fault: None, meanwhile: Arc::new(act) }
    }

    /// A disk that works.
    pub fn sound() -> Self {
        Self::with_intruder(usize::MAX, || {})
    }

    /// Whether the operation was reached.
    pub fn was_reached(&self) -> bool {
        self.done.load(Ordering::SeqCst) > self.fails_at
    }

    fn step(&self) -> io::Result<()> {
        let number = self.done.fetch_add(1, Ordering::SeqCst);
        if number == self.fails_at {
            (self.meanwhile)();
        }
        match self.fault {
            Some(Fault::Once(kind)) if number == self.fails_at => Err(kind.into()),
            Some(Fault::Forever) if number >= self.fails_at => Err(io::ErrorKind::Other.into()),
            _ => Ok(()),
        }
    }
}

/// Waiting for the real disk is slow, and shows nothing while it works.
pub fn perform_without_waiting(op: DiskOp<'_>) -> io::Result<()> {
    match op {
        DiskOp::Sync(_) | DiskOp::SyncDir(_) => Ok(()),
        op => Disk.perform(op),
    }
}

impl FileLayer for FaultyDisk {
    fn read(&self, at: At<'_>) -> io::Result<Option<Stored>> {
        self.step()?;
        Disk.read(at)
    }

    fn check_writable(&self, at: At<'_>) -> io::Result<()> {
        self.step()?;
        Disk.check_writable(at)
    }

    fn open(&self, at: At<'_>, how: Opening) -> io::Result<File> {
        self.step()?;
        Disk.open(at, how)
    }

    fn perform(&self, op: DiskOp<'_>) -> io::Result<()> {
        let Err(error) = self.step() else { return perform_without_waiting(op) };
        if let DiskOp::Write { file, bytes } = op {
            // A full disk takes the first half, a killed process has written it.
            let _ = Disk.perform(DiskOp::Write { file, bytes: &bytes[..bytes.len() / 2] });
        }
        Err(error)
    }
}
