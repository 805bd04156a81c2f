//! The connection of one request, and who gives it back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use ureq::Agent;

use crate::client::Client;

/// The threads of a request.
const SIDES: usize = 2;

/// The connections that a request has for itself while its two threads work.
///
/// Another request may use them once both threads have come to the end of the
/// answer. A thread that ends before that closes them; the other may have read
/// the whole answer already, so neither can decide alone.
pub struct Loan {
    client: Arc<Client>,
    agent: Agent,
    /// Threads that came to the end.
    at_end: AtomicUsize,
    /// Nobody listens any more.
    gone: AtomicBool,
}

impl Loan {
    pub fn new(client: &Arc<Client>) -> Self {
        let (client, agent) = (Arc::clone(client), client.lend());
        Self { client, agent, at_end: AtomicUsize::new(0), gone: AtomicBool::new(false) }
    }

    pub fn agent(&self) -> &Agent {
        &self.agent
    }

    /// Whether nobody listens any more.
    pub fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Acquire)
    }

    /// Nobody listens any more; an answer that is still on its way is not
    /// wanted, which closing the connection tells the server.
    pub fn leave(&self, at_end: bool) {
        self.gone.store(true, Ordering::Release);
        if at_end {
            self.came_to_end();
        } else {
            self.agent.clone().shutdown();
        }
    }

    /// One of the threads has come to the end of the answer.
    pub fn came_to_end(&self) {
        if self.at_end.fetch_add(1, Ordering::AcqRel) + 1 == SIDES {
            self.client.give_back(self.agent.clone());
        }
    }
}
