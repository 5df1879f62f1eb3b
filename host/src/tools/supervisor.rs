//! Keeps one server up: starts it, watches it, starts it again.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use rmcp::RoleClient;
use rmcp::model::{ClientRequest, PingRequest};
use rmcp::service::{Peer, PeerRequestOptions, ServiceError};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout};

use super::connect::{Client, Session};
use super::listed::Listed;
use super::process::with_words;
use super::server::{Phase, Server};

/// Pause before the first restart; each further one in a row doubles it.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// A server that ends sooner than this has not been up at all.
const SETTLED: Duration = Duration::from_secs(20);
/// How long a session may take to end.
const CLOSE: Duration = Duration::from_secs(3);

/// Runs until told to stop.
pub(super) async fn supervise(server: Arc<Server>, mut stop: watch::Receiver<bool>) {
    let mut failures: u32 = 0;
    let mut said = DownLog::default();
    loop {
        let changed = Arc::new(Notify::new());
        let started = tokio::select! {
            () = told(&mut stop) => break,
            started = start(&server, &changed) => started,
        };
        let since = Instant::now();
        let why = match started {
            Err(why) => why,
            Ok(session) => {
                let (why, stopped) = watch_over(&server, session, &changed, &mut stop).await;
                if stopped {
                    break;
                }
                if since.elapsed() >= SETTLED {
                    (failures, said) = (0, DownLog::default());
                }
                why
            }
        };
        let why = format!("the MCP server {} is down: {}", server.name(), server.clean(&why));
        said.say(server.name(), &why);
        server.state.send_modify(|state| {
            state.comes_to(Phase::Down);
            state.peer = None;
            state.error = Some(why);
            state.down_since.get_or_insert_with(Instant::now);
        });
        let pause = pause(failures, (server.jitter)());
        failures = failures.saturating_add(1);
        tokio::select! {
            () = told(&mut stop) => break,
            () = tokio::time::sleep(pause) => {}
        }
    }
    server.state.send_modify(|state| {
        state.comes_to(Phase::Stopped);
        state.peer = None;
    });
}

/// Tells of a server that is down: at once, and then ever more rarely while nothing changes.
#[derive(Default)]
struct DownLog {
    what: String,
    times: u32,
}

impl DownLog {
    fn say(&mut self, server: &str, why: &str) {
        if self.what == why {
            self.times = self.times.saturating_add(1);
        } else {
            *self = Self { what: why.to_string(), times: 1 };
        }
        match self.times {
            1 => tracing::warn!(server, "{why}"),
            times if times.is_power_of_two() => tracing::warn!(server, times, "{why}; it was tried {times} times"),
            times => tracing::debug!(server, times, "{why}"),
        }
    }
}

/// Comes back when everything is to end; also when nobody could say so any more.
async fn told(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Between half and the whole of a pause that doubles with each failure in a row.
fn pause(failures: u32, jitter: f64) -> Duration {
    let whole = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(failures.min(16))).min(LONGEST_PAUSE);
    whole.mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0)
}

async fn start(server: &Arc<Server>, changed: &Arc<Notify>) -> Result<Session, String> {
    let opening = async {
        let session = server.connect.connect(Client { changed: changed.clone() }).await?;
        if let Err(why) = list(server, session.service.peer()).await {
            let words = session.process.as_ref().map(|process| process.last_words());
            return Err(with_words(why, &words.unwrap_or_default()));
        }
        Ok(session)
    };
    let seconds = server.times.start.as_secs_f32();
    let session = timeout(server.times.start, opening)
        .await
        .map_err(|_| format!("it did not start and list its tools within {seconds} s"))??;
    server.state.send_modify(|state| {
        state.comes_to(Phase::Ready);
        state.peer = Some(session.service.peer().clone());
        state.session += 1;
        (state.doubted, state.down_since) = (false, None);
    });
    tracing::info!(server = server.name(), tools = server.status().tools, "MCP server is ready");
    Ok(session)
}

/// Reads the tools and puts them into the catalogue of all servers.
async fn list(server: &Server, peer: &Peer<RoleClient>) -> Result<(), String> {
    let listed =
        Listed::of(peer, server.name()).await.map_err(|error| format!("its tools cannot be listed: {error}"))?;
    let identity = peer.peer_info().and_then(|info| info.server_info.as_ref().map(|name| name.name.clone()));
    let (tools, news) = {
        let mut faces = server.faces.lock().unwrap_or_else(PoisonError::into_inner);
        faces.take(&server.definition, identity.as_deref().unwrap_or_default(), listed)
    };
    for sentence in news {
        tracing::error!(server = server.name(), "{sentence}");
    }
    server.catalogues.put(server.name(), tools);
    Ok(())
}

/// Watches a session until it ends. Says why, and whether that was wanted.
async fn watch_over(
    server: &Arc<Server>,
    session: Session,
    changed: &Notify,
    stop: &mut watch::Receiver<bool>,
) -> (String, bool) {
    let Session { service, process } = session;
    let peer = service.peer().clone();
    let cancel = service.cancellation_token();
    let mut ended = Box::pin(service.waiting());
    let mut missed = 0;
    let (mut why, mut stopped, mut over) = (String::new(), false, false);
    while why.is_empty() && !stopped {
        tokio::select! {
            () = told(stop) => stopped = true,
            _ = &mut ended => {
                why = "it closed the connection".to_string();
                over = true;
            }
            () = changed.notified() => {
                match timeout(server.times.start, list(server, &peer)).await {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => why = error,
                    Err(_) => why = "it does not list its tools any more".to_string(),
                }
            }
            idle = idle(server) => match there(server, &peer, idle).await {
                Ok(()) => {
                    missed = 0;
                    server.trust();
                }
                Err(()) if missed == 0 => missed = 1,
                Err(()) => why = "it does not answer any more".to_string(),
            }
        }
    }
    server.state.send_modify(|state| state.peer = None);
    cancel.cancel();
    if !over {
        // The session must be over before the process is waited for: that closes its input.
        let _ = timeout(CLOSE, &mut ended).await;
    }
    drop(ended);
    if let Some(process) = process {
        why = process.end(why).await;
    }
    (why, stopped)
}

/// Comes back when it is time to ask whether the server is there: after a while, or at once when a
/// caller has doubts.
async fn idle(server: &Server) -> bool {
    tokio::select! {
        () = server.doubt.notified() => false,
        () = tokio::time::sleep(server.times.check) => true,
    }
}

async fn there(server: &Server, peer: &Peer<RoleClient>, idle: bool) -> Result<(), ()> {
    if idle && server.busy.load(Ordering::Relaxed) > 0 && !server.state.borrow().doubted {
        return Ok(());
    }
    let asking = async {
        let request = ClientRequest::PingRequest(PingRequest::default());
        peer.send_cancellable_request(request, PeerRequestOptions::with_timeout(server.times.ping))
            .await?
            .await_response()
            .await
    };
    match timeout(server.times.ping + Duration::from_secs(1), asking).await {
        // An error is an answer as well.
        Ok(Ok(_) | Err(ServiceError::McpError(_) | ServiceError::UnexpectedResponse)) => Ok(()),
        Ok(Err(_)) | Err(_) => {
            server.doubt.notify_one();
            Err(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_are_spread_and_have_an_end() {
        assert_eq!(pause(0, 0.0), Duration::from_millis(250));
        assert_eq!(pause(0, 1.0), Duration::from_millis(500));
        assert_eq!(pause(3, 1.0), Duration::from_secs(4));
        assert_eq!(pause(40, 7.0), LONGEST_PAUSE);
    }
}
