//! What must hold of what became of a kind.

use serde_json::Value;

use super::{Run, Way};
use crate::rig::ToolServer;

/// Bytes of what the first question about a pod may tell, of all questions about one incident, and their number.
const FIRST: usize = 6 << 10;
const BYTES: usize = 30 << 10;
const CALLS: usize = 2;

impl Run {
    /// The cause that was named first.
    pub fn finding(&self) -> Option<&str> {
        self.incident["findings"][0]["cause"].as_str()
    }

    /// What is wrong with it, a line each.
    pub fn faults(&self, server: ToolServer, way: Way) -> Vec<String> {
        let mut faults = Vec::new();
        let mut want = |what: &str, wanted: &str, got: &str| {
            if wanted != got {
                faults.push(format!("{what}: wanted {wanted}, got {got}"));
            }
        };
        let expected = self.kind.expected.with(server);
        let text = |value: &Value| value.as_str().unwrap_or("nothing").to_string();
        let named = way != Way::Covered || expected.ends();
        if let Some(finding) = expected.finding.as_ref().filter(|_| named) {
            want("finding", finding, self.finding().unwrap_or("nothing"));
        }
        if let Some(what) = expected.what.as_ref().filter(|_| named) {
            want("what", what, &text(&self.incident["findings"][0]["what"]));
        }
        let report = self.incident["report"].as_str().unwrap_or_default();
        if way == Way::Covered {
            want("rule", &expected.rule, &text(&self.incident["verdict"]["rule"]));
            if let Some(outcome) = &expected.outcome {
                want("outcome", outcome, &text(&self.incident["outcome"]));
            }
            match expected.state.as_deref() {
                Some("held") => want("verdict", "hold", &text(&self.incident["verdict"]["kind"])),
                Some(state) => want("state", state, &text(&self.incident["state"])),
                None => {}
            }
            want("calls of the model", "0", &self.calls.to_string());
        } else {
            want("outcome", "needs_person", &text(&self.incident["outcome"]));
        }
        let acts = self.incident["actions"].as_array().map_or(0, Vec::len);
        let may = usize::from(way == Way::Covered && expected.state.as_deref() == Some("awaiting_approval"));
        want("actions", &may.to_string(), &acts.to_string());
        for words in expected.says.iter().filter(|words| !report.is_empty() && !report.contains(*words)) {
            faults.push(format!("the report does not say {words:?}:\n{report}"));
        }
        match way {
            Way::Covered => {}
            Way::Asked => faults.extend(self.costs(server)),
            Way::Down => {
                if !report.contains("the language model could not help") {
                    faults.push(format!("the report does not say that the model did not answer:\n{report}"));
                }
            }
        }
        faults
    }

    fn costs(&self, server: ToolServer) -> Vec<String> {
        let mut faults = Vec::new();
        if !(1..=CALLS).contains(&self.calls) {
            faults.push(format!("{} calls of the model", self.calls));
        }
        if self.bytes > BYTES {
            faults.push(format!("{} bytes of questions", self.bytes));
        }
        if self.kind.is_about_a_pod() && self.first > FIRST {
            faults.push(format!("the first question tells {} bytes ({server:?})", self.first));
        }
        faults
    }
}
