//! `plugin list`.

use std::process::ExitCode;

use clap::Args;
use serde::Deserialize;
use serde_json::json;

use crate::backend::PluginView;
use crate::cli::Context;
use crate::cli::remote::Remote;
use crate::cli::screen::{Screen, note};

#[derive(Args)]
#[command(after_help = "\
Asks the running host. Where none answers, what the configuration says is listed, without calls. States: ready,
troubled (its last call or a target has a problem), refused (not loaded), idle (loaded when it is first called), unused (no configuration names it).")]
pub struct Arguments {
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Deserialize)]
struct Listed {
    plugins: Vec<PluginView>,
}

pub async fn run(context: &Context<'_>, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let plugins = match Remote::new(context)?.get::<Listed>("/v1/plugins").await {
        Ok(listed) => listed.plugins,
        Err(error) => {
            note(format!("{error:#}"));
            note("what follows is read from the configuration alone");
            context.host.plugins(&context.config).await?
        }
    };
    let screen = if arguments.json { Screen::json(&json!({ "plugins": plugins }))? } else { shown(&plugins) };
    screen.print()?;
    Ok(ExitCode::SUCCESS)
}

fn shown(plugins: &[PluginView]) -> Screen {
    let time = |time: Option<f64>| time.map_or_else(|| "-".to_string(), |ms| format!("{ms:.2}"));
    let row = |plugin: &PluginView| {
        [
            plugin.name.clone(),
            plugin.kind.clone(),
            plugin.state.clone(),
            plugin.version.clone(),
            plugin.sha256.as_deref().and_then(|digest| digest.get(..12)).unwrap_or("-").to_string(),
            plugin.calls.to_string(),
            plugin.errors.to_string(),
            time(plugin.p50_ms),
            time(plugin.p99_ms),
            plugin.from.clone(),
        ]
    };
    let heads = ["PLUGIN", "KIND", "STATE", "VERSION", "SHA256", "CALLS", "ERRORS", "P50 MS", "P99 MS", "FROM"];
    let mut screen = Screen::table(heads, plugins.iter().map(row));
    for plugin in plugins {
        plugin.problems.iter().for_each(|problem| screen.text_lines(format!("{}: {problem}", plugin.name)));
        let last =
            plugin.last_error.as_ref().filter(|error| !plugin.problems.iter().any(|problem| problem.contains(*error)));
        last.into_iter().for_each(|error| screen.text_lines(format!("{}: last error: {error}", plugin.name)));
        plugin.unmet.iter().for_each(|unmet| screen.line(format!("{}: not granted: {unmet}", plugin.name)));
    }
    screen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_told_once_beneath_the_table() {
        let plugin = PluginView {
            name: "pager".into(),
            state: "troubled".into(),
            sha256: Some("ab".repeat(32)),
            calls: 3,
            p50_ms: Some(0.045),
            problems: vec!["misconfigured: no token".into()],
            last_error: Some("misconfigured: no token".into()),
            unmet: vec!["POST to https://a.example".into()],
            ..PluginView::default()
        };
        let text = shown(&[plugin]).text().to_string();
        assert!(text.contains("abababababab") && text.contains("0.04") && text.contains("P99 MS"), "{text}");
        assert_eq!(text.matches("no token").count(), 1, "{text}");
        assert!(text.contains("pager: not granted: POST"), "{text}");
    }
}
