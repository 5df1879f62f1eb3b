//! `/tools`: which servers answer, what they offer, what is stopped, and what changes may still cost.

mod changes;
mod plugins;
mod trials;

use maud::{Markup, html};

use super::forms::{self, FormError};
use super::frame::{Frame, LiveUpdates, document};
use super::parts::{line, table_head, time};
use crate::backend::operations::{ServerView, ToolView, ToolsView};
use crate::backend::trials::Tried;

strings! {
    tools: "Tools", "工具";
    servers: "Servers", "服务器";
    no_servers: "No tool server is configured: nothing can be looked at but by plugins.", "未配置工具服务器：只有插件可以查看。";
    server: "Server", "服务器";
    offers: "Tools", "工具数";
    calls: "Calls", "调用";
    errors: "Errors", "错误";
    half: "p50", "p50";
    most: "p99", "p99";
    restarts: "Restarts", "重启";
    all: "What can be called", "可调用的工具";
    tool: "Tool", "工具";
    risk: "Risk", "风险";
    gates: "Gates on a call without arguments", "门禁对无参数调用的意见";
    undone_by: "taken back by", "撤销方式：";
    withheld: "Withheld", "未提供";
    no_tools: "Nothing can be called.", "没有可调用的工具。";
    starting: "starting", "启动中";
    ready: "answers", "正常";
    down: "down", "故障";
    stopped: "stopped", "已停止";
    since_start: "Calls are counted since this host was started.", "调用自本次启动起计数。";
}

/// Tools that are shown; the rest is counted.
const TOOLS: usize = 300;

/// What the page shows.
pub struct Tools {
    /// Servers, tools, breakers, budgets and plugins.
    pub view: ToolsView,
    /// Whether whoever looks may let go on what is stopped, and not stop it alone.
    pub resumes: bool,
    /// Why a form changed nothing.
    pub refused: Option<FormError>,
    /// What came of a test message that was sent just now.
    pub tried: Option<Tried>,
}

pub use self::changes::version;
pub use self::trials::target;

/// The page.
pub fn page(tools: &Tools, frame: &Frame<'_>) -> String {
    let (words, view) = (strings(frame.language), &tools.view);
    let body = html! {
        h1 { (words.tools) }
        (forms::error(tools.refused.as_ref(), frame))
        section aria-labelledby="servers" {
            h2 #servers { (words.servers) " " span.count { (view.servers.len()) } }
            @if view.servers.is_empty() { p.empty { (words.no_servers) } } @else { (servers(&view.servers, frame)) }
        }
        (changes::stopped(view, tools.resumes, frame))
        (changes::budgets(view, frame))
        (plugins::plugins(&view.plugins, frame))
        (trials::trials(&view.plugins, tools.tried.as_ref(), tools.resumes, frame))
        section aria-labelledby="tools" {
            h2 #tools { (words.all) " " span.count { (view.tools.len()) } }
            @if view.tools.is_empty() { p.empty { (words.no_tools) } } @else { (all(&view.tools, frame)) }
            @if view.tools.len() > TOOLS { p { (frame.language.more(view.tools.len() - TOOLS)) } }
        }
        p.small { a href="/readyz" { "/readyz" } " · " a href="/v1/breakers" { "/v1/breakers" } " · " a href="/v1/plugins" { "/v1/plugins" } }
    };
    document(frame, words.tools, &LiveUpdates::Off, &body)
}

fn servers(servers: &[ServerView], frame: &Frame<'_>) -> Markup {
    let words = strings(frame.language);
    html! {
        table.list {
            (table_head(&[words.server, frame.strings().state, words.offers, words.calls, words.errors, words.half, words.most, words.restarts]))
            tbody { @for server in servers { (one_server(server, frame)) } }
        }
        p.small { (words.since_start) }
    }
}

fn one_server(server: &ServerView, frame: &Frame<'_>) -> Markup {
    let words = strings(frame.language);
    let (class, sign, state) = match server.phase {
        "ready" => ("verified", "● ", words.ready),
        "starting" => ("", "◆ ", words.starting),
        "stopped" => ("", "– ", words.stopped),
        _ => ("failed", "✖ ", words.down),
    };
    html! {
        tr {
            td { strong { (line(&server.name)) } }
            td {
                span class={ "state " (class) } { (sign) (state) }
                @if let Some(at) = server.since { " " span.small { (frame.strings().since) " " (time(frame, at)) } }
                @for why in server.skipped.iter().chain(&server.problem).chain(&server.left_out) { br; span.small.bad lang="en" { (line(why)) } }
            }
            td { span.label { (words.offers) ": " } (server.tools) }
            td { span.label { (words.calls) ": " } (server.calls) }
            td { span.label { (words.errors) ": " } (server.errors) }
            td { span.label { (words.half) ": " } (milliseconds(server.p50_ms)) }
            td { span.label { (words.most) ": " } (milliseconds(server.p99_ms)) }
            td { span.label { (words.restarts) ": " } (server.restarts) }
        }
    }
}

/// A length of time as it was measured; a dash where nothing was.
fn milliseconds(time: Option<f64>) -> String {
    match time {
        None => "–".into(),
        Some(time) if time >= 1000.0 => format!("{:.1} s", time / 1000.0),
        Some(time) if time >= 10.0 => format!("{time:.0} ms"),
        Some(time) => format!("{time:.1} ms"),
    }
}

fn all(tools: &[ToolView], frame: &Frame<'_>) -> Markup {
    let words = strings(frame.language);
    html! {
        table.list {
            (table_head(&[words.tool, words.risk, words.gates]))
            tbody {
                @for tool in tools.iter().take(TOOLS) {
                    tr {
                        td {
                            code { (line(&tool.name)) } br; span.small { (line(&tool.description)) }
                            @if let Some(undo) = &tool.undo { br; span.small { (words.undone_by) " " code { (line(undo)) } } }
                        }
                        td { span class={ "risk " (tool.risk.as_str()) } { (frame.language.risk(tool.risk)) } }
                        td {
                            @match &tool.withheld {
                                Some(why) => { span.bad { (words.withheld) } " " span.small lang="en" { (line(why)) } },
                                None => { (frame.language.ruling(tool.says)) " " @if !tool.by.is_empty() { code { (line(&tool.by)) } } },
                            }
                        }
                    }
                }
            }
        }
    }
}
