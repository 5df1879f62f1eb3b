//! What every handler sees.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::{Semaphore, watch as signal};

use super::admission::Zone;
use super::attempts::Attempts;
use super::callers::Callers;
use super::durations::Durations;
use super::oidc::Oidc;
use super::proof::Proof;
use super::quotas::Quotas;
use super::refusals::Refusals;
use super::replays::Replays;
use super::{audit, changes, mcp, once, pages, proxy};
use crate::backend::Backend;
use crate::gate::link::Links;
use crate::ports::Clock;
use crate::random::Random;
use crate::report::Language;

/// What every handler sees.
pub(super) struct Shared {
    pub(super) backend: Arc<dyn Backend>,
    pub(super) clock: Arc<dyn Clock>,
    /// Where it really listens.
    pub(super) listen: SocketAddr,
    /// Only this machine can reach it.
    pub(super) loopback: bool,
    pub(super) callers: Callers,
    pub(super) replays: Replays,
    pub(super) refusals: Refusals,
    pub(super) durations: Durations,
    /// Names of requests that are refused.
    pub(super) random: Random,
    pub(super) mcp: crate::config::Mcp,
    pub(super) mcp_tally: mcp::Tally,
    pub(super) once: once::Once,
    pub(super) changes: Arc<changes::Changes>,
    /// What was refused or failed lately.
    pub(super) fold: audit::RepeatedRefusals,
    /// Changes of the file of accounts that are written down.
    pub(super) told: audit::JournaledChanges,
    pub(super) attempts: Attempts,
    pub(super) sources: HashMap<String, SourceAccess>,
    pub(super) settings: crate::config::Server,
    /// A proxy that says who somebody is.
    pub(super) proxy: Option<proxy::TrustedProxy>,
    /// A provider at which people sign in.
    pub(super) oidc: Option<Oidc>,
    /// Signed links to questions.
    pub(super) links: Option<Links>,
    pub(super) language: Language,
    /// The cluster of events that name none.
    pub(super) cluster: String,
    pub(super) page_policy: axum::http::HeaderValue,
    pub(super) pages: pages::Pages,
    pub(super) quotas: Quotas,
    pub(super) stopping: signal::Receiver<bool>,
    /// Places for reading records: each is a thread with memory of its own, and more threads than cores make
    /// nothing quicker.
    pub(super) readers: Arc<Semaphore>,
}

impl Shared {
    /// Whether requests to this zone need no proof, so that where they come from must be enough. What
    /// is reached from other machines is never open.
    pub(super) fn is_open(&self, zone: Zone<'_>) -> bool {
        self.loopback
            && match zone {
                Zone::Sender(source) => self.sources.get(source).is_none_or(|source| source.proof.is_none()),
                Zone::Links | Zone::Api => self.callers.are_open(),
            }
    }
}

/// What is configured for one source.
#[derive(Default)]
pub(super) struct SourceAccess {
    pub(super) disabled: bool,
    pub(super) proof: Option<Proof>,
    /// Who may ask without a proof whether it may send.
    pub(super) origins: Vec<String>,
}
