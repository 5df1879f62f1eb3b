//! Cases about events.

use std::cell::RefCell;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::case::{Want, time};
use super::judge::Lines;
use crate::domain::Labels;
use crate::domain::event::{Envelope, Event};
use crate::policy::query::CoverageLog;
use crate::policy::set::Set;
use crate::policy::{events, span};
use crate::rules::RaisedAlert;

/// An event that comes in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventRow {
    #[serde(default)]
    pub subject: String,
    /// What ops calls events of a cluster.
    #[serde(default = "kube", rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub source: String,
    #[serde(default)]
    pub cluster: String,
    #[serde(default)]
    pub data: Value,
}

fn kube() -> String {
    "Kube".into()
}

/// What is to come of it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WantAlert {
    /// Its name, or `none`.
    pub name: String,
    pub severity: Option<String>,
    /// Labels that it must have among others.
    #[serde(default)]
    pub labels: Labels,
    #[serde(default)]
    pub annotations: Labels,
    pub ends_after: Option<String>,
    /// Such as `3 in 10m`.
    pub count: Option<String>,
}

pub(super) fn compare(
    set: &Set,
    row: &EventRow,
    now: &str,
    want: &Want,
    seen: &RefCell<Vec<CoverageLog>>,
    lines: &mut Lines,
) {
    let now: Timestamp = match time(now) {
        Ok(now) => now,
        Err(why) => return lines.say(format!("the case is not right: {why}")),
    };
    let EventRow { subject, kind, source, cluster, data } = row;
    let event = Event::new(Envelope {
        via: Vec::new(),
        subject: subject.clone(),
        kind: kind.clone(),
        source: source.clone(),
        cluster: cluster.clone(),
        data: data.clone(),
        time: Some(now),
        id: "case".into(),
        size: 0,
    });
    let judged = events::judge(set, &event, now, Some(seen));
    judged.faults.iter().for_each(|fault| lines.say(format!("a rule failed: {fault}")));
    let asks =
        [want.rule.is_some(), want.alert.is_some(), want.over.is_some(), want.silent.is_some(), want.forward.is_some()];
    if !asks.contains(&true) {
        lines.say("`want` asks nothing about the event; name rule, silent, alert, over or forward".into());
    }
    let besides = judged.over.iter().chain(&judged.forward).map(|(_, rule)| rule);
    let spoke = judged.rule.iter().chain(judged.raised.iter().map(|raised| &raised.rule)).chain(besides);
    let spoke: Vec<&str> = spoke.map(String::as_str).collect();
    for rule in want.silent.iter().flatten().filter(|rule| spoke.contains(&rule.as_str())) {
        lines.same(&format!("rule {rule}"), &"silent", &"it speaks");
    }
    // Whoever lets others speak as well decides nothing, nor does who ends alerts or sends the event on.
    let decides = |name: &str| {
        let rule = set.items.events.iter().find(|one| one.meta.name == name);
        rule.is_some_and(|rule| rule.means.decides() && !events::goes_on(rule))
    };
    if let Some(wanted) = &want.rule {
        // Several may speak; it is enough that the one does.
        let among = spoke.iter().find(|rule| *rule == wanted);
        let deciding = spoke.iter().find(|rule| decides(rule));
        let got = among.or(deciding).or(spoke.first().filter(|_| wanted != "none")).copied().unwrap_or("none");
        lines.same("rule", wanted, &got);
        if got != wanted && wanted != "none" {
            let considered = events::explain(set, &event, now).into_iter().find(|one| one.rule == *wanted);
            lines.say(considered.map_or_else(
                || format!("there is no event rule {wanted}"),
                |one| format!("{wanted} ({}): {}", one.place, one.why),
            ));
        }
    }
    if let Some(wanted) = &want.over {
        let mut got: Vec<&str> = judged.over.iter().map(|(name, _)| name.as_str()).collect();
        got.sort_unstable();
        got.dedup();
        let mut wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
        wanted.sort_unstable();
        lines.same("over", &wanted.join(", "), &got.join(", "));
    }
    if let Some(wanted) = &want.forward {
        let mut got: Vec<String> = judged.forward.iter().map(|(subject, _)| event.forwarded(subject).subject).collect();
        got.sort_unstable();
        got.dedup();
        let mut wanted = wanted.clone();
        wanted.sort_unstable();
        lines.same("forward", &wanted.join(", "), &got.join(", "));
    }
    let Some(wanted) = &want.alert else { return };
    let of_rule = |raised: &&RaisedAlert| want.rule.as_ref().is_none_or(|rule| raised.rule == *rule || rule == "none");
    let named = judged.raised.iter().filter(of_rule).find(|raised| raised.alert.name == wanted.name);
    let mut deciding = judged.raised.iter().filter(of_rule).filter(|raised| decides(&raised.rule));
    let Some(raised) = named.or_else(|| deciding.next()) else {
        return lines.same("alert", &wanted.name, &"none");
    };
    let alert = &raised.alert;
    lines.same("alert", &wanted.name, &alert.name);
    if let Some(severity) = &wanted.severity {
        lines.same("severity", severity, &alert.severity);
    }
    for (what, wanted, got) in
        [("label", &wanted.labels, &alert.labels), ("annotation", &wanted.annotations, &alert.annotations)]
    {
        for (name, value) in wanted {
            lines.same(&format!("{what} {name}"), &value, &got.get(name).unwrap_or_default());
        }
    }
    let shown = |ms: u64| i64::try_from(ms).map(span::show).unwrap_or_default();
    if let Some(wanted) = &wanted.ends_after {
        lines.same("ends_after", wanted, &raised.ends_after_ms.map(shown).unwrap_or_default());
    }
    if let Some(wanted) = &wanted.count {
        let got = raised.count.map(|count| format!("{} in {}", count.times, shown(count.within_ms)));
        lines.same("count", wanted, &got.unwrap_or_default());
    }
}
