//! `/i/{id}`: what happened, why, by which rule, and what is left for people.

mod handling;

use maud::{Markup, html};

pub use self::handling::{command, version};
use super::changes;
use super::forms::{self, FormError};
use super::frame::{Frame, LiveUpdates, document};
use super::parts::{line, multiline, path, severity, state, time};
use super::policies;
use crate::domain::delivery::DeliveryState;
use crate::domain::incident::{ActionRecord, ActionState};
use crate::domain::link::{Link, NamedLink};
use crate::domain::silence::CoveringSilence;
use crate::domain::{Alert, Delivery, Incident, Status};
use crate::evidence;
use crate::ports::IncidentRecord;
use crate::report::{Detail, EndSummary, timeline};

/// What the page shows.
pub struct IncidentPage {
    /// The incident with its entries.
    pub story: IncidentRecord,
    /// What silences hold it back now.
    pub cover: Option<CoveringSilence>,
    /// Why a form about it changed nothing.
    pub refused: Option<FormError>,
}

/// Alerts, looks and lines of the story that are shown; the rest is counted.
const ALERTS: usize = 50;
const LOOKS: usize = 60;
const LINES: usize = 400;

/// The page.
pub fn page(shown: &IncidentPage, frame: &Frame<'_>) -> String {
    let incident = &shown.story.incident;
    let account = EndSummary::of(incident, frame.language);
    let title = incident.title();
    let body = html! {
        (forms::error(shown.refused.as_ref(), frame))
        (head(incident, &account, frame))
        (handling::silenced(shown, frame))
        (left(incident, &account, frame))
        (handling::handling(shown, frame))
        (actions(incident, frame))
        (story(&shown.story, frame))
        (alerts(incident, frame))
        (looks(incident, frame))
        (deliveries(incident, frame))
        (report(incident, frame))
    };
    document(frame, &line(&title), &LiveUpdates::Incident(&incident.id.0), &body)
}

fn head(incident: &Incident, account: &EndSummary, frame: &Frame<'_>) -> Markup {
    let (words, labels) = (frame.strings(), frame.language.labels());
    let decided = incident.decision.as_ref().map(|decision| (decision.rule.as_deref(), decision.reason.as_str()));
    html! {
        p.small { a href="/incidents" { (words.incidents) } " / " code { (incident.id) } }
        h1 { (severity(frame, incident.severity())) " " (line(&incident.title())) }
        p { (state(frame, incident)) " · " (frame.language.alerts(incident.alert_count(), incident.firing_count())) }
        p.lead { (line(&account.why)) }
        dl.facts {
            dt { (words.says) } dd { (line(&account.says)) @if !account.description.is_empty() { " " (line(&account.description)) } }
            @if !account.findings.is_empty() {
                dt { (words.findings) }
                @for finding in &account.findings { dd { (line(finding)) } }
            }
            @if let Some(cause) = incident.root_cause() { dt { (labels.root_cause) } dd { (line(&cause)) } }
            @if let Some((rule, reason)) = decided {
                dt { (words.rule) } dd { (line(&frame.language.decided_by(rule))) (labels.colon) (line(reason))
                    // Of whoever is bound to places the policies of the others are no business.
                    @if !frame.is_bound() { " · " a #explain href={ "/policies/explain?incident=" (incident.id) } { (policies::strings(frame.language).explain) } } }
            }
            @if !account.objects.is_empty() {
                dt { (words.objects) }
                dd { @for (n, object) in account.objects.iter().take(10).enumerate() { @if n > 0 { ", " } code { (line(object)) } }
                    @if account.objects.len() > 10 { " " (frame.language.more(account.objects.len() - 10)) } }
            }
            dt { (words.opened) } dd { (time(frame, incident.opened_at)) }
            dt { (words.updated) } dd { (time(frame, incident.updated_at)) }
            @if let Some(blocked) = &incident.blocked {
                dt { (words.waits_for) } dd { a href={ "/i/" (blocked.by) } { code { (line(&blocked.by.0)) } } " " (line(&blocked.object)) }
            }
            @if let Some(other) = &incident.goes_on_in { dt { (words.goes_on_in) } dd { a href={ "/i/" (other) } { code { (line(&other.0)) } } } }
        }
    }
}

/// What is left to people, with a way to do it.
fn left(incident: &Incident, account: &EndSummary, frame: &Frame<'_>) -> Markup {
    let words = frame.strings();
    let asked: Vec<&ActionRecord> = asked(incident).collect();
    html! {
        section.left aria-labelledby="left" {
            h2 #left { (words.left) }
            @if asked.is_empty() {
                ul { @for sentence in &account.left { li { (line(sentence)) } } }
            } @else {
                @for record in asked {
                    p {
                        a.button href={ (path(incident)) "/" (record.action.id) } { (words.look_at) " " (record.action.id) }
                        @if let Some(until) = record.expires { " " span.small { (time(frame, until)) } }
                    }
                }
            }
        }
    }
}

fn asked(incident: &Incident) -> impl Iterator<Item = &ActionRecord> {
    incident.actions.iter().filter(|record| record.state == ActionState::Asked)
}

fn actions(incident: &Incident, frame: &Frame<'_>) -> Markup {
    let (words, labels) = (frame.strings(), frame.language.labels());
    html! {
        section aria-labelledby="actions" {
            h2 #actions { (words.actions) " " span.count { (incident.actions.len()) } }
            @if incident.actions.is_empty() { p.empty { (words.no_actions) } }
            ul.cards {
                @for record in incident.actions.iter() {
                    @let action = &record.action;
                    li.card {
                        p.head {
                            a href={ (path(incident)) "/" (action.id) } { (action.id) " " code { (line(action.tool())) } }
                            " → " strong { (line(&action.target())) }
                            " " span class={ "state " (record.state.as_str()) } { (frame.language.action_state(record.state)) }
                        }
                        p { (line(&changes::short(incident, action, frame.language))) }
                        p.small {
                            (labels.proposed_by) (labels.colon) (line(&frame.language.origin(&action.origin)))
                            @if let Some(ruling) = &record.ruling {
                                " · " (labels.ruling) (labels.colon) (frame.language.ruling(ruling.kind)) " (" code { (line(&ruling.rule)) } ")"
                            }
                        }
                        @if let Some(result) = &record.result {
                            details id={ "result-" (action.id) } { summary { (labels.result) } pre { (multiline(result)) } }
                        }
                    }
                }
            }
        }
    }
}

fn story(story: &IncidentRecord, frame: &Frame<'_>) -> Markup {
    let words = frame.strings();
    let lines = timeline(story, Detail::Folded, frame.language);
    let opened = story.incident.opened_at;
    html! {
        section aria-labelledby="story" {
            h2 #story { (words.story) }
            ol.story {
                @for one in lines.iter().take(LINES) {
                    li class=(one.kind) {
                        time datetime=(one.at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()) title=(one.at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()) {
                            (super::parts::absolute(frame, one.at))
                        }
                        " " span.small { "+" (frame.texts().span(one.at.duration_since(opened).as_secs())) } " "
                        span.kind { (one.kind) } " "
                        span.text { (line(&one.text)) }
                    }
                }
            }
            @if lines.len() > LINES { p { (frame.language.more(lines.len() - LINES)) } }
            p.small {
                a href={ (path(&story.incident)) "/journal.json" } { (words.raw_journal) }
                " · " a href={ "/v1/incidents/" (story.incident.id) } { "JSON" }
                " · " code { "tidegate incidents show " (story.incident.id) " --all" }
            }
        }
    }
}

fn alerts(incident: &Incident, frame: &Frame<'_>) -> Markup {
    let words = frame.strings();
    let mut alerts: Vec<&Alert> = incident.alerts.iter().collect();
    alerts.sort_by_key(|alert| (alert.status != Status::Firing, std::cmp::Reverse(alert.severity)));
    html! {
        section aria-labelledby="alerts" {
            h2 #alerts { (words.alerts) " " span.count { (incident.alert_count()) } }
            ul.cards { @for alert in alerts.iter().take(ALERTS) { (one_alert(alert, frame)) } }
            @if alerts.len() > ALERTS { p { (frame.language.more(alerts.len() - ALERTS)) } }
            @if !incident.counted.is_empty() { p { (frame.language.counted(incident.counted.len())) } }
        }
    }
}

fn one_alert(alert: &Alert, frame: &Frame<'_>) -> Markup {
    let (words, labels) = (frame.strings(), frame.language.labels());
    let status = if alert.status == Status::Firing { labels.firing } else { labels.resolved };
    let link = alert.link.as_deref().and_then(|url| Link::of_alert(NamedLink::Source, words.source, url));
    html! {
        li.card {
            p.head {
                (severity(frame, alert.severity)) " " strong { (line(&alert.name)) } " " span.state { (status) }
                @if let Some(at) = alert.starts_at { " " span.small { (words.since) " " (time(frame, at)) } }
            }
            p { (line(alert.title())) }
            p.labels { @for (key, value) in alert.labels.iter() { code { (line(key)) "=" q { (line(value)) } } " " } }
            @if !alert.annotations.is_empty() {
                details {
                    summary { (words.annotations) }
                    dl.facts { @for (key, value) in alert.annotations.iter() { dt { (line(key)) } dd.text { (multiline(value)) } } }
                }
            }
            @if let Some(link) = link {
                // Named by the alert: where it leads stands beside it.
                p.small { a href=(link.url()) rel="noreferrer nofollow noopener" { (words.source) } " (" (link.host()) ", " (words.named_by_alert) ")" }
            }
        }
    }
}

fn looks(incident: &Incident, frame: &Frame<'_>) -> Markup {
    let words = frame.strings();
    html! {
        section aria-labelledby="looks" {
            h2 #looks { (words.looks) " " span.count { (incident.looks.len()) } }
            @if incident.looks.is_empty() { p.empty { (words.no_looks) } }
            @for (n, look) in incident.looks.iter().enumerate().take(LOOKS) {
                details id={ "look-" (n) } {
                    summary {
                        (super::parts::absolute(frame, look.at)) " " code { (line(&look.call.tool)) } " "
                        span.small { (line(&serde_json::Value::Object(look.call.arguments.clone()).to_string())) }
                        @if let Some(gate) = &look.refused { " " span.bad { (words.refused_by) " " code { (line(gate)) } } }
                        @else if !look.ok { " " span.bad { (words.failed) } }
                    }
                    pre { (multiline(&evidence::of(look).text())) }
                }
            }
            @if incident.looks.len() > LOOKS { p { (frame.language.more(incident.looks.len() - LOOKS)) } }
            @if !incident.looks.is_empty() { p.small { a href={ "/v1/incidents/" (incident.id) "/evidence" } { (words.whole_answers) } } }
        }
    }
}

fn deliveries(incident: &Incident, frame: &Frame<'_>) -> Markup {
    let words = frame.strings();
    html! {
        section aria-labelledby="deliveries" {
            h2 #deliveries { (words.deliveries) " " span.count { (incident.deliveries.len()) } }
            @if incident.deliveries.is_empty() { p.empty { (words.no_deliveries) } }
            ul { @for delivery in incident.deliveries.iter() { li { (one_delivery(delivery, frame)) } } }
        }
    }
}

fn one_delivery(delivery: &Delivery, frame: &Frame<'_>) -> Markup {
    let words = frame.strings();
    html! {
        strong { (line(&delivery.target)) } " " span.small { (delivery.occasion.as_str()) } " "
        @match &delivery.state {
            DeliveryState::Delivered { .. } => { "✓ " (words.delivered) },
            DeliveryState::Overtaken { by } => { (words.not_sent) " (" (by.as_str()) ")" },
            DeliveryState::Abandoned { reason } => span.bad { "✖ " (words.given_up) " " q lang="en" { (line(reason)) } },
            DeliveryState::Due { reason: Some(reason), at, .. } => span.bad { "▲ " (words.tried_again) " " (time(frame, *at)) " " q lang="en" { (line(reason)) } },
            DeliveryState::Due { .. } => (words.due),
        }
    }
}

fn report(incident: &Incident, frame: &Frame<'_>) -> Markup {
    let words = frame.strings();
    html! {
        section aria-labelledby="report" {
            h2 #report { (words.report) }
            @match &incident.report {
                Some(report) => {
                    details #report-text { summary { (words.read_report) } pre.text { (multiline(report)) } }
                    p.small { a href={ "/v1/incidents/" (incident.id) "/report" } { "Markdown" } }
                },
                None => p.empty { (words.no_report) },
            }
        }
    }
}
