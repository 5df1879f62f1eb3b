//! Accepts connections, bounds how many there are and how long a request's head may take, and ends
//! them in order.
//!
//! A new connection is always accepted. When there are too many, one gives way that is between two
//! requests or has not finished the head of its first: idle connections can keep nobody out.
//!
//! HTTP/1.1 only: senders of alerts speak nothing else over plain connections.

use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::audit::Address;
use super::places::{Peer, Place, Places};
use crate::config::Server;

/// Pause after a failed accept, which mostly means that there are no file descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Files and connections that the rest of the host opens: the journal, tool servers, models, notifiers.
const OTHER_FILES: u64 = 1_024;

/// What one connection may hold in memory that nobody has read: its longest head, and of a body what
/// came with it.
const BUFFER: usize = 64 << 10;

/// Serves `router` until `shutdown`, then lets requests under way finish for at most `drain`.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    settings: &Server,
    stopping: watch::Sender<bool>,
    drain: Duration,
    shutdown: impl Future<Output = ()> + Send,
) {
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(settings.header_timeout).max_buf_size(BUFFER);
    make_room(settings.max_connections);
    let places = Places::new(settings.max_connections, 0);
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let (stream, address) = tokio::select! {
            () = &mut shutdown => break,
            accepted = accept(&listener) => match accepted {
                Some(accepted) => accepted,
                None => continue,
            },
        };
        while connections.try_join_next().is_some() {}
        let peer = Peer::from(address);
        // All of them are working, each within its quota; this one is closed without an answer.
        let Some(place) = places.take(peer).map(Arc::new) else { continue };
        let service = service(TowerToHyperService::new(router.clone()), Arc::clone(&place), address);
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        let mut stopped = stopping.subscribe();
        connections.spawn(async move {
            let mut connection = pin!(connection);
            let stop = async move { drop(stopped.wait_for(|stopped| *stopped).await) };
            tokio::select! {
                // Errors here are the other side's: it hung up, was too slow, or spoke no HTTP.
                _ = connection.as_mut() => {}
                () = place.pushed_out() => {}
                () = stop => {
                    connection.as_mut().graceful_shutdown();
                    let _ = connection.await;
                }
            }
        });
    }
    drop(listener);
    stopping.send_replace(true);
    let all = async { while connections.join_next().await.is_some() {} };
    if timeout(drain, all).await.is_err() {
        tracing::warn!(connections = connections.len(), "requests under way did not finish in time and are cut off");
        connections.abort_all();
    }
}

/// Lets this process have as many files open as its connections and everything else may be: where nobody asks, many systems
/// let it have 1,024.
fn make_room(connections: usize) {
    let wanted = OTHER_FILES.saturating_add(connections as u64);
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= wanted) {
        return;
    }
    let current = limit.maximum.map_or(wanted, |maximum| maximum.min(wanted));
    let made = setrlimit(Resource::Nofile, Rlimit { current: Some(current), ..limit });
    if current < wanted || made.is_err() {
        tracing::warn!(
            connections,
            files = current,
            "the system lets this host open fewer files than [server] max_connections may need: raise its hard limit (ulimit -Hn, LimitNOFILE=)"
        );
    }
}

async fn accept(listener: &TcpListener) -> Option<(TcpStream, IpAddr)> {
    match listener.accept().await {
        Ok((stream, address)) => {
            // Answers are small; waiting to fill a packet would only delay them.
            let _ = stream.set_nodelay(true);
            Some((stream, address.ip()))
        }
        Err(error) => {
            tracing::warn!(%error, "a connection could not be accepted");
            sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

/// Holds the connection's place while a request is worked on, and tells handlers who the peer is.
fn service(
    router: TowerToHyperService<Router>,
    place: Arc<Place>,
    address: IpAddr,
) -> impl Service<Request<Incoming>, Response = Response<Answer>, Error = Infallible, Future: Send> {
    service_fn(move |mut request: Request<Incoming>| {
        let working = Working::new(Arc::clone(&place));
        request.extensions_mut().insert(Peer::from(address));
        request.extensions_mut().insert(Address(address));
        let response = router.call(request);
        async move { response.await.map(|response| response.map(|body| Answer { body, _working: working })) }
    })
}

/// A request under way.
struct Working(Arc<Place>);

impl Working {
    fn new(place: Arc<Place>) -> Self {
        place.hold();
        Self(place)
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.0.wait();
    }
}

/// A response's body; the request is under way until its end.
struct Answer {
    body: axum::body::Body,
    _working: Working,
}

impl Body for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
