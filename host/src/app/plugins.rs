//! Plugins as the API, the command line and the metrics show them.

use std::fmt::Write as _;

use crate::backend::{ControlError, PluginView};
use crate::plugin::{Calls, Plugins, Reloaded, Status};

/// Every plugin, by name.
pub fn views(plugins: &Plugins) -> Vec<PluginView> {
    let calls = plugins.calls();
    let of = |name: &str| calls.iter().find(|(known, _)| known == name).map(|(_, calls)| calls.clone());
    plugins.status().into_iter().map(|status| view(of(&status.name).unwrap_or_default(), status)).collect()
}

fn view(calls: Calls, status: Status) -> PluginView {
    PluginView {
        state: state(&status).into(),
        name: status.name,
        version: status.version,
        kind: status.kind.to_string(),
        from: status.from,
        contract: status.lane.map(str::to_string),
        sha256: status.sha256,
        offers: status.offers,
        calls: calls.all(),
        errors: calls.errors(),
        p50_ms: calls.quantile_ms(0.5),
        p99_ms: calls.quantile_ms(0.99),
        last_error: calls.last_error,
        problems: status.problems,
        unmet: status.unmet,
    }
}

fn state(status: &Status) -> &'static str {
    match (status.sha256.is_some(), status.problems.is_empty()) {
        (_, true) if !status.usable => "unused",
        (true, true) => "ready",
        (true, false) => "troubled",
        (false, false) => "refused",
        (false, true) => "idle",
    }
}

/// Reads a plugin of the folder anew.
///
/// # Errors
/// Sentences about what is wrong; the plugin goes on as it was.
pub async fn reload(plugins: &Plugins, name: &str) -> Result<Reloaded, ControlError> {
    let stays =
        |problems: Vec<String>| ControlError::Conflict(format!("{name} stays as it was: {}", problems.join("; ")));
    plugins.reload(name).await.map_err(stays)
}

/// How often each plugin was called, what came of it and how long it took, as Prometheus text.
pub fn metrics(plugins: &Plugins) -> String {
    text(&plugins.calls())
}

fn text(calls: &[(String, Calls)]) -> String {
    let mut text = String::new();
    let name = "tidegate_plugin_calls_total";
    let _ = writeln!(text, "# HELP {name} Calls of plugins by what came of them.\n# TYPE {name} counter");
    for (plugin, calls) in calls {
        for (result, count) in &calls.results {
            let _ = writeln!(text, "{name}{{plugin=\"{plugin}\",result=\"{result}\"}} {count}");
        }
    }
    let name = "tidegate_plugin_call_seconds";
    let _ = writeln!(
        text,
        "# HELP {name} How long calls of plugins took, waiting for a place included.\n# TYPE {name} histogram"
    );
    for (plugin, calls) in calls {
        for (micros, count) in &calls.within {
            let bound = *micros as f64 / 1e6;
            let _ = writeln!(text, "{name}_bucket{{plugin=\"{plugin}\",le=\"{bound}\"}} {count}");
        }
        let (all, seconds) = (calls.measured, calls.micros as f64 / 1e6);
        let _ = writeln!(
            text,
            "{name}_bucket{{plugin=\"{plugin}\",le=\"+Inf\"}} {all}\n\
             {name}_sum{{plugin=\"{plugin}\"}} {seconds}\n{name}_count{{plugin=\"{plugin}\"}} {all}"
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_is_one_that_prometheus_reads() {
        let calls = Calls {
            results: vec![("ok", 2), ("failed", 1)],
            within: vec![(50, 1), (1_000, 2)],
            measured: 3,
            micros: 2_500,
            last_error: None,
        };
        let text = text(&[("pager".to_string(), calls)]);
        for line in [
            "tidegate_plugin_calls_total{plugin=\"pager\",result=\"failed\"} 1",
            "tidegate_plugin_call_seconds_bucket{plugin=\"pager\",le=\"0.00005\"} 1",
            "tidegate_plugin_call_seconds_bucket{plugin=\"pager\",le=\"+Inf\"} 3",
            "tidegate_plugin_call_seconds_sum{plugin=\"pager\"} 0.0025",
            "tidegate_plugin_call_seconds_count{plugin=\"pager\"} 3",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }
}
