//! What a plugin can call, one file per imported interface under the name that it has in the
//! contract. All of it is over the host's own types; a lane forwards to it.

pub(super) mod bus;
pub(super) mod deadline;
pub(super) mod http_client;
pub(super) mod log;
pub(super) mod mail;
pub(super) mod settings;
pub(super) mod signer;
pub(super) mod state;
pub(super) mod tools;

use std::sync::{Arc, OnceLock, Weak};

use jiff::Timestamp;

use crate::ports::{Clock, Looks, PluginState, Tools};

use self::deadline::Deadline;
use super::authority::Authority;
use super::bus_transport::BusTransport;
use super::grants::{GrantedBus, GrantedMail, Grants};
use super::limiter::Limiter;
use super::mail_transport::MailTransport;
use super::options::Limits;
use super::rate_limit::{LimitReached, RateLimiter};
use super::secrets::Secrets;
use super::transport::Transport;
use super::wasi::Wasi;

/// What plugins reach through their imports, shared by all of them.
pub(super) struct Transports {
    pub transport: Arc<dyn Transport>,
    pub mail: Arc<dyn MailTransport>,
    pub bus: Arc<dyn BusTransport>,
    pub state: Arc<dyn PluginState>,
    pub clock: Arc<dyn Clock>,
    /// Those that there are, to know them by name. Weak, since they include the plugins; set once all
    /// rooms are there.
    pub tools: OnceLock<Weak<dyn Tools>>,
}

/// What one plugin or target is given, the same for all of its calls.
pub(super) struct Binding {
    /// The plugin's or target's name, which its messages and logs carry.
    pub name: String,
    /// Under which its state is kept.
    pub state_key: String,
    /// The settings as JSON.
    pub settings: String,
    pub grants: Grants,
    pub mail: Option<GrantedMail>,
    pub bus: Option<GrantedBus>,
    pub secrets: Secrets,
    /// Tools that it may look with.
    pub tools: Vec<String>,
    pub limits: Limits,
    pub pace: Arc<RateLimiter>,
    /// Held while the state is changed.
    pub state_lock: Arc<tokio::sync::Mutex<()>>,
    pub outside: Arc<Transports>,
}

/// A limit of requests that is used up.
pub(super) enum QuotaExceeded {
    /// Of this call.
    Call(String),
    /// Of the minute.
    Minute(LimitReached),
}

/// What one call has used up so far.
pub(super) struct State {
    pub limiter: Limiter,
    pub binding: Arc<Binding>,
    /// What it may do outside of the host.
    pub authority: Authority,
    pub log: log::Log,
    /// The moment that the call is about, if it is about one.
    pub now: Timestamp,
    /// Made when a guest first uses it.
    pub wasi: Option<Box<Wasi>>,
    /// Of HTTP, mail and buses.
    pub requests: u32,
    pub mails: u32,
    pub messages: u32,
    /// Uses of its state.
    pub state_uses: u32,
    /// The delivery that the call is about.
    pub delivery: Option<String>,
    /// The trace of what the call is about, for those who are called.
    pub trace: Option<String>,
    pub looks: u32,
    /// How it looks with tools; none where it may not, which is everywhere but in a plan.
    pub host_looks: Option<Arc<dyn Looks>>,
    /// How long it may wait for others.
    pub deadline: Deadline,
}

impl State {
    /// Counts a request, mail or message that is about to leave: of this call, and of the minute.
    pub fn count_request(&mut self) -> Result<(), QuotaExceeded> {
        let binding = &self.binding;
        let (plugin, most) = (&binding.name, binding.limits.requests);
        if self.requests >= most {
            return Err(QuotaExceeded::Call(format!("plugin {plugin} has used up its {most} requests of this call")));
        }
        self.requests += 1;
        let taken = binding.pace.take(plugin, binding.limits.requests_per_minute, binding.outside.clock.elapsed());
        taken.map_err(QuotaExceeded::Minute)
    }

    pub fn new(binding: Arc<Binding>, authority: Authority) -> Self {
        Self {
            limiter: Limiter::default(),
            authority,
            log: log::Log::default(),
            now: Timestamp::UNIX_EPOCH,
            wasi: None,
            requests: 0,
            mails: 0,
            messages: 0,
            state_uses: 0,
            delivery: None,
            trace: crate::traces::context::current(),
            looks: 0,
            host_looks: None,
            deadline: Deadline::default(),
            binding,
        }
    }
}
