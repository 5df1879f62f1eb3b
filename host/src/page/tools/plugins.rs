//! Plugins on `/tools`: what each is, how it is, how its calls went.

use maud::{Markup, html};

use super::super::frame::Frame;
use super::super::parts::{line, table_head};
use super::milliseconds;
use crate::backend::PluginView;

strings! {
    plugins: "Plugins", "插件";
    none: "There are no plugins.", "没有插件。";
    plugin: "Plugin", "插件";
    calls: "Calls", "调用";
    errors: "Errors", "错误";
    last_error: "last error:", "最近错误：";
    unmet: "asks for and is not granted:", "请求但未授予：";
    ready: "ready", "就绪";
    troubled: "in trouble", "有问题";
    refused: "not loaded", "未加载";
    idle: "loaded when it is called", "调用时加载";
    unused: "unused", "未使用";
    version: "Version", "版本";
    others: "Those that nothing has called", "未被调用的插件";
}

/// All of them.
pub(super) fn plugins(plugins: &[PluginView], frame: &Frame<'_>) -> Markup {
    let words = strings(frame.language);
    let (used, others): (Vec<&PluginView>, Vec<&PluginView>) = plugins.iter().partition(|plugin| {
        let quiet = plugin.calls == 0 && plugin.problems.is_empty();
        !quiet || !matches!(plugin.state.as_str(), "unused" | "idle")
    });
    html! {
        section aria-labelledby="plugins" {
            h2 #plugins { (words.plugins) " " span.count { (plugins.len()) } }
            @if plugins.is_empty() { p.empty { (words.none) } }
            @if !used.is_empty() { (table(&used, frame)) }
            @if !others.is_empty() {
                details #other-plugins {
                    summary { (words.others) " " span.count { (others.len()) } }
                    (table(&others, frame))
                }
            }
        }
    }
}

fn table(plugins: &[&PluginView], frame: &Frame<'_>) -> Markup {
    let words = strings(frame.language);
    html! {
        table.list {
            (table_head(&[words.plugin, frame.strings().state, words.version, words.calls, words.errors, "p50", "p99"]))
            tbody { @for plugin in plugins { (row(plugin, frame)) } }
        }
    }
}

fn row(plugin: &PluginView, frame: &Frame<'_>) -> Markup {
    let words = strings(frame.language);
    let (class, state) = match plugin.state.as_str() {
        "ready" => ("verified", words.ready),
        "troubled" => ("failed", words.troubled),
        "refused" => ("failed", words.refused),
        "idle" => ("", words.idle),
        _ => ("", words.unused),
    };
    let digest: Option<String> = plugin.sha256.as_ref().map(|digest| digest.chars().take(12).collect());
    html! {
        tr {
            td {
                strong { (line(&plugin.name)) } " " span.small { (line(&plugin.kind)) }
                @if !plugin.offers.is_empty() { br; span.small { (line(&plugin.offers.join(", "))) } }
            }
            td {
                span class={ "state " (class) } { (state) }
                @for problem in &plugin.problems { br; span.small.bad lang="en" { (line(problem)) } }
                @if !plugin.unmet.is_empty() { br; span.small { (words.unmet) " " (line(&plugin.unmet.join(", "))) } }
                @if let Some(error) = &plugin.last_error { br; span.small { (words.last_error) " " q lang="en" { (line(error)) } } }
            }
            td { (line(&plugin.version)) br; span.small { (line(&plugin.from)) @if let Some(digest) = &digest { " " code { (digest) } } } }
            td { span.label { (words.calls) ": " } (plugin.calls) }
            td { span.label { (words.errors) ": " } (plugin.errors) }
            td { span.label { "p50: " } (milliseconds(plugin.p50_ms)) }
            td { span.label { "p99: " } (milliseconds(plugin.p99_ms)) }
        }
    }
}
