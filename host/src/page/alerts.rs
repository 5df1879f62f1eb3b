//! `/alerts`: what fires, by the labels of alerts, the worst first; of which incident, and whether it is silenced.

use maud::{Markup, html};

use super::frame::{Frame, LiveUpdates, document};
use super::parts::{line, severity, table_head, time};
use super::silences;
use crate::backend::alerts::{AlertPage, LiveAlert};
use crate::domain::Severity;
use crate::domain::matcher::{Matcher, format_all};

strings! {
    alerts: "Alerts", "告警";
    matchers: "Matchers", "匹配条件";
    held: "Silenced", "静默";
    held_all: "all", "全部";
    held_not: "not silenced", "未静默";
    held_only: "silenced alone", "仅静默";
    by: "Count by label", "按标签统计";
    alert: "Alert", "告警";
    labels: "Labels", "标签";
    since: "Since", "开始";
    incident: "Incident", "事件";
    silenced: "silenced", "已静默";
    inhibited: "inhibited", "已抑制";
    silence_these: "Silence these", "静默这些告警";
    nothing: "Nothing fires.", "没有触发中的告警。";
    nothing_passes: "Nothing that fires passes this filter.", "没有符合筛选条件的告警。";
    elsewhere: "also about other places", "还涉及其他范围";
    without: "without", "无";
    further: "Further", "下一页";
    first: "From the beginning", "从头开始";
}

/// Which alerts are wanted, as the address says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlertSelection {
    /// What the labels must be.
    pub matchers: Vec<Matcher>,
    /// How bad.
    pub severity: Option<Severity>,
    /// Only what is silenced, or only what is not.
    pub held: Option<bool>,
    /// The label by whose values they are counted.
    pub by: String,
    /// So many are passed over.
    pub skip: usize,
}

impl AlertSelection {
    fn address(&self, matchers: &[Matcher], skip: usize) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let matchers = if matchers.is_empty() { String::new() } else { format_all(matchers) };
        let held = match self.held {
            None => "",
            Some(true) => "yes",
            Some(false) => "no",
        };
        let skip = if skip == 0 { String::new() } else { skip.to_string() };
        let severity = self.severity.map(Severity::as_str).unwrap_or_default();
        let words = [
            ("matchers", matchers.as_str()),
            ("severity", severity),
            ("silenced", held),
            ("by", &self.by),
            ("skip", &skip),
        ];
        for (key, value) in words.into_iter().filter(|(_, value)| !value.is_empty()) {
            query.append_pair(key, value);
        }
        format!("/alerts?{}", query.finish())
    }
}

/// The page.
pub fn page(firing: &AlertPage, selection: &AlertSelection, frame: &Frame<'_>) -> String {
    let words = strings(frame.language);
    let filters = *selection != AlertSelection { skip: selection.skip, ..AlertSelection::default() };
    let body = html! {
        h1 { (words.alerts) }
        (filter(selection, frame))
        @if !firing.values.is_empty() { (values(firing, selection, frame)) }
        @if firing.alerts.is_empty() {
            p.empty { @if filters { (words.nothing_passes) } @else { (words.nothing) } }
        } @else {
            p { (sentence!(frame.language, "{} of {} alerts that fire", "{} / {} 条触发中的告警", firing.count, firing.of))
                @if !selection.matchers.is_empty() { " · " a href=(silences::address(&selection.matchers)) { (words.silence_these) } } }
            (table(firing, frame))
            (pages(firing, selection, frame))
        }
        p.small { a href="/v1/alerts" { "JSON" } }
    };
    let live = if selection.skip == 0 { LiveUpdates::Offer } else { LiveUpdates::Off };
    document(frame, words.alerts, &live, &body)
}

fn filter(selection: &AlertSelection, frame: &Frame<'_>) -> Markup {
    let (words, known) = (strings(frame.language), frame.strings());
    let typed = if selection.matchers.is_empty() { String::new() } else { format_all(&selection.matchers) };
    let choice = |value: &str, name: &str, chosen: bool| html! { option value=(value) selected[chosen] { (name) } };
    html! {
        form.filter method="get" action="/alerts" role="search" {
            label { (words.matchers) input #matchers name="matchers" value=(line(&typed)) maxlength="2000" spellcheck="false" autocomplete="off"; }
            label { (known.severity) select name="severity" {
                (choice("", known.any, selection.severity.is_none()))
                @for severity in Severity::ALL.into_iter().rev() { (choice(severity.as_str(), frame.language.severity(severity), selection.severity == Some(severity))) }
            } }
            label { (words.held) select name="silenced" {
                (choice("", words.held_all, selection.held.is_none()))
                (choice("no", words.held_not, selection.held == Some(false)))
                (choice("yes", words.held_only, selection.held == Some(true)))
            } }
            label { (words.by) input name="by" value=(line(&selection.by)) maxlength="200" list="labels" autocomplete="off"; }
            datalist #labels { @for name in ["alertname", "namespace", "cluster", "severity", "node", "job"] { option value=(name) {} } }
            button type="submit" { (known.filter) }
            a href="/alerts" { (known.without_filter) }
        }
    }
}

/// How many there are of each value; each leads to its alerts.
fn values(firing: &AlertPage, selection: &AlertSelection, frame: &Frame<'_>) -> Markup {
    let words = strings(frame.language);
    html! {
        p.chips {
            span { code { (line(&selection.by)) } ": " }
            @for (value, count) in &firing.values {
                @let narrowed = Matcher::new(&selection.by, value, false, true).map(|one| selection.matchers.iter().cloned().chain([one]).collect::<Vec<_>>());
                @if let Ok(narrowed) = narrowed {
                    a.chip href=(selection.address(&narrowed, 0)) { @if value.is_empty() { (words.without) } @else { (line(value)) } " " (count) }
                }
            }
            @if firing.more_values > 0 { span.small { (frame.language.more(firing.more_values)) } }
        }
    }
}

fn table(firing: &AlertPage, frame: &Frame<'_>) -> Markup {
    let (words, known) = (strings(frame.language), frame.strings());
    html! {
        table.list {
            (table_head(&[known.severity, words.alert, words.labels, words.since, words.incident]))
            tbody { @for live in &firing.alerts { (row(live, frame)) } }
        }
    }
}

fn row(live: &LiveAlert, frame: &Frame<'_>) -> Markup {
    let (words, alert) = (strings(frame.language), &live.alert);
    let own = alert.labels.iter().filter(|(name, _)| *name != "alertname");
    let named = !live.incident.is_empty();
    html! {
        tr {
            td { (severity(frame, alert.severity)) }
            td {
                @if named { a href={ "/i/" (live.incident) } { (line(&alert.name)) } } @else { (line(&alert.name)) }
                @if alert.title() != alert.name { br; span.small { (line(alert.title())) } }
            }
            td.labels { @for (name, value) in own { code { (line(name)) "=" q { (line(value)) } } " " } }
            td { span.label { (words.since) ": " } (time(frame, live.starts_at)) }
            td {
                @if named { a href={ "/i/" (live.incident) } { code { (live.incident.chars().take(8).collect::<String>()) } } }
                @else { span.small { (words.elsewhere) } }
                @for id in live.silences() { " " a.state href={ "/silences/" (id) } { (words.silenced) } }
                @if let Some(rule) = &live.held_by {
                    " " span.state { @if live.inhibited_by.is_empty() { (words.silenced) } @else { (words.inhibited) } } " " code { (line(rule)) }
                }
                @if live.silenced_by.is_empty() && live.inhibited_by.is_empty() {
                    br; a.small href=(silences::address(&silences::matchers(&alert.labels, &alert.name))) { (silences::strings(frame.language).new) }
                }
            }
        }
    }
}

fn pages(firing: &AlertPage, selection: &AlertSelection, frame: &Frame<'_>) -> Markup {
    let words = strings(frame.language);
    let next = selection.skip + firing.alerts.len();
    html! {
        nav.pages aria-label=(frame.strings().pages) {
            @if selection.skip > 0 { a href=(selection.address(&selection.matchers, 0)) { (words.first) } " " }
            @if next < firing.count { a rel="next" href=(selection.address(&selection.matchers, next)) { (words.further) " (" (next + 1) "–)" } }
        }
    }
}
