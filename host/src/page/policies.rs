//! `/policies`: what decides here, where it stands, how often it was used and what came of it.

mod explain;

use maud::{Markup, html};

pub use self::explain::{ExplainPage, page as explain};
use super::frame::{Frame, LiveUpdates, document};
use super::parts::{line, time};
use crate::backend::operations::{DeclarationView, PoliciesView, UseCount};
use crate::domain::{Mode, Outcome};
use crate::report::Language;

strings! {
    policies: "Policies", "策略";
    explain: "Explain a decision", "解释决策";
    refused: "Not in force: what is wrong with the files as they are now", "未生效：当前文件中的问题";
    warnings: "What the lint says about those in force", "对生效策略的检查结果";
    name: "Name", "名称";
    place: "Place", "位置";
    day: "24 h", "24 小时";
    week: "7 days", "7 天";
    ended: "Ended", "结果";
    last: "Last", "最近";
    never: "not in 7 days", "7 天内未使用";
    tells: "Tells", "通知";
    by_default: "No rule (the default)", "无规则（默认）";
    observes: "observes", "仅观察";
    none: "No policies are declared.", "没有声明任何策略。";
    rest: "What is counted are incidents that were opened in the last 7 days, by the rule that decided them last.", "统计的是最近 7 天内开始的事件，按最后作出决策的规则计。";
}

/// Kinds in the order in which they are shown, and their names.
const KINDS: [(&str, &str, &str); 10] = [
    ("rule", "Rules, in the order in which they are asked", "规则（按询问顺序）"),
    ("gate", "Gates on changes and looks", "变更与查看的门禁"),
    ("route", "Routes of messages", "通知路由"),
    ("silence", "Silences of policies", "策略中的静默"),
    ("inhibit", "Inhibitions", "抑制"),
    ("silence_gate", "Gates on silences", "静默的门禁"),
    ("event", "Event rules", "事件规则"),
    ("evidence", "Evidence", "取证"),
    ("check", "Checks", "检查"),
    ("group", "Groups", "分组"),
];

/// The page.
pub fn page(policies: &PoliciesView, frame: &Frame<'_>) -> String {
    let words = strings(frame.language);
    let body = html! {
        h1 { (words.policies) }
        p { (line(&policies.describe)) }
        p { a.button href="/policies/explain" { (words.explain) } }
        (sentences("problems", words.refused, &policies.problems, true))
        (sentences("warnings", words.warnings, &policies.warnings, false))
        @if policies.declared.is_empty() { p.empty { (words.none) } }
        @for (kind, en, zh) in KINDS {
            @let of: Vec<&DeclarationView> = policies.declared.iter().filter(|one| one.kind == kind).collect();
            @if !of.is_empty() {
                section aria-labelledby=(kind) {
                    h2 id=(kind) { (match frame.language { Language::En => en, Language::Zh => zh }) " " span.count { (of.len()) } }
                    (table(&of, (kind == "rule").then_some(&policies.default), frame))
                }
            }
        }
        p.small { (words.rest) }
        p.small { code { "tidegate policy explain" } " · " code { "tidegate backtest" } " · " code { "tidegate policy lint" } }
    };
    document(frame, words.policies, &LiveUpdates::Off, &body)
}

fn sentences(id: &str, heading: &str, all: &[String], bad: bool) -> Markup {
    html! {
        @if !all.is_empty() {
            section aria-labelledby=(id) {
                h2 id=(id) class=[bad.then_some("bad")] { (heading) " " span.count { (all.len()) } }
                ul.problems lang="en" { @for one in all.iter().take(50) { li { (line(one)) } } }
            }
        }
    }
}

fn table(of: &[&DeclarationView], default: Option<&UseCount>, frame: &Frame<'_>) -> Markup {
    let words = strings(frame.language);
    let decides = of.iter().any(|one| one.used.is_some());
    let tells = of.iter().any(|one| !one.to.is_empty());
    html! {
        table.list {
            thead { tr {
                th scope="col" { (words.name) }
                th scope="col" { (words.place) }
                @if decides {
                    th scope="col" { (words.day) }
                    th scope="col" { (words.week) }
                    th scope="col" { (words.ended) }
                    th scope="col" { (words.last) }
                }
                @if tells { th scope="col" { (words.tells) } }
            } }
            tbody {
                @for one in of {
                    tr {
                        td {
                            @if one.kind == "rule" { a href=(incidents_of(&one.name)) { (line(&one.name)) } } @else { (line(&one.name)) }
                            @if one.mode == Mode::Observe { " " span.state { (words.observes) } }
                            @if !one.description.is_empty() { br; span.small { (line(&one.description)) @if !one.owner.is_empty() { " (" (line(&one.owner)) ")" } } }
                        }
                        td.place { code { (line(&one.place)) } }
                        @if let Some(used) = &one.used { (usage(used, frame)) }
                        @if tells { td { (line(&one.to.join(", "))) } }
                    }
                }
                @if let Some(default) = default { tr { td { em { (words.by_default) } } td { "–" } (usage(default, frame)) } }
            }
        }
    }
}

fn incidents_of(rule: &str) -> String {
    let query =
        form_urlencoded::Serializer::new(String::new()).append_pair("state", "all").append_pair("rule", rule).finish();
    format!("/incidents?{query}")
}

fn usage(used: &UseCount, frame: &Frame<'_>) -> Markup {
    let words = strings(frame.language);
    let ended: u64 = used.outcomes.values().sum();
    html! {
        td { span.label { (words.day) ": " } (used.day) }
        td { span.label { (words.week) ": " } (used.week) }
        td {
            @for outcome in Outcome::ALL {
                @if let Some(count) = used.outcomes.get(outcome.as_str()) {
                    span class={ "outcome " (outcome.as_str()) } { (frame.language.outcome(outcome)) " " (count * 100 / ended.max(1)) " %" } " "
                }
            }
        }
        td { @match used.last { Some(at) => (time(frame, at)), None => span.small { (words.never) } } }
    }
}
