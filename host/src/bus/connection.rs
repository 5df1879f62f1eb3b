//! Connects: for ever until it succeeds, and after that the library does.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_nats::jetstream::{self, Context};
use async_nats::{AuthError, Client, ConnectOptions, Event, ServerAddr};

use super::access::{Access, Authenticator};
use super::publish::ANSWER;
use super::status::{MessageOutcome, Status};
use super::{Bus, server_version};
use crate::network;

/// The shortest and the longest pause between two attempts.
const PAUSE: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(30);
/// Longest time that the server may be silent before a connection is held for dead, twice.
const PING: Duration = Duration::from_secs(20);
/// Messages of a subscription that wait here before others are missed.
const WAITING: usize = 8_192;

/// The client, and the way to streams.
pub(super) struct Connection {
    pub client: Client,
    pub streams: Context,
}

/// A connection, when there is one.
pub(super) async fn connected(bus: &Bus) -> Connection {
    // The library asks for a provider of TLS that somebody has installed.
    network::install_provider();
    let mut pause = PAUSE;
    loop {
        match connect(bus).await {
            Ok(client) => {
                server_version::check(&bus.settings, &bus.status, &client);
                return Connection { streams: streams(bus, &client), client };
            }
            Err(why) => bus.status.connect_failed(&why),
        }
        bus.clock.sleep(pause).await;
        pause = (pause * 2).min(LONGEST);
    }
}

fn streams(bus: &Bus, client: &Client) -> Context {
    // Who waits for an answer says how long.
    let context = jetstream::context::ContextBuilder::new().ack_timeout(ANSWER * 2);
    match &bus.settings.domain {
        Some(domain) => context.domain(domain).build(client.clone()),
        None => context.build(client.clone()),
    }
}

async fn connect(bus: &Bus) -> Result<Client, String> {
    let access = Access::read(&bus.settings, bus.environment.as_ref())?;
    access.auth(b"")?;
    let servers: Result<Vec<ServerAddr>, _> = access.servers.iter().map(|server| server.url.parse()).collect();
    let servers = servers.map_err(|error| error.to_string())?;
    let encrypted = access.servers.iter().any(|server| server.url.starts_with("tls://"));
    let client = options(bus, access).connect(servers).await;
    client.map_err(|error| {
        let mut text = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(error) = cause {
            let more = error.to_string();
            if !text.contains(&more) {
                text = format!("{text}: {more}");
            }
            cause = error.source();
        }
        match advice(&text, encrypted, bus.settings.tls.first) {
            Some(advice) => format!("{advice} ({text})"),
            None => text,
        }
    })
}

/// What is wrong where one side speaks TLS and the other one does not, or trusts nobody, and what to do.
fn advice(text: &str, encrypted: bool, first: bool) -> Option<&'static str> {
    let says = |part: &str| text.contains(part);
    if says("InvalidContentType") {
        return Some(if first {
            "the server does not begin with TLS: leave out tls_first, or set handshake_first at the server"
        } else if encrypted {
            "the server speaks no TLS: write nats:// in place of tls:// or https://, or switch TLS on at the server"
        } else {
            "the server asks for TLS and speaks none; look at its configuration"
        });
    }
    if says("UnknownIssuer") || says("CaUsedAsEndEntity") {
        return Some("the certificate of the server is from nobody who is trusted: name the authority with ca");
    }
    if says("NotValidForName") {
        return Some(
            "the certificate of the server is for another name: use the name that stands in it as the address",
        );
    }
    if says("CertificateRequired") || says("HandshakeFailure") {
        return Some("the server wants a certificate of the host: name one with certificate and key");
    }
    if !first && (says("timed out") || says("expected INFO, got nothing")) {
        return Some("the server says nothing: where it begins with TLS (handshake_first), set tls_first = true");
    }
    None
}

fn options(bus: &Bus, access: Access) -> ConnectOptions {
    let (status, clock) = (Arc::clone(&bus.status), Arc::clone(&bus.clock));
    let tls = &bus.settings.tls;
    let authenticator = Arc::new(Authenticator {
        settings: bus.settings.clone(),
        environment: Arc::clone(&bus.environment),
        last: Mutex::new(access),
        status: Arc::clone(&bus.status),
        clock: Arc::clone(&bus.clock),
    });
    let auth = move |nonce: Vec<u8>| std::future::ready(authenticator.auth(&nonce).map_err(AuthError::new));
    let mut options = ConnectOptions::with_auth_callback(auth)
        .name(format!("tidegate {}", bus.settings.name))
        .ping_interval(PING)
        .subscription_capacity(WAITING)
        .event_callback(move |event| {
            note(&status, &event, clock.elapsed());
            std::future::ready(())
        });
    if !bus.settings.discover {
        options = options.ignore_discovered_servers();
    }
    if let Some(ca) = &tls.ca {
        options = options.add_root_certificates(ca.clone());
    }
    if let Some((certificate, key)) = &tls.own {
        options = options.add_client_certificate(certificate.clone(), key.clone());
    }
    if tls.first {
        options = options.tls_first();
    }
    options
}

fn note(status: &Status, event: &Event, elapsed: Duration) {
    match event {
        Event::Connected => status.connected(),
        Event::Disconnected | Event::Closed => status.disconnected(),
        // One for each message, so it is counted and not told.
        Event::SlowConsumer(_) => status.add(MessageOutcome::Missed, 1),
        Event::LameDuckMode => tracing::info!("the server of the bus is about to stop"),
        other => {
            let text = other.to_string();
            status.violations.record(&text);
            status.server_error(&text, elapsed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_tls_says_what_to_do() {
        for (text, encrypted, first, part) in [
            ("IO error: received corrupt message of type InvalidContentType", true, false, "write nats://"),
            ("IO error: received corrupt message of type InvalidContentType", true, true, "leave out tls_first"),
            ("invalid peer certificate: UnknownIssuer", false, false, "with ca"),
            ("timed out", false, false, "tls_first = true"),
            ("connection refused", true, false, ""),
            ("timed out", true, true, ""),
        ] {
            assert!(advice(text, encrypted, first).unwrap_or_default().contains(part), "{text}");
        }
        assert_eq!(advice("connection refused", true, false), None);
    }
}
