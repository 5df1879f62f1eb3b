//! How often tools were called through MCP, by name and by how it went.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};

/// The calls since the start.
#[derive(Default)]
pub struct Tally(Mutex<BTreeMap<(String, bool), u64>>);

impl Tally {
    /// Counts a call. The name is one of this program's.
    pub fn note(&self, tool: &str, ok: bool) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry((tool.to_string(), ok)).or_default() += 1;
    }

    /// Counters as Prometheus text.
    pub fn metrics(&self) -> String {
        let name = "tidegate_mcp_calls_total";
        let mut text = format!("# HELP {name} Calls of tools through MCP.\n# TYPE {name} counter\n");
        for ((tool, ok), count) in &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            let result = if *ok { "answered" } else { "failed" };
            let _ = writeln!(text, "{name}{{tool=\"{tool}\",result=\"{result}\"}} {count}");
        }
        text
    }
}
