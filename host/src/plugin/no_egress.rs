//! What plugins say of their settings, and what the host would refuse them, before anything is sent: each is called
//! once as in the field, while nothing leaves the host.
//!
//! A source decodes a body that holds nothing. A notifier delivers a sample message, and whatever it sends is held
//! against grants and addresses and then stays here. A remediation says what it offers as it is loaded, which reads
//! its settings. What counts is that one says it is misconfigured: the rest is a matter of the input or of the other
//! side.

use futures::future::BoxFuture;
use jiff::Timestamp;

use super::error::{Failure, Problem};
use super::grants::Origin;
use super::kind::CallError;
use super::registry::Plugins;
use super::transport::{HttpRequest, HttpResponse, Transport, TransportError};
use super::unit::{CallableUnit, subject};
use super::{BusTransport, MailTransport};
use crate::bus::{Publication, Published, Unsent};
use crate::network::check_literal;
use crate::network::smtp::{AcceptedMail, Mail, Server, SmtpError};
use crate::ports::{Inbound, Message};

/// A network that nothing leaves. What would be refused for its address is.
#[derive(Clone, Copy, Debug)]
pub struct NoEgress;

const NOTHING_SENT: &str = "nothing is sent while the configuration is checked";

impl Transport for NoEgress {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, TransportError>> {
        Box::pin(async move {
            check_literal(&request.url, request.private)
                .map_err(|refused| TransportError::Refused(refused.to_string()))?;
            let private = Origin::of(&request.url).is_some_and(|origin| origin.is_private_address());
            if private && !request.private {
                let host = request.url.host_str().unwrap_or_default();
                return Err(TransportError::Refused(format!("{host} is this machine")));
            }
            Err(TransportError::Unreachable(NOTHING_SENT.into()))
        })
    }

    fn leaves(&self) -> bool {
        false
    }
}

impl MailTransport for NoEgress {
    fn send<'a>(&'a self, _: &'a Server, _: &'a Mail) -> BoxFuture<'a, Result<AcceptedMail, SmtpError>> {
        Box::pin(async { Err(SmtpError::Unavailable(NOTHING_SENT.into())) })
    }

    fn leaves(&self) -> bool {
        false
    }
}

impl BusTransport for NoEgress {
    fn sender(&self, _: &str) -> Option<String> {
        // That there is none of this name, the configuration says.
        Some("tidegate/check".into())
    }

    fn publish<'a>(&'a self, _: &'a str, _: &'a Publication) -> BoxFuture<'a, Result<Published, Unsent>> {
        Box::pin(async { Err(Unsent::Unavailable(NOTHING_SENT.into())) })
    }

    fn leaves(&self) -> bool {
        false
    }
}

impl Plugins {
    /// Calls each source and target that a configuration or a folder names, and tells what they say is wrong with
    /// how they are set up. Plugins that were loaded over another way out than [`NoEgress`] are left alone: they would
    /// send.
    pub async fn rehearse(&self, message: &Message, now: Timestamp) -> Vec<Problem> {
        let mut problems = Vec::new();
        let outside = &self.outside;
        if outside.transport.leaves() || outside.mail.leaves() || outside.bus.leaves() {
            return problems;
        }
        for (name, unit) in self.sources.iter().filter(|(_, unit)| unit.installed.loaded().is_some()) {
            let answer = self.call_decoder(name, &nothing(now)).await;
            problems.extend(problem(name, unit, answer));
        }
        for (name, unit) in &self.targets {
            let answer = self.call_notifier(name, message, now).await;
            problems.extend(problem(name, unit, answer));
        }
        problems
    }
}

/// A request of a source whose body holds nothing.
fn nothing(now: Timestamp) -> Inbound {
    Inbound {
        method: "POST".into(),
        headers: [("content-type".to_string(), "application/json".to_string())].into(),
        query: Vec::new(),
        body: "{}".into(),
        received_at: now,
    }
}

fn problem<T>(
    name: &str,
    unit: &CallableUnit,
    answer: Option<Result<Result<T, CallError>, Failure>>,
) -> Option<Problem> {
    let package = unit.installed.package();
    match answer? {
        Ok(Err(error @ CallError::Misconfigured(_))) => {
            Some(Problem::new(subject(&package.manifest, name), error.to_string()))
        }
        _ => None,
    }
}
