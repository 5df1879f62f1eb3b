//! `/policies/explain`: why an incident is decided as it is, or what would be decided about what Alertmanager might send.

use maud::{Markup, html};

use super::super::frame::{Frame, LiveUpdates, document};
use super::super::parts::{line, multiline};
use crate::backend::policies::{ExplainedAction, Explanation};
use crate::domain::Decision;
use crate::domain::decision::{Candidate, GateRuling};

strings! {
    explain: "Explain a decision", "解释决策";
    incident: "An incident (its id, a beginning of it, or latest)", "事件（ID、ID 前缀或 latest）";
    body: "Or what Alertmanager would send (JSON)", "或 Alertmanager 将发送的内容（JSON）";
    ask: "Explain", "解释";
    nothing_asked: "Name an incident, or paste a body. Nothing is changed and nothing is called.", "填写事件或粘贴内容。不会做任何变更或调用。";
    none: "No alert of it would open an incident.", "其中没有会产生事件的告警。";
    verdict: "Verdict", "决策";
    then: "then", "当时";
    now: "now", "现在";
    by_default: "no rule matches, so the default applies", "没有匹配的规则，采用默认处理";
    considered: "Silences, inhibitions and rules in order", "静默、抑制与规则（按顺序）";
    matched: "yes", "匹配";
    unmatched: "no", "不匹配";
    looks: "Looks that gates refuse", "被门禁拒绝的查看";
    actions: "Actions, and what gates say", "动作与门禁意见";
    says: "Gates say", "门禁意见";
    nobody: "No gate has anything to say.", "没有门禁发表意见。";
    faults: "Faults", "故障";
    not_explained: "It cannot be explained:", "无法解释：";
}

/// Explanations that are shown; the rest is counted.
const SHOWN: usize = 20;

/// What was asked, and the answer.
#[derive(Default)]
pub struct ExplainPage {
    /// The incident that was named.
    pub incident: String,
    /// The body that was pasted.
    pub body: String,
    /// The answer; none where nothing was asked.
    pub answer: Option<Result<Vec<Explanation>, String>>,
}

/// The page.
pub fn page(explanation: &ExplainPage, frame: &Frame<'_>) -> String {
    let words = strings(frame.language);
    let body = html! {
        p.small { a href="/policies" { (super::strings(frame.language).policies) } }
        h1 { (words.explain) }
        (asking(explanation, frame))
        @match &explanation.answer {
            None => p.empty { (words.nothing_asked) },
            Some(Err(why)) => p.banner.bad role="alert" { strong { (words.not_explained) } " " q lang="en" { (line(why)) } },
            Some(Ok(all)) => {
                @if all.is_empty() { p.empty { (words.none) } }
                @for (n, one) in all.iter().take(SHOWN).enumerate() { (explained(n, one, frame)) }
                @if all.len() > SHOWN { p { (frame.language.more(all.len() - SHOWN)) } }
            },
        }
    };
    document(frame, words.explain, &LiveUpdates::Off, &body)
}

fn asking(explanation: &ExplainPage, frame: &Frame<'_>) -> Markup {
    let words = strings(frame.language);
    html! {
        form.answer method="get" action="/policies/explain" {
            label { (words.incident) input #incident name="incident" value=(line(&explanation.incident)) maxlength="100" autocomplete="off"; }
            p { button type="submit" { (words.ask) } }
        }
        form.answer method="post" action="/policies/explain" {
            label { (words.body) textarea #body name="body" rows="6" maxlength="12000" required spellcheck="false" { (multiline(&explanation.body)) } }
            p { button type="submit" { (words.ask) } }
        }
    }
}

fn explained(n: usize, one: &Explanation, frame: &Frame<'_>) -> Markup {
    let words = strings(frame.language);
    html! {
        section aria-labelledby={ "e" (n) } {
            h2 id={ "e" (n) } { (line(&one.title)) }
            p.small { code { (line(&one.incident)) } }
            @for note in &one.notes { p.small lang="en" { (line(note)) } }
            dl.facts {
                dt { (words.verdict) }
                @if let Some(decided) = &one.decided {
                    dd { (words.then) ": " (verdict(Some(decided), frame)) }
                    dd { (words.now) ": " (verdict(one.decision.as_ref(), frame)) }
                } @else { dd { (verdict(one.decision.as_ref(), frame)) } }
                @if !one.faults.is_empty() { dt.bad { (words.faults) } @for fault in &one.faults { dd lang="en" { (line(fault)) } } }
            }
            h3 { (words.considered) }
            ul.rows { @for considered in &one.considered { (row(considered, frame)) } }
            @if !one.looks.is_empty() {
                h3 { (words.looks) }
                ul.rows { @for look in &one.looks {
                    li { code { (line(&look.tool)) } " " span.small { (line(&look.arguments)) }
                        @for why in look.now.iter().chain(&look.then) { br; span.small lang="en" { (line(why)) } } }
                } }
            }
            @if !one.actions.is_empty() {
                h3 { (words.actions) }
                @for action in &one.actions { (what_gates_say(action, frame)) }
            }
        }
    }
}

fn verdict(decision: Option<&Decision>, frame: &Frame<'_>) -> Markup {
    html! {
        @match decision {
            None => (strings(frame.language).by_default),
            Some(decision) => {
                strong { (decision.verdict.kind()) }
                @if let Some(rule) = &decision.rule { " (" code { (line(rule)) } ")" }
                " " span.text { (line(&decision.reason)) }
            },
        }
    }
}

fn row(one: &Candidate, frame: &Frame<'_>) -> Markup {
    let words = strings(frame.language);
    html! {
        li {
            span class={ "state " @if one.matched { "verified" } } { @if one.matched { "✓ " (words.matched) } @else { "– " (words.unmatched) } }
            " " strong { (line(&one.rule)) } " " code { (line(&one.place)) } br;
            span.small lang="en" { (line(&one.why)) }
        }
    }
}

fn what_gates_say(action: &ExplainedAction, frame: &Frame<'_>) -> Markup {
    let words = strings(frame.language);
    let heard = |heard: &[GateRuling]| {
        html! {
            @if heard.is_empty() { p.small { (words.nobody) } }
            ul { @for one in heard { li { (frame.language.ruling(one.ruling)) " " code { (line(&one.gate)) } " " span.small { (line(&one.reason)) } } } }
        }
    };
    html! {
        div.card {
            p.head { (line(&action.id)) " " code { (line(&action.tool)) } " → " strong { (line(&action.target)) } " " span class={ "risk " (action.risk.as_str()) } { (frame.language.risk(action.risk)) } }
            p { (words.says) ": " strong { (frame.language.ruling(action.says)) } " (" code { (line(&action.by)) } ")" }
            (heard(&action.heard))
        }
    }
}
