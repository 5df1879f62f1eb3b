//! Counters, gauges and histograms as Prometheus text.

mod incidents;

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;

use super::model_metrics::escaped;
use crate::backend::Readiness;
use crate::domain::{Head, Mode};
use crate::pipeline::Services;
use crate::policy;
use crate::store::Received;
use crate::tools::{Phase, Servers};

pub use incidents::IncidentMetrics;

/// Alerts that sources returned and that were not taken, by source and reason.
pub fn left_out(counts: &[(String, &'static str, u64)]) -> String {
    let name = "tidegate_alerts_left_out_total";
    let mut text = String::new();
    let _ = writeln!(
        text,
        "# HELP {name} Alerts that a source returned and that could not be taken.\n# TYPE {name} counter"
    );
    for (source, reason, count) in counts {
        let _ = writeln!(text, "{name}{{source=\"{source}\",reason=\"{reason}\"}} {count}");
    }
    text
}

/// Which host this is, since when it runs, and whether it is ready.
pub fn host(mode: Mode, started_at: Timestamp, ready: &Readiness) -> String {
    let mut text = String::new();
    let info = [
        ("tidegate_build_info", "The program.", format!("version=\"{}\"", env!("CARGO_PKG_VERSION"))),
        ("tidegate_mode", "Whether anything may be changed.", format!("mode=\"{}\"", mode.as_str())),
    ];
    for (name, help, label) in info {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n{name}{{{label}}} 1");
    }
    let started = u64::try_from(started_at.as_second()).unwrap_or(0);
    let rows = [
        ("tidegate_start_time_seconds", "When the host was started, in seconds since 1970.", started),
        ("tidegate_ready", "1 while alerts are taken.", u64::from(ready.ready)),
        ("tidegate_problems", "How many problems /readyz names.", ready.problems.len() as u64),
    ];
    for (name, help, value) in rows {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}");
    }
    text
}

/// How the handling itself goes.
pub fn handling(panics: u64, skips_model: bool) -> String {
    let rows = [
        ("tidegate_handling_panics_total", "counter", "Faults of tidegate that broke off a handling.", panics),
        (
            "tidegate_model_skipped",
            "gauge",
            "1 while the model is not asked, as it did not answer.",
            skips_model.into(),
        ),
    ];
    let mut text = String::new();
    for (name, kind, help, value) in rows {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}");
    }
    text
}

/// How far the journal goes, and what the last check of it found. Position and hash of one scrape are
/// an anchor for `journal verify`.
pub fn journal(head: Head, (checked_at, problems): (u64, u64)) -> String {
    let rows = [
        ("tidegate_journal_position", "Position of the last durable entry.", head.position),
        ("tidegate_journal_chain", "The first 52 bits of its hash.", head.chain.gauge()),
        (
            "tidegate_journal_checked_timestamp_seconds",
            "When the whole journal was last checked, in seconds since 1970.",
            checked_at,
        ),
        ("tidegate_journal_check_problems", "What that check found wrong.", problems),
    ];
    let mut text = String::new();
    for (name, help, value) in rows {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}");
    }
    text
}

/// What is counted since the start.
#[derive(Debug, Default)]
pub struct Counters {
    requests: AtomicU64,
    alerts: AtomicU64,
    repeats: AtomicU64,
    unknown_resolved: AtomicU64,
    folded: AtomicU64,
    late: AtomicU64,
    counted: AtomicU64,
}

impl Counters {
    /// A request with alerts came in.
    pub fn request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// Alerts were taken.
    pub fn received(&self, received: &Received) {
        self.folded.fetch_add(received.folded as u64, Ordering::Relaxed);
        self.alerts.fetch_add(received.alerts as u64, Ordering::Relaxed);
        self.repeats.fetch_add(received.repeats, Ordering::Relaxed);
        self.unknown_resolved.fetch_add(received.unknown_resolved as u64, Ordering::Relaxed);
        self.late.fetch_add(received.late as u64, Ordering::Relaxed);
        self.counted.fetch_add(received.counted as u64, Ordering::Relaxed);
    }

    /// All of it.
    pub fn text(&self, services: &Services, servers: &Servers, policies: &policy::LivePolicies) -> String {
        let decided = services.store.decided();
        let (live, _) = services.store.counts();
        let ready = servers.status().iter().filter(|status| status.phase == Phase::Ready).count();
        let counter = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let broken = u64::from(services.store.broken().is_some());
        let paused = services.gate.paused().len() as u64;
        let refused = u64::from(!policies.problems().is_empty());
        let open = services.gate.breakers().into_iter().filter(|breaker| breaker.open).count() as u64;
        let rows: [(&str, &str, &str, u64); 16] = [
            ("tidegate_requests_total", "counter", "Requests with alerts.", counter(&self.requests)),
            ("tidegate_alerts_total", "counter", "Alerts in them.", counter(&self.alerts)),
            ("tidegate_alert_repeats_total", "counter", "Alerts that repeated what was known.", counter(&self.repeats)),
            (
                "tidegate_alerts_folded_total",
                "counter",
                "Messages about an alert of which the same request says something later.",
                counter(&self.folded),
            ),
            (
                "tidegate_unknown_resolved_total",
                "counter",
                "Resolved alerts that nobody knew.",
                counter(&self.unknown_resolved),
            ),
            (
                "tidegate_alerts_late_total",
                "counter",
                "Messages that were older than what was known, which change nothing.",
                counter(&self.late),
            ),
            (
                "tidegate_alerts_counted_total",
                "counter",
                "Alerts beyond the bounds, which are counted and not kept in full.",
                counter(&self.counted),
            ),
            (
                "tidegate_incidents_collecting",
                "gauge",
                "Incidents that collect what a source sends beyond its bound.",
                services.store.collecting().len() as u64,
            ),
            ("tidegate_incidents_live", "gauge", "Incidents to which something may still happen.", live as u64),
            ("tidegate_incidents_decided", "gauge", "Incidents of the last 31 days that have an outcome.", decided.all),
            (
                "tidegate_incidents_decided_by_rule",
                "gauge",
                "Those of them that a policy rule decided.",
                decided.by_rule,
            ),
            ("tidegate_tool_servers_ready", "gauge", "MCP servers that answer.", ready as u64),
            ("tidegate_journal_broken", "gauge", "1 while the journal takes nothing.", broken),
            (
                "tidegate_policies_refused",
                "gauge",
                "1 while the policy files are wrong and the last good ones hold.",
                refused,
            ),
            ("tidegate_breakers_open", "gauge", "Origins that are stopped.", open),
            ("tidegate_paused_scopes", "gauge", "Scopes in which nothing is executed.", paused),
        ];
        let mut text = String::new();
        for (name, kind, help, value) in rows {
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}");
        }
        let name = "tidegate_tool_server_up";
        let _ = writeln!(text, "# HELP {name} 1 while an MCP server answers.\n# TYPE {name} gauge");
        for status in servers.status() {
            let up = u64::from(status.phase == Phase::Ready);
            let _ = writeln!(text, "{name}{{server=\"{}\"}} {up}", escaped(&status.server));
        }
        let name = "tidegate_incidents";
        let _ = writeln!(text, "# HELP {name} Live incidents by where they stand.\n# TYPE {name} gauge");
        for (state, count) in services.store.by_state() {
            let _ = writeln!(text, "{name}{{state=\"{}\"}} {count}", state.as_str());
        }
        text
    }
}
