//! Connects: for ever until it succeeds, and after that the library does.

use std::sync::Arc;
use std::time::Duration;

use async_nats::{Client, ConnectOptions, Event, ServerAddr};

use super::status::{Status, What};
use super::{Bus, Login};
use crate::network;

/// The shortest and the longest pause between two attempts.
const PAUSE: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(30);
/// Longest time that the server may be silent before a connection is held for dead, twice.
const PING: Duration = Duration::from_secs(20);
/// Messages of a subscription that wait here before others are missed.
const WAITING: usize = 8_192;

/// The client, when there is one.
pub(super) async fn connected(bus: &Bus) -> Client {
    // The library asks for a provider of TLS that somebody has installed.
    network::install_provider();
    let mut pause = PAUSE;
    loop {
        match connect(bus).await {
            Ok(client) => return client,
            Err(why) => bus.status.unconnected(&why),
        }
        bus.clock.sleep(pause).await;
        pause = (pause * 2).min(LONGEST);
    }
}

async fn connect(bus: &Bus) -> Result<Client, String> {
    let servers: Result<Vec<ServerAddr>, _> = bus.servers.iter().map(|server| server.url.parse()).collect();
    let servers = servers.map_err(|error| error.to_string())?;
    let client = options(bus)?.connect(servers).await;
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
        text
    })
}

fn options(bus: &Bus) -> Result<ConnectOptions, String> {
    let (status, clock) = (Arc::clone(&bus.status), Arc::clone(&bus.clock));
    let tls = &bus.settings.tls;
    let mut options = ConnectOptions::new()
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
    Ok(match &bus.login {
        Login::Open => of_addresses(bus, options),
        Login::User(user, password) => options.user_and_password(user.clone(), password.expose().into()),
        Login::Token(token) => options.token(token.expose().into()),
        Login::Nkey(seed) => options.nkey(seed.expose().trim().into()),
        // The library reads lines that end; what is read of a file as a secret has lost the end of its last one.
        Login::Credentials(text) => options
            .credentials(&format!("{}\n", text.expose().trim_end()))
            .map_err(|_| "the credentials hold no JWT and seed, as `nsc generate creds` writes them".to_string())?,
    })
}

/// What the first address says of who the host is. The servers of one bus know the same people.
fn of_addresses(bus: &Bus, options: ConnectOptions) -> ConnectOptions {
    match bus.servers.iter().find_map(|server| server.login.clone()) {
        Some((user, Some(password))) => options.user_and_password(user, password),
        Some((token, None)) => options.token(token),
        None => options,
    }
}

fn note(status: &Status, event: &Event, elapsed: Duration) {
    match event {
        Event::Connected => status.connected(),
        Event::Disconnected | Event::Closed => status.lost(),
        // One for each message, so it is counted and not told.
        Event::SlowConsumer(_) => status.add(What::Missed, 1),
        Event::LameDuckMode => tracing::info!("the server of the bus is about to stop"),
        other => status.objects(&other.to_string(), elapsed),
    }
}
