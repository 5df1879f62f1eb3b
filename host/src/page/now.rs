//! `/`: what waits for me, what tidegate does right now, whether tidegate itself is well.

use maud::{Markup, html};

use super::changes;
use super::frame::{Frame, LiveUpdates, document};
use super::parts::{line, path, severity, state, time};
use crate::domain::incident::{ActionRecord, ActionState};
use crate::domain::{Incident, State};

/// What the page shows.
pub struct OverviewPage {
    /// Incidents with a question, the newest first.
    pub asked: Vec<Incident>,
    /// Incidents that need a person and are not over, the worst first.
    pub people: Vec<Incident>,
    /// Whether there are more of these.
    pub more_people: bool,
    /// Incidents that are worked on.
    pub working: Vec<Incident>,
    /// The newest of all.
    pub newest: Vec<Incident>,
}

/// States in which the host works.
const WORKING: [State; 4] = [State::Acting, State::Investigating, State::Planning, State::Open];

/// The page.
pub fn page(now: &OverviewPage, frame: &Frame<'_>) -> String {
    let words = frame.strings();
    let body = html! {
        h1.hidden { (words.now) }
        (questions(now, frame))
        (people(now, frame))
        (working(now, frame))
        section aria-labelledby="newest" {
            h2 #newest { (words.newest) }
            @if now.newest.is_empty() { p.empty { (words.nothing_yet) } } @else { (rows(&now.newest, frame)) }
            @let ended = frame.host.ended.iter().filter(|(_, count)| *count > 0);
            @if ended.clone().next().is_some() {
                p.chips {
                    (words.last_day) " "
                    @for (outcome, count) in ended {
                        a.chip href={ "/incidents?state=all&outcome=" (outcome.as_str()) } { (frame.language.outcome(*outcome)) " " (count) }
                    }
                }
            }
            p { a href="/incidents?state=all" { (words.all_incidents) } }
        }
        @if !frame.is_bound() { (host(frame)) }
    };
    document(frame, words.now, &LiveUpdates::Any, &body)
}

/// Questions, those that end soonest first.
fn questions(now: &OverviewPage, frame: &Frame<'_>) -> Markup {
    let asked = |incident: &'_ Incident| -> Vec<usize> {
        let asked = incident.actions.iter().enumerate().filter(|(_, record)| record.state == ActionState::Asked);
        asked.map(|(n, _)| n).collect()
    };
    let mut questions: Vec<(&Incident, &ActionRecord)> = now
        .asked
        .iter()
        .flat_map(|incident| {
            asked(incident).into_iter().filter_map(move |n| Some((incident, incident.actions.get(n)?)))
        })
        .collect();
    questions.sort_by_key(|(_, record)| record.expires);
    let all = frame.host.count(State::AwaitingApproval).max(now.asked.len());
    html! {
        section aria-labelledby="questions" {
            @if questions.is_empty() {
                h2 #questions { (frame.strings().no_questions) }
                p.empty { (frame.strings().no_questions_why) }
            } @else {
                h2 #questions { (frame.texts().questions(questions.len())) }
                ul.cards {
                    @for (incident, record) in &questions { (question(incident, record, frame)) }
                }
                @if all > now.asked.len() {
                    p { a href="/incidents?state=awaiting_approval" { (frame.language.more(all - now.asked.len())) } }
                }
            }
        }
    }
}

fn question(incident: &Incident, record: &ActionRecord, frame: &Frame<'_>) -> Markup {
    let (words, action) = (frame.strings(), &record.action);
    let address = format!("{}/{}", path(incident), action.id);
    html! {
        li.card.asks {
            p.head {
                (severity(frame, incident.severity())) " "
                strong { (line(&action.target())) }
            }
            p { code { (line(action.tool())) } " " (line(&changes::short(incident, action, frame.language))) }
            p.small {
                @if let Some(until) = record.expires { (time(frame, until)) }
                @if let Some(ruling) = &record.ruling {
                    " · " (words.asked_of) " " (line(&frame.language.whose(record, ruling)))
                }
                " · " (line(&incident.title()))
            }
            p { a.button href=(address) { (words.look) } }
        }
    }
}

fn people(now: &OverviewPage, frame: &Frame<'_>) -> Markup {
    html! {
        section aria-labelledby="people" {
            @if now.people.is_empty() {
                h2 #people { (frame.strings().nobody_needed) }
            } @else {
                h2 #people { (frame.texts().need_person(now.people.len(), now.more_people)) }
                (rows(&now.people, frame))
                p { a href="/incidents?outcome=needs_person" { (frame.strings().all_incidents) } }
            }
        }
    }
}

fn working(now: &OverviewPage, frame: &Frame<'_>) -> Markup {
    let all: usize = WORKING.iter().map(|state| frame.host.count(*state)).sum();
    let all = all.max(now.working.len());
    html! {
        section aria-labelledby="working" {
            h2 #working { (frame.texts().works_on(all)) }
            @if all > 0 {
                p.chips {
                    @for state in WORKING {
                        @let count = frame.host.count(state);
                        @if count > 0 { a.chip href={ "/incidents?state=" (state.as_str()) } { (frame.language.state(state)) " " (count) } }
                    }
                }
                (rows(&now.working, frame))
            }
        }
    }
}

/// Incidents, a line each.
pub(super) fn rows(incidents: &[Incident], frame: &Frame<'_>) -> Markup {
    html! {
        ul.rows {
            @for incident in incidents {
                li {
                    (severity(frame, incident.severity())) " "
                    a href=(path(incident)) { (line(&incident.title())) } " "
                    (state(frame, incident)) " "
                    span.small { (time(frame, incident.updated_at)) }
                }
            }
        }
    }
}

fn host(frame: &Frame<'_>) -> Markup {
    let (words, host) = (frame.strings(), frame.host);
    html! {
        section aria-labelledby="host" {
            h2 #host { (words.host) }
            @if host.problems.is_empty() {
                p.empty { (words.host_well) }
            } @else {
                ul.problems lang="en" { @for problem in &host.problems { li { (line(problem)) } } }
            }
            p.small { a href="/v1/incidents" { "JSON" } " · " a href="/readyz" { "/readyz" } " · " a href="/metrics" { "/metrics" } }
        }
    }
}
