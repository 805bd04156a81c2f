//! One thread that all servers are asked on, and the way to it from threads
//! that wait.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use mlxcode_base::CancelToken;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::call::ToolProgress;
use crate::error::{Error, Result};

/// How often somebody who waits looks whether to stop.
const PAUSE: Duration = Duration::from_millis(10);

/// How long work that was stopped may take to tell its server.
const STOPPING: Duration = Duration::from_secs(1);

/// How long what is left over on the thread may take when all is done.
const LEFT_OVER: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(crate) struct Runtime {
    handle: Handle,
    quit: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

/// What comes to who waits.
enum Message<T> {
    Progress(ToolProgress),
    Done(Result<T>),
}

/// Where work tells how far it is, and hears that it is to stop.
pub(crate) struct Surroundings {
    pub(crate) stop: CancellationToken,
    pub(crate) progress: Box<dyn Fn(ToolProgress) + Send + Sync>,
}

impl Runtime {
    pub(crate) fn start() -> Result<Self> {
        let failed = |error: std::io::Error| Error::Runtime { reason: error.to_string() };
        let runtime = Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let handle = runtime.handle().clone();
        let (quit, asked_to_quit) = oneshot::channel();
        let thread = thread::Builder::new()
            .name("mcp".to_owned())
            .spawn(move || {
                let _ = runtime.block_on(asked_to_quit);
                runtime.shutdown_timeout(LEFT_OVER);
            })
            .map_err(failed)?;
        Ok(Self { handle, quit: Some(quit), thread: Some(thread) })
    }

    /// Does work on the thread and waits for it. `heard` is called here, on
    /// the thread that waits.
    pub(crate) fn run<T, F>(
        &self,
        cancel: &CancelToken,
        work: impl FnOnce(Surroundings) -> F,
        heard: &mut dyn FnMut(ToolProgress),
    ) -> Result<T>
    where
        T: Send + 'static,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let (sender, receiver) = channel();
        let stop = CancellationToken::new();
        let surroundings =
            Surroundings { stop: stop.clone(), progress: Box::new(teller(sender.clone())) };
        let work = work(surroundings);
        let task = self.handle.spawn(async move {
            let _ = sender.send(Message::Done(work.await));
        });
        let mut stopped: Option<Instant> = None;
        loop {
            match receiver.recv_timeout(PAUSE) {
                Ok(Message::Progress(progress)) => heard(progress),
                Ok(Message::Done(result)) => return result,
                // The task is gone without a word: the thread has ended.
                Err(RecvTimeoutError::Disconnected) => return Err(Error::Cancelled),
                Err(RecvTimeoutError::Timeout) => {}
            }
            match stopped {
                None if cancel.is_cancelled() => {
                    stop.cancel();
                    stopped = Some(Instant::now());
                }
                Some(since) if since.elapsed() > STOPPING => {
                    task.abort();
                    return Err(Error::Cancelled);
                }
                _ => {}
            }
        }
    }

    /// Does work on the thread that nobody waits for.
    pub(crate) fn spawn<F>(&self, work: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.handle.spawn(work);
    }

    /// Does work on the thread and waits for it, but not for ever: a process
    /// that waits inside a driver is not gone before the driver lets it.
    pub(crate) fn finish<F>(&self, limit: Duration, work: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (sender, receiver) = channel();
        self.handle.spawn(async move {
            work.await;
            let _ = sender.send(());
        });
        let _ = receiver.recv_timeout(limit);
    }
}

fn teller<T>(sender: Sender<Message<T>>) -> impl Fn(ToolProgress) + Send + Sync
where
    T: Send + 'static,
{
    move |progress| {
        let _ = sender.send(Message::Progress(progress));
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        if let Some(quit) = self.quit.take() {
            let _ = quit.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
