//! The configuration: one TOML file in which every key is optional.
//!
//! Each section has a file of its own below this one, with the serde type that mirrors the file
//! (`Raw`, unknown keys refused) and the validated type that the rest of the host sees. All problems
//! of a file are found in one go, each a sentence with file, line and key. Nothing here opens a
//! socket, starts a process or reads a secret; secrets stay references until their user resolves
//! them. `host/config.example.toml` is the reference of all keys and part of the binary.

mod access;
mod admins;
mod approvals;
mod auth;
mod authentication;
mod bus;
mod chat;
mod cluster;
mod correlate;
mod deliveries;
mod directory;
mod document;
mod endpoint;
mod events;
mod gate;
mod inspection;
mod journal;
mod knowledge;
mod limits;
mod log;
mod mcp;
mod mistakes;
mod model;
mod model_budget;
mod money;
pub mod oidc;
mod paths;
mod plugins;
mod problem;
mod proxy;
mod raw;
mod report;
mod schedule;
mod secret;
mod server;
mod sign_in;
mod sources;
mod tools;
mod traces;
mod unit;
mod users;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

pub use access::{Rights, RoleSource};
pub use approvals::{Approvals, Groups, Link};
pub use auth::{Auth, Jwt, Scheme, scheme};
pub use authentication::is_this_machine;
pub use cluster::Cluster;
pub use correlate::Correlate;
pub use deliveries::Deliveries;
pub use directory::SignInRefusal;
pub use endpoint::Endpoint;
pub use events::Events;
pub use gate::Gate;
pub use inspection::{Inspection, ReportWhen};
pub use journal::Retention;
pub use knowledge::Knowledge;
pub use limits::Limits;
pub use log::{Log, LogFormat};
pub use mcp::{Mcp, WriteScope as McpWrite};
pub use model::Model;
pub use oidc::Oidc;
pub use paths::Directory;
pub use plugins::Plugins;
pub use problem::{Problem, Problems};
pub use proxy::Proxy;
pub use report::Report;
pub use schedule::{Findings, Heartbeat, MissedRuns, Ping, Schedule, ScheduleAction, ScheduledAlert};
pub use secret::Secrets;
pub use server::{Server, parse_listen};
pub use sign_in::SignIn;
pub use sources::Source;
pub use tools::Tools;
pub use traces::Traces;
pub use unit::{Period, Size};
pub use users::{User, is_name as is_user_name};

use crate::domain::Mode;
use crate::environment::Environment;
use crate::gate::link::Links;
use crate::plugin::TargetOptions;
use crate::secret::SecretSource;
use document::Document;
use mistakes::Mistakes;

/// The commented reference of every key with its default.
pub const REFERENCE: &str = include_str!("../config.example.toml");

/// The file that is read when `--config` is absent and it exists.
pub const DEFAULT_FILE: &str = "tidegate.toml";

/// A shorter secret could be found by trying.
const SHORTEST_LINK_SECRET: usize = 16;

/// What flags say; each wins over the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `--listen`.
    pub listen: Option<SocketAddr>,
    /// `--mode`.
    pub mode: Option<Mode>,
    /// `--data`: the journal is `journal.db` in this directory.
    pub data: Option<PathBuf>,
    /// `--accept-loss`.
    pub accept_loss: bool,
}

/// The validated configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// Whether anything may be changed.
    pub mode: Mode,
    /// Reports and messages.
    pub report: Report,
    /// The host's own log.
    pub log: Log,
    /// The HTTP server.
    pub server: Server,
    /// The journal's file.
    pub journal: PathBuf,
    /// How long closed incidents stay in it.
    pub retention: Retention,
    /// Where policies are.
    pub policies: Directory,
    /// Plugins.
    pub plugins: Plugins,
    /// Notifier targets by name.
    pub notifiers: BTreeMap<String, TargetOptions>,
    /// Tool servers.
    pub tools: Tools,
    /// The language model, where one is configured.
    pub model: Option<Model>,
    /// What is said about sources, by name. A source that is absent here has the defaults.
    pub sources: BTreeMap<String, Source>,
    /// What comes in as events.
    pub events: Events,
    /// Clusters by name.
    pub clusters: Vec<Cluster>,
    /// Connections to message buses.
    pub buses: Vec<crate::bus::Settings>,
    /// What conversations may cost.
    pub chat: crate::chat::Limits,
    /// Where traces go, if anywhere.
    pub traces: Option<Traces>,
    /// What programs are offered through MCP.
    pub mcp: Mcp,
    /// What is known from before.
    pub knowledge: Knowledge,
    /// What is looked at without anybody being called.
    pub inspections: Vec<Inspection>,
    /// What is done by the clock.
    pub schedules: Vec<Schedule>,
    /// Who is to be heard from in time.
    pub heartbeats: Vec<Heartbeat>,
    /// How alerts become incidents.
    pub correlate: Correlate,
    /// Limits of handling.
    pub limits: Limits,
    /// How long and how often a message is tried.
    pub deliveries: Deliveries,
    /// Bounds of the gate.
    pub gate: Gate,
    /// How people answer.
    pub approvals: Approvals,
    /// Groups of people that gates may ask.
    pub people: Groups,
    /// Who can prove their name, by name.
    pub users: BTreeMap<String, User>,
    /// Who may do what where.
    pub rights: Rights,
    /// How people sign in.
    pub sign_in: SignIn,
    /// Go on although the journal lacks entries that it had.
    pub accept_loss: bool,
    document: Document,
    mistakes: Mistakes,
}

/// The text of a file, or of [`DEFAULT_FILE`] in the current directory if that exists, or none.
fn text_of(file: Option<&Path>) -> Result<(String, Option<PathBuf>), Problems> {
    let default = Path::new(DEFAULT_FILE);
    let Some(file) = file.or_else(|| default.exists().then_some(default)) else { return Ok((String::new(), None)) };
    let text = std::fs::read_to_string(file).map_err(|error| {
        let text = format!("the configuration file {} cannot be read: {error}", file.display());
        Problems(vec![Problem::general(text)])
    })?;
    Ok((text, Some(file.to_path_buf())))
}

impl Config {
    /// Reads `file`, or [`DEFAULT_FILE`] in the current directory if that exists, or nothing.
    ///
    /// # Errors
    /// All problems of the file.
    pub fn load(file: Option<&Path>, overrides: &Overrides) -> Result<Self, Problems> {
        let (text, file) = text_of(file)?;
        Self::parse(text, file.as_deref(), overrides)
    }

    /// Reads a configuration from its text. `file` names it in problems, and relative paths in it
    /// count from its directory.
    ///
    /// # Errors
    /// All problems of the text.
    pub fn parse(text: String, file: Option<&Path>, overrides: &Overrides) -> Result<Self, Problems> {
        match Self::read(text, file, overrides) {
            (Some(config), problems) if problems.is_empty() => Ok(config),
            (_, problems) => Err(Problems::sorted(problems)),
        }
    }

    /// The same, as far as it can be read, and all problems of the text.
    fn read(text: String, file: Option<&Path>, overrides: &Overrides) -> (Option<Self>, Vec<Problem>) {
        let document = Document::new(text, file);
        let (raw, unread) = document.read::<raw::Raw>();
        let Some(raw) = raw else { return (None, unread) };
        let mut unmeant = Vec::new();
        let base = document.base();
        let mut report = |path: &[&str], text: String| {
            let problem = document.problem(path, text);
            // What could not be read is missing from the rest, which must not be told again.
            if !unread.iter().any(|earlier| earlier.explains(&problem.subject)) {
                unmeant.push(problem);
            }
        };
        let plugins = raw.plugins.build(&base, &mut report);
        let targets: BTreeSet<String> = raw.notifiers.keys().cloned().collect();
        let (journal, retention) = raw.journal.build(&base, &mut report);
        let events = raw.events.build(&mut report);
        let notifiers = plugins::build_notifiers(raw.notifiers, &plugins, &base, &mut report);
        let publishing: Vec<_> = plugins::publishing(&plugins, &notifiers).collect();
        let published = publishing.iter().map(|(_, bus)| *bus).collect();
        let named = raw.bus.names();
        let buses = bus::build(raw.bus, &events.cluster, &published, &base, &mut report);
        for (path, bus) in publishing.into_iter().filter(|(_, bus)| !named.contains(*bus)) {
            report(&path, format!("there is no [[bus.nats]] with the name {bus:?}"));
        }
        let mut config = Self {
            mode: raw.mode.unwrap_or(Mode::Observe),
            report: raw.report.build(),
            log: raw.log.build(),
            server: raw.server.build(&mut report),
            journal,
            retention,
            policies: raw.policies.build(&base, "policies"),
            notifiers,
            plugins,
            tools: raw.tools.build(&base, &mut report),
            model: raw.model.and_then(|model| model.build(&base, &mut report)),
            sources: sources::build(raw.sources, &base, &mut report),
            clusters: cluster::build(raw.cluster, &base, &mut report),
            buses,
            events,
            chat: raw.chat.build(&mut report),
            mcp: raw.mcp.build(&mut report),
            traces: raw.traces.and_then(|traces| traces.build(&base, &mut report)),
            knowledge: raw.knowledge.build(&base, &mut report),
            inspections: inspection::build(raw.inspection, &mut report),
            schedules: schedule::build(raw.schedule, &base, &mut report),
            heartbeats: schedule::build_heartbeats(raw.heartbeat, &mut report),
            correlate: raw.correlate.build(&mut report),
            limits: raw.limits.build(&mut report),
            deliveries: raw.deliveries.build(&mut report),
            gate: raw.gate.build(&mut report),
            approvals: raw.approvals.build(&base, &mut report),
            people: approvals::groups(raw.people, &mut report),
            users: users::build(raw.users, &targets, &mut report),
            rights: access::build(raw.access, &mut report),
            sign_in: raw.sign_in.build(&base, &mut report),
            accept_loss: false,
            document: Document::default(),
            mistakes: Mistakes::default(),
        };
        if let Some(auth) = &mut config.server.auth {
            auth.resolve_paths(&base);
        }
        if let Some(oidc) = &mut config.server.oidc {
            oidc.resolve_paths(&base);
            if !config.rights.name_groups() {
                let text =
                    "whoever signs in there has the role that [[access]] gives to their groups, and it names none";
                report(&["server", "oidc"], text.into());
            }
        }
        config.document = document;
        config.apply(overrides);
        let problems = unread.iter().chain(&unmeant).cloned().collect();
        config.mistakes = Mistakes { unread, unmeant };
        (Some(config), problems)
    }

    fn apply(&mut self, overrides: &Overrides) {
        if let Some(listen) = overrides.listen {
            self.server.listen = listen;
        }
        self.accept_loss = overrides.accept_loss;
        if let Some(mode) = overrides.mode {
            self.mode = mode;
        }
        if let Some(data) = &overrides.data {
            self.journal = data.join("journal.db");
        }
    }

    /// The directory of everything that is written: the journal's.
    pub fn data(&self) -> &Path {
        self.journal.parent().unwrap_or(Path::new("."))
    }

    /// The file of listings, which can be rebuilt from the journal.
    pub fn projection(&self) -> PathBuf {
        self.data().join("projection.db")
    }

    /// The file that was read; none for the embedded defaults.
    pub fn file(&self) -> Option<&Path> {
        self.document.file()
    }

    /// A problem with the value at `path`, such as `["plugins", "path"]`: with file and line where
    /// the file says something about it.
    pub fn problem(&self, path: &[&str], text: impl Into<String>) -> Problem {
        self.document.problem(path, text.into())
    }

    /// Whether a source takes requests. Only `enabled = false` says no.
    pub fn source_enabled(&self, name: &str) -> bool {
        self.sources.get(name).is_none_or(|source| source.enabled)
    }

    /// Sections about sources that there are not: who writes one means to protect a source, which would stay
    /// open.
    pub fn unknown_sources(&self, names: &[String]) -> Vec<Problem> {
        let unknown = self.sources.keys().filter(|name| !names.contains(name));
        let text = "there is no source of this name; `tidegate plugin list` names those that there are";
        unknown.map(|name| self.problem(&["sources", name], text)).collect()
    }

    /// What forbids to listen where the configuration says: beyond loopback the API must demand authentication,
    /// and every enabled source of `names` that the configuration names. Those that it does not name take nothing from other
    /// machines.
    pub fn exposure(&self, names: &[String]) -> Vec<Problem> {
        let listen = self.server.listen;
        if is_this_machine(listen.ip()) {
            return Vec::new();
        }
        let mut problems = Vec::new();
        if !self.demands_proof() {
            let text = format!(
                "listening on {listen} lets other machines in, so the API needs authentication: add \
                 auth = {{ bearer = {{ env = \"TIDEGATE_TOKEN\" }} }} to [server], or [users], or listen on 127.0.0.1"
            );
            problems.push(self.problem(&["server", "listen"], text));
        }
        if self.has_sender_token() {
            return problems;
        }
        if self.sources.is_empty() {
            let text = format!(
                "listening on {listen} lets other machines in, and no source takes anything from them: add \
                 auth = {{ bearer = {{ env = \"ALERT_TOKEN\" }} }} to [sources.alertmanager], or to whichever you use"
            );
            problems.push(self.problem(&["sources"], text));
        }
        let unproven = |source: &Source| source.enabled && source.auth.is_none();
        for name in names.iter().filter(|name| self.sources.get(*name).is_some_and(unproven)) {
            let text = format!(
                "listening on {listen} lets other machines in, so source {name} needs authentication: \
                 add auth = {{ bearer = {{ env = \"ALERT_TOKEN\" }} }} to [sources.{name}], or switch it \
                 off there with enabled = false"
            );
            problems.push(self.problem(&["sources", name], text));
        }
        problems
    }

    /// Whether some user's token is for sending: such a one is good for every source.
    fn has_sender_token(&self) -> bool {
        self.users.iter().any(|(name, user)| self.access(name).sends_only() && !user.tokens.is_empty())
    }

    /// What a way in from other machines lays open that this host does not know of: links for people
    /// who reach it from elsewhere lead over a proxy, and what the proxy lets through comes from this
    /// machine.
    pub fn unguarded_links(&self) -> Option<Problem> {
        let link = self.approvals.link.as_ref().filter(|link| !self.demands_proof() && !link.is_local())?;
        let text = format!(
            "{} is reached from other machines, so a proxy hands requests on to this host, and to it they come from \
             this machine, where the API needs no authentication: add auth = {{ bearer = {{ env = \
             \"TIDEGATE_TOKEN\" }} }} to [server], or [users]",
            link.base
        );
        Some(self.problem(&["approvals", "link"], text))
    }

    /// Every secret that the configuration refers to, with its place.
    pub fn secrets(&self) -> Vec<(Vec<String>, &SecretSource)> {
        let mut all = Vec::new();
        let at = |parts: &[&str]| parts.iter().map(|part| part.to_string()).collect::<Vec<_>>();
        if let Some(auth) = &self.server.auth {
            auth.secrets(&at(&["server", "auth"]), &mut all);
        }
        let client = self.server.oidc.iter().filter_map(|oidc| oidc.client_secret.as_ref());
        all.extend(client.map(|secret| (at(&["server", "oidc", "client_secret"]), secret)));
        for (name, source) in &self.sources {
            if let Some(auth) = &source.auth {
                auth.secrets(&at(&["sources", name, "auth"]), &mut all);
            }
        }
        all.extend(self.sign_in.proxy.iter().map(|proxy| (at(&["sign_in", "proxy"]), &proxy.secret)));
        if let Some(link) = &self.approvals.link {
            all.push((at(&["approvals", "link"]), &link.secret));
        }
        for (path, endpoint) in self.model.iter().flat_map(|model| &model.endpoints) {
            let path = || path.iter().cloned().chain(["key".to_string()]).collect();
            all.extend(endpoint.key.iter().map(|key| (path(), key)));
        }
        for (name, plugin) in &self.plugins.each {
            all.extend(plugin.secrets.iter().map(|(key, s)| (at(&["plugins", name, "secrets", key]), s)));
            let password = plugin.mail.iter().filter_map(|mail| mail.password.as_ref());
            all.extend(password.map(|secret| (at(&["plugins", name, "mail", "password"]), secret)));
        }
        for (name, target) in &self.notifiers {
            all.extend(target.secrets.iter().map(|(key, s)| (at(&["notifiers", name, "secrets", key]), s)));
            let password = target.mail.iter().filter_map(|mail| mail.password.as_ref());
            all.extend(password.map(|secret| (at(&["notifiers", name, "mail", "password"]), secret)));
        }
        for bus in &self.buses {
            all.extend(bus.secrets().map(|(_, secret)| (at(&["bus", "nats"]), secret)));
        }
        for schedule in &self.schedules {
            if let ScheduleAction::Ping(ping) = &schedule.does {
                all.push((at(&["schedule"]), &ping.url));
            }
        }
        all
    }

    /// What makes and checks signed links, if they are configured.
    ///
    /// # Errors
    /// When the secret cannot be had or can be guessed.
    pub fn links(&self, environment: &dyn Environment) -> Result<Option<Links>, Problem> {
        let Some(link) = &self.approvals.link else { return Ok(None) };
        let wrong = |text: String| self.problem(&["approvals", "link"], text);
        let secret = link.secret.resolve(environment).map_err(|error| wrong(error.to_string()))?;
        if secret.expose().len() < SHORTEST_LINK_SECRET {
            return Err(wrong(format!(
                "the secret of links needs at least {SHORTEST_LINK_SECRET} bytes; make one with `openssl rand -hex 32`"
            )));
        }
        let personal = self.users.iter().filter_map(|(name, user)| Some((user.notify.clone()?, name.clone())));
        Ok(Some(Links::new(&link.base, secret).with_personal(personal.collect())))
    }

    /// A problem for every secret that cannot be had now.
    pub fn missing_secrets(&self, environment: &dyn Environment) -> Vec<Problem> {
        let unreadable = |(path, source): (Vec<String>, &SecretSource)| {
            let error = source.resolve(environment).err()?;
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            Some(self.problem(&path, error.to_string()))
        };
        self.secrets().into_iter().filter_map(unreadable).collect()
    }
}

#[cfg(test)]
mod tests;
