//! A generation that another machine makes.
//!
//! Two threads work on it. One speaks with the server and may block in a
//! socket; the other hands its words on, keeps the limits on time, and looks
//! every few milliseconds whether the reader has cancelled: then it closes the
//! connection, which tells the server, and need not wait for the first.

mod asking;
mod driver;
mod loan;

use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread::Builder;

use mlxcode_base::CancelToken;
use mlxcode_models::{Generation, generation_channel};

use crate::client::Client;
use crate::error::ProviderError;
use crate::exchange::{Exchange, Said};
use crate::stop::StopFilter;
use asking::Asking;
use driver::Driver;
use loan::Loan;

/// Steps that may wait between the threads. The reader's queue behind them is
/// bounded by the bytes of an answer.
const STEPS: usize = 64;

/// What the thread at the socket tells the other.
enum Step {
    /// A request goes out.
    Asked,
    /// The server has begun to answer.
    Begun,
    /// Bytes came.
    Alive,
    Said(Said),
    Failed(ProviderError),
}

/// Starts to ask.
pub fn run(
    client: &Arc<Client>,
    exchange: impl Exchange,
    stop: &[String],
    cancel: CancelToken,
    estimate: usize,
) -> Result<Generation, ProviderError> {
    client.check_network()?;
    let (sender, generation) = generation_channel(cancel);
    let (to, from) = sync_channel(STEPS);
    let loan = Arc::new(Loan::new(client));
    let asking = Asking {
        client: Arc::clone(client),
        loan: Arc::clone(&loan),
        to,
        exchange: Box::new(exchange),
        whole: false,
    };
    let driver = Driver::new(Arc::clone(client), sender, StopFilter::new(stop), estimate);
    let no_thread = |_| ProviderError::Unreachable {
        provider: client.provider.clone(),
        host: client.address.host().to_owned(),
        reason: "the system starts no thread".to_owned(),
    };
    let name = || Builder::new().name("mlx-code provider".to_owned());
    name().spawn(move || asking.ask()).map_err(no_thread)?;
    let driving = name().spawn(move || {
        let at_end = driver.drive(&from);
        loan.leave(at_end);
    });
    driving.map_err(no_thread)?;
    Ok(generation)
}
