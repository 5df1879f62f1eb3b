//! Plugins as the API, the command line and the metrics show them.

use std::fmt::Write as _;
use std::path::Path;

use crate::backend::{ControlError, PluginView};
use crate::config::{Config, Overrides};
use crate::plugin::{CallCounts, ExpectedDigest, Plugins, Reloaded, Status};

/// Every plugin, by name.
pub fn views(plugins: &Plugins) -> Vec<PluginView> {
    let calls = plugins.calls();
    let of = |name: &str| calls.iter().find(|(known, _)| known == name).map(|(_, calls)| calls.clone());
    plugins.status().into_iter().map(|status| view(of(&status.name).unwrap_or_default(), status)).collect()
}

fn view(calls: CallCounts, status: Status) -> PluginView {
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

/// Reads a plugin of the folder anew, with the digest that the configuration file names by now.
///
/// # Errors
/// Sentences about what is wrong; the plugin goes on as it was.
pub async fn reload(plugins: &Plugins, file: Option<&Path>, name: &str) -> Result<Reloaded, ControlError> {
    let reloaded = match pinned(file, name) {
        Ok(pin) => plugins.reload(name, pin.as_ref()).await,
        Err(problem) => Err(vec![problem]),
    };
    reloaded.map_err(|problems| {
        let text = format!("{name} stays as it was: {}", problems.join("; "));
        tracing::warn!(plugin = name, problem = text, "a plugin was not read anew");
        ControlError::Conflict(text)
    })
}

/// What the configuration file demands of the component; none where the host was started without a file.
fn pinned(file: Option<&Path>, name: &str) -> Result<Option<ExpectedDigest>, String> {
    let Some(file) = file else { return Ok(None) };
    let config = Config::load(Some(file), &Overrides::default()).map_err(|problems| {
        format!("the configuration says which component it must be, and cannot be read as it is now: {problems}")
    })?;
    Ok(Some(ExpectedDigest(config.plugins.each.get(name).and_then(|options| options.sha256.clone()))))
}

/// How often each plugin was called, what came of it and how long it took, as Prometheus text.
pub fn metrics(plugins: &Plugins) -> String {
    text(&plugins.calls())
}

fn text(calls: &[(String, CallCounts)]) -> String {
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
    fn the_digest_is_the_one_that_the_file_names_now() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tidegate.toml");
        let digest = "ab".repeat(32);
        std::fs::write(&file, format!("[plugins.pager]\nsha256 = \"{digest}\"")).unwrap();
        assert_eq!(pinned(Some(&file), "pager"), Ok(Some(ExpectedDigest(Some(digest)))));
        assert_eq!(pinned(Some(&file), "other"), Ok(Some(ExpectedDigest(None))));
        assert_eq!(pinned(None, "pager"), Ok(None));
        std::fs::write(&file, "[plugins.pager]\nsha = 1").unwrap();
        assert!(pinned(Some(&file), "pager").unwrap_err().contains("tidegate.toml:2"));
    }

    #[test]
    fn a_histogram_is_one_that_prometheus_reads() {
        let calls = CallCounts {
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
