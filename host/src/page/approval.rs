//! `/i/{id}/{action}`: may this exact change happen?
//!
//! In the order in which somebody decides: what on what, before and after, how risky and how it is taken back, how success
//! is judged, who wants it, who may answer, what silence means, the whole call. What stands first is read by the host
//! from the arguments; the proposer's words stand beneath as such.

use maud::{Markup, html};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::changes::difference;
use super::frame::{Frame, LiveUpdates, PageUser, document};
use super::parts::{line, multiline, path, row, time};
use crate::domain::incident::{ActionRecord, ActionState};
use crate::domain::requirement::ApprovalRefusal;
use crate::domain::{Action, Fact, Incident, Mode, Origin, Risk, Undo};
use crate::evidence::{Basis, action_change};
use crate::ports::IncidentRecord;
use crate::report::{Detail, timeline};

/// What the page shows.
pub struct Approval<'a> {
    /// The incident with its entries.
    pub story: &'a IncidentRecord,
    /// The action's record in it.
    pub record: &'a ActionRecord,
    /// What the one who looks may say.
    pub may: AnswerRights,
    /// Why an answer was not taken.
    pub not_taken: Option<AnswerError>,
    /// Other open questions about the same object: incident and action.
    pub others: Vec<(String, String)>,
}

/// Why an answer was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnswerError {
    /// What stands there is not what was seen.
    Changed,
    /// It is neither yes nor no.
    Unclear,
    /// No name was given.
    Nameless,
    /// This word was not typed, or no comment given.
    Untyped(String),
    /// What the host said, in English.
    Host(String),
}

/// What somebody may say to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnswerRights {
    /// Yes and no.
    Answer,
    /// No alone: their yes would count for nothing.
    Deny(ApprovalRefusal),
    /// Nothing: they look.
    Look,
}

/// The word that must be typed to approve what cannot be taken back, or reaches more than is named.
pub fn confirmation(action: &Action) -> Option<String> {
    let touches = &action.touches;
    let parts = [&touches.namespaces, &touches.kinds, &touches.names];
    let all = !touches.elsewhere.is_empty() || parts.iter().any(|part| part.iter().any(|value| value == "*"));
    if action.risk != Risk::Irreversible && !all {
        return None;
    }
    let name = touches.names.iter().find(|name| *name != "*" && !name.trim().is_empty());
    Some(line(name.unwrap_or(if touches.server.is_empty() { &action.proposal.call.tool } else { &touches.server })))
}

/// What an answer is about: it changes with whatever a reader decides by.
pub fn version(record: &ActionRecord) -> String {
    let parts = (record.state, &record.action.digest, record.expires, record.approvals.len(), &record.ruling);
    let mut hash = Sha256::new();
    hash.update(serde_json::to_vec(&parts).unwrap_or_default());
    hex::encode(hash.finalize()).chars().take(16).collect()
}

/// The page.
pub fn page(shown: &Approval<'_>, frame: &Frame<'_>) -> String {
    let (words, incident, record) = (frame.strings(), &shown.story.incident, shown.record);
    let version = version(record);
    let asked = record.state == ActionState::Asked;
    let body = html! {
        p.small { a href="/incidents" { (words.incidents) } " / " a href=(path(incident)) { (line(&incident.title())) } " / " (record.action.id) }
        @if let Some(why) = &shown.not_taken { (not_taken(why, frame)) }
        h1 { @if asked { (words.may_it) } @else { (words.change) " " (record.action.id) } }
        @if asked {
            @if let Some(until) = record.expires { p.deadline { (time(frame, until)) " " a.small href="#answer" { (words.to_answer) } } }
        } @else {
            p.lead { span class={ "state " (record.state.as_str()) } { (frame.language.action_state(record.state)) } " " (time(frame, record.since)) }
        }
        (answers(shown, frame))
        (what(&record.action, frame))
        (difference_of(incident, record, frame))
        (risk(&record.action, frame))
        (wanted_by(&record.action, frame))
        (gate(record, frame))
        (circumstances(shown, frame))
        (call(&record.action, frame))
        @if asked { (form(shown, &version, frame)) }
        @if let Some(result) = &record.result {
            section { h2 { (frame.language.labels().result) } pre { (multiline(result)) } }
        }
    };
    let live = LiveUpdates::Question(&incident.id.0, &version);
    document(frame, &format!("{} {}", record.action.id, line(&record.action.target())), &live, &body)
}

fn not_taken(why: &AnswerError, frame: &Frame<'_>) -> Markup {
    let (words, texts) = (frame.strings(), frame.texts());
    html! {
        div.banner.bad role="alert" #refused {
            strong { (words.not_taken) } " "
            @match why {
                AnswerError::Changed => (words.has_changed),
                AnswerError::Unclear => (words.unclear),
                AnswerError::Nameless => (words.nameless),
                AnswerError::Untyped(word) => (texts.not_typed(&line(word))),
                AnswerError::Host(sentence) => q lang="en" { (line(sentence)) },
            }
        }
    }
}

/// Whether a yes needs a comment: what cannot be taken back does.
pub fn needs_comment(action: &Action) -> bool {
    action.risk == Risk::Irreversible
}

/// What people have said, in the words of the journal.
fn answers(shown: &Approval<'_>, frame: &Frame<'_>) -> Markup {
    let of = &shown.record.action.id;
    let said = |fact: &Fact| match fact {
        Fact::Approved { action, .. } | Fact::Rejected { action, .. } | Fact::Expired { action } => action == of,
        _ => false,
    };
    let lines = timeline(shown.story, Detail::All, frame.language);
    let lines = shown.story.entries.iter().zip(&lines).filter(|(entry, _)| said(&entry.fact)).map(|(_, line)| line);
    html! {
        ul.answers { @for one in lines { li { (time(frame, one.at)) " " (line(&one.text)) } } }
    }
}

/// What is done to what, as the host reads it from the arguments.
fn what(action: &Action, frame: &Frame<'_>) -> Markup {
    let (words, touches) = (frame.strings(), &action.touches);
    let all = |values: &[String]| -> String {
        let named = values.iter().map(|value| if value == "*" { words.every.to_string() } else { line(value) });
        named.collect::<Vec<_>>().join(", ")
    };
    let count = touches.names.iter().filter(|name| *name != "*").count();
    let every = touches.names.iter().any(|name| name == "*");
    html! {
        section.what {
            p.tool { code { (line(action.tool())) } }
            p.server { span.small { (if touches.own { words.plugin } else { words.server }) } " " strong { (line(&touches.server)) } }
            dl.facts {
                (row(words.kind, &all(&touches.kinds)))
                (row(words.namespace, &all(&touches.namespaces)))
                (row(words.name, &all(&touches.names)))
                dt { (words.objects) } dd { @if every { strong { (words.every_object) } } @else if count == 0 { (words.unknown_objects) } @else { (count) } }
                @if !touches.elsewhere.is_empty() { dt.bad { (words.elsewhere) } dd { (line(&touches.elsewhere.join(", "))) } }
            }
        }
    }
}

/// Before and after of what changes.
fn difference_of(incident: &Incident, record: &ActionRecord, frame: &Frame<'_>) -> Markup {
    let (words, action) = (frame.strings(), &record.action);
    html! {
        section aria-labelledby="change" {
            h2 #change { (words.change) }
            @match action_change(incident, action) {
                Some(known) => {
                    (difference(&known.changes, frame))
                    @if !known.rest.is_empty() { p.small { (words.besides) " " code { (line(&Value::Object(known.rest).to_string())) } } }
                    @match known.by {
                        Basis::Look(at) => p.small { (words.seen) " " (time(frame, at)) },
                        Basis::Restoration => p.small { (words.seen) " " @if let Some(at) = record.prepared_at { (time(frame, at)) } },
                        Basis::Proposer => p.small.bad { (words.claimed_before) },
                    }
                },
                None => {
                    @let (head, text, json) = frame.language.asked(incident, action);
                    p.small { (head) }
                    pre { (multiline(&text)) }
                    // Fields that change are told only of what was looked at.
                    @if json { p.small.bad { (words.not_seen) } }
                },
            }
        }
    }
}

fn risk(action: &Action, frame: &Frame<'_>) -> Markup {
    let (words, labels) = (frame.strings(), frame.language.labels());
    html! {
        section {
            dl.facts {
                dt { (labels.risk) } dd class={ "risk " (action.risk.as_str()) } { (frame.language.risk(action.risk)) }
                dt { (labels.undone_by) }
                dd {
                    (frame.language.undo(action))
                    @if let Some(undo) = action.undo() {
                        details #undo open[!matches!(undo, Undo::Restore(_))] {
                            summary { (words.undo_call) " " code { (line(&undo.call().tool)) } }
                            pre { (pretty(&undo.call().arguments)) }
                        }
                    }
                }
                @for (label, text) in frame.language.judged(action) { (row(label, &text)) }
                @for (n, check) in action.safeguards.verify.iter().chain(action.claimed_verification()).enumerate() {
                    dd { details id={ "check-" (n) } {
                        summary { (words.whole_check) " " code { (line(&check.look.tool)) } }
                        pre { (multiline(&serde_json::to_string_pretty(check).unwrap_or_default())) }
                    } }
                }
                dt { (words.if_not) } dd { @match action.undo() {
                    Some(Undo::Restore(_)) => (words.if_not_restored),
                    Some(_) => (words.if_not_asked),
                    None => (words.if_not_person),
                } }
            }
        }
    }
}

fn wanted_by(action: &Action, frame: &Frame<'_>) -> Markup {
    let (words, labels, proposal) = (frame.strings(), frame.language.labels(), &action.proposal);
    let guess = matches!(action.origin, Origin::Model | Origin::Chat { program: false, .. });
    html! {
        section {
            dl.facts {
                dt { (labels.proposed_by) } dd { (line(&frame.language.origin(&action.origin))) @if guess { " " strong { (words.guess) } } }
                (words_of(labels.reason, &proposal.reason))
                (words_of(labels.root_cause, &proposal.root_cause))
                @if !proposal.evidence.is_empty() {
                    dt { (labels.observations) }
                    @for seen in &proposal.evidence { dd.text { (multiline(seen)) } }
                }
            }
        }
    }
}

/// A label and all of a text.
fn words_of(label: &str, text: &str) -> Markup {
    html! { @if !text.trim().is_empty() { dt { (label) } dd.text { (multiline(text)) } } }
}

fn gate(record: &ActionRecord, frame: &Frame<'_>) -> Markup {
    let (words, labels) = (frame.strings(), frame.language.labels());
    let Some(ruling) = &record.ruling else { return html! {} };
    html! {
        section {
            dl.facts {
                dt { (labels.ruling) } dd { (frame.language.ruling(ruling.kind)) ", " code { (line(&ruling.rule)) } (labels.colon) (line(&ruling.reason)) }
                @for heard in ruling.heard.iter().filter(|heard| heard.gate != ruling.rule) {
                    dt { (labels.heard) } dd { code { (line(&heard.gate)) } " " (frame.language.ruling(heard.ruling)) (labels.colon) (line(&heard.reason)) }
                }
                @if ruling.until.is_some() {
                    dt { (labels.who) } dd { (line(&frame.language.whose(record, ruling))) }
                    dt { (words.said_yes) }
                    @if record.approvals.is_empty() { dd { (words.nobody_yet) } }
                    @for person in record.approvers(jiff::Timestamp::MIN) { dd { (line(&frame.language.person(person))) } }
                }
                @if let (ActionState::Asked, Some(until)) = (record.state, record.expires) {
                    dt { (words.silence) } dd { (frame.texts().silence_means_no(&super::parts::absolute(frame, until))) }
                }
            }
        }
    }
}

/// What else bears on it now.
fn circumstances(shown: &Approval<'_>, frame: &Frame<'_>) -> Markup {
    let (words, record, incident) = (frame.strings(), shown.record, &shown.story.incident);
    let observes =
        frame.host.mode == Mode::Observe || record.ruling.as_ref().is_some_and(|ruling| ruling.mode == Mode::Observe);
    html! {
        section aria-labelledby="now" {
            h2.hidden #now { (words.circumstances) }
            ul.circumstances {
                li { @if observes { strong { (words.yes_in_observe) } } @else { (words.yes_in_enforce) } }
                @if !frame.host.paused.is_empty() { li { strong { (words.paused) } } }
                @if record.attempts > 0 { li { (frame.texts().attempts(record.attempts)) } }
                @if let Some(blocked) = &incident.blocked { li { (words.waits_for) " " a href={ "/i/" (blocked.by) } { (line(&blocked.by.0)) } } }
                @for (incident, action) in &shown.others {
                    li { (words.other_question) " " a href={ "/i/" (line(incident)) "/" (line(action)) } { (line(incident)) " " (line(action)) } }
                }
            }
        }
    }
}

fn call(action: &Action, frame: &Frame<'_>) -> Markup {
    let (words, arguments) = (frame.strings(), pretty(&action.proposal.call.arguments));
    html! {
        section {
            details #call {
                summary { (words.whole_call) " (" (frame.texts().lines(arguments.lines().count())) ")" }
                pre { (line(action.tool())) "\n" (arguments) }
            }
            p.small { (frame.language.labels().digest) (frame.language.labels().colon) code.digest { (groups(&action.digest)) } }
        }
    }
}

/// A call's arguments as JSON of several lines.
fn pretty(arguments: &serde_json::Map<String, serde_json::Value>) -> String {
    multiline(&serde_json::to_string_pretty(arguments).unwrap_or_default())
}

/// A digest in groups of four letters.
fn groups(digest: &str) -> String {
    let letters: Vec<char> = digest.chars().collect();
    letters.chunks(4).map(|four| four.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// Both answers, no before yes.
fn form(shown: &Approval<'_>, version: &str, frame: &Frame<'_>) -> Markup {
    let (words, record) = (frame.strings(), shown.record);
    let confirm = confirmation(&record.action);
    let irreversible = needs_comment(&record.action);
    let (acts, counts) = (frame.acts() && shown.may != AnswerRights::Look, shown.may == AnswerRights::Answer);
    html! {
        form.answer #answer method="post" autocomplete="off" {
            // The first button is the one that Enter presses: it does nothing.
            button type="submit" disabled hidden {}
            input type="hidden" name="digest" value=(record.action.digest);
            input type="hidden" name="version" value=(version);
            @match frame.who {
                PageUser::Person { name, .. } => p { (words.answer_as) " " strong { (line(name)) } ". " (words.in_journal) },
                PageUser::Single | PageUser::Shared => {
                    label { (words.your_name) input #person name="person" maxlength="100" autocomplete="name" disabled[!acts]; }
                    p.small { (words.unproven) }
                },
                PageUser::Nobody => {},
            }
            label { (if irreversible { words.comment_required } else { words.comment }) input #comment name="comment" maxlength="1000" disabled[!acts]; }
            @if let Some(word) = &confirm {
                label { (frame.texts().type_to_approve(word)) input #confirm name="confirm" maxlength="300" disabled[!counts]; }
            }
            @match &shown.may {
                AnswerRights::Answer => {},
                AnswerRights::Deny(refusal) => p #why-not .bad { (line(&frame.texts().refusal(refusal))) },
                AnswerRights::Look => p #why-not .bad { (words.looks_only_why) },
            }
            p.buttons {
                button.deny type="submit" name="answer" value="deny" disabled[!acts] aria-describedby=[(!acts).then_some("why-not")] { (words.deny) }
                button.approve type="submit" name="answer" value="approve" disabled[!acts || !counts] aria-describedby=[(!counts).then_some("why-not")] { (words.approve) }
            }
        }
    }
}
