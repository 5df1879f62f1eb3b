//! `[server]`: where and how the host listens.

use std::net::SocketAddr;
use std::time::Duration;

use serde::Deserialize;

use super::auth::{self, Auth};
use super::oidc::{Oidc, RawOidc};
use super::problem::Report;
use super::unit::{Period, Size, Text};

/// The HTTP server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Address and port.
    pub listen: SocketAddr,
    /// What callers of the API must prove.
    pub auth: Option<Auth>,
    /// Where people sign in besides.
    pub oidc: Option<Oidc>,
    /// Largest accepted body.
    pub max_body: Size,
    /// How long a sender may take for its request's head.
    pub header_timeout: Duration,
    /// How long a sender may take for its request's body.
    pub body_timeout: Duration,
    /// Requests that are worked on at once; one more is told to come back.
    pub max_requests: usize,
    /// Connections that are open at once; one more waits.
    pub max_connections: usize,
    /// How long a stop waits for calls and messages under way.
    pub stop_timeout: Duration,
}

impl Default for Server {
    fn default() -> Self {
        Raw::default().build(&mut |_, _| {})
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Raw {
    listen: Option<Listen>,
    auth: Option<auth::Raw>,
    oidc: Option<RawOidc>,
    max_body: Option<Size>,
    header_timeout: Option<Period>,
    body_timeout: Option<Period>,
    max_requests: Option<usize>,
    max_connections: Option<usize>,
    stop_timeout: Option<Period>,
}

struct Listen(SocketAddr);

impl<'de> Deserialize<'de> for Listen {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let what = "an address with a port, such as \"127.0.0.1:10000\" or \"[::1]:10000\"";
        deserializer.deserialize_str(Text { what, parse: |text| parse_listen(text).map(Listen) })
    }
}

/// Reads `127.0.0.1:10000`, `[::1]:10000` or `localhost:10000`.
pub fn parse_listen(text: &str) -> Option<SocketAddr> {
    match text.strip_prefix("localhost:") {
        Some(port) => Some(SocketAddr::from(([127, 0, 0, 1], port.parse().ok()?))),
        None => text.parse().ok(),
    }
}

impl Raw {
    pub fn build(self, report: &mut Report) -> Server {
        let auth = self.auth.and_then(|raw| raw.build(&["server", "auth"], report));
        if let Some(unfit) = auth.as_ref().and_then(Auth::unfit_for_the_api) {
            report(&["server", "auth"], unfit);
        }
        for (key, value) in [("max_requests", self.max_requests), ("max_connections", self.max_connections)] {
            if value == Some(0) {
                report(&["server", key], "at least 1, or nothing could ever come in".into());
            }
        }
        let oidc = self.oidc.and_then(|raw| raw.build(report));
        let seconds = |period: Option<Period>, default| period.map_or(Duration::from_secs(default), |p| p.0);
        Server {
            listen: self.listen.map_or(SocketAddr::from(([127, 0, 0, 1], 10_000)), |listen| listen.0),
            auth,
            oidc,
            max_body: self.max_body.unwrap_or(Size(8 << 20)),
            header_timeout: seconds(self.header_timeout, 10),
            body_timeout: seconds(self.body_timeout, 15),
            max_requests: self.max_requests.unwrap_or(256),
            max_connections: self.max_connections.unwrap_or(1024),
            stop_timeout: seconds(self.stop_timeout, 30),
        }
    }
}
