//! `check --tools`: the configured tool servers are started, list their tools and are ended.

use super::lint;
use crate::backend::{CheckReport, Progress};
use crate::config::{Config, Problem};
use crate::ports::Tools;
use crate::tools::Phase;

/// What the servers offer, what of it was left out or made sound, and which of them do not start.
pub async fn run(config: &Config, progress: &Progress) -> CheckReport {
    let mut checked = CheckReport::default();
    let mut unchecked = Vec::new();
    let Some(servers) = lint::servers(config, progress, &mut unchecked).await else {
        checked.loaded.extend(unchecked.into_iter().map(|what| format!("not checked: {what}")));
        return checked;
    };
    let catalogue = servers.catalogue();
    let unwanted = servers.unwanted();
    for status in servers.status() {
        let name = &status.server;
        if status.phase != Phase::Ready {
            let why = status.problem().unwrap_or_else(|| format!("the MCP server {name} did not start in time"));
            checked.problems.push(Problem::general(why));
            continue;
        }
        let lines = &mut checked.loaded;
        lines.push(format!("tool server {name}: {} tools", status.tools));
        let prefix = format!("{name}.");
        let own = catalogue.tools.values().filter(|tool| tool.name.starts_with(&prefix));
        lines.extend(own.map(|tool| format!("  {} (risk {})", tool.name, tool.risk.as_str())));
        lines.extend(status.left_out.iter().map(|why| format!("  left out: {why}")));
        lines.extend(status.mended.iter().map(|what| format!("  mended: {what}")));
        let own = unwanted.iter().filter(|(tool, _)| tool.starts_with(&prefix));
        lines.extend(own.map(|(_, why)| format!("  not offered: {why}")));
    }
    servers.shutdown().await;
    checked
}
