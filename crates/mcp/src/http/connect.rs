use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tower_service::Service;

use super::target::is_loopback;
use crate::options::NetworkPolicy;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(15);

/// How long an unused connection is kept.
const IDLE: Duration = Duration::from_secs(30);

pub(super) type Connector = HttpsConnector<HttpConnector<Resolver>>;

pub(super) fn client(network: NetworkPolicy) -> Client<Connector, Full<Bytes>> {
    let mut http =
        HttpConnector::new_with_resolver(Resolver { network, system: GaiResolver::new() });
    http.enforce_http(false);
    http.set_connect_timeout(Some(CONNECT));
    http.set_nodelay(true);
    let https = HttpsConnectorBuilder::new()
        .with_tls_config(tls())
        .https_or_http()
        .enable_http1()
        .wrap_connector(http);
    Client::builder(TokioExecutor::new())
        .pool_idle_timeout(IDLE)
        .pool_timer(TokioTimer::new())
        .build(https)
}

/// The program's one way to encrypt, named here: other crates may bring
/// another, and rustls would not choose then.
fn tls() -> rustls::ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let config = rustls::ClientConfig::builder_with_provider(provider);
    let config = match config.with_safe_default_protocol_versions() {
        Ok(config) => config,
        // ring offers both versions of TLS that are safe.
        Err(_) => rustls::ClientConfig::builder(),
    };
    config.with_root_certificates(roots).with_no_client_auth()
}

/// Gives the addresses of a name. `localhost` is this machine, whatever the
/// system says; and where only this machine may be asked, nothing else is
/// resolved.
#[derive(Clone)]
pub(super) struct Resolver {
    network: NetworkPolicy,
    system: GaiResolver,
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        if is_loopback(name.as_str()) {
            let here = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
            let here = here.map(|address| SocketAddr::new(address, 0)).to_vec();
            return Box::pin(async { Ok(here.into_iter()) });
        }
        if self.network != NetworkPolicy::Allowed {
            return Box::pin(async { Err(io::ErrorKind::PermissionDenied.into()) });
        }
        let addresses = self.system.call(name);
        Box::pin(async { Ok(addresses.await?.collect::<Vec<_>>().into_iter()) })
    }
}
