//! The file as a whole, section by section.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    access, approvals, bus, chat, cluster, correlate, deliveries, events, gate, inspection, journal, knowledge, limits,
    log, mcp, model, paths, plugins, report, schedule, server, sign_in, sources, tools, traces, users,
};
use crate::domain::Mode;

/// The top level of the file.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Raw {
    pub mode: Option<Mode>,
    pub report: report::Raw,
    pub log: log::Raw,
    pub server: server::Raw,
    pub journal: journal::Raw,
    pub policies: paths::RawDirectory,
    pub plugins: plugins::Raw,
    pub notifiers: BTreeMap<String, plugins::RawNotifier>,
    pub tools: tools::Raw,
    pub model: Option<model::Raw>,
    pub chat: chat::Raw,
    pub mcp: mcp::Raw,
    pub traces: Option<traces::Raw>,
    pub knowledge: knowledge::Raw,
    pub inspection: Vec<inspection::Raw>,
    pub schedule: Vec<schedule::RawSchedule>,
    pub heartbeat: Vec<schedule::RawHeartbeat>,
    pub sources: BTreeMap<String, sources::Raw>,
    pub events: events::Raw,
    pub cluster: Vec<cluster::Raw>,
    pub bus: bus::Raw,
    pub correlate: correlate::Raw,
    pub limits: limits::Raw,
    pub deliveries: deliveries::Raw,
    pub gate: gate::Raw,
    pub approvals: approvals::Raw,
    pub people: approvals::Groups,
    pub access: Vec<access::Raw>,
    pub sign_in: sign_in::Raw,
    pub users: BTreeMap<String, users::Raw>,
}
