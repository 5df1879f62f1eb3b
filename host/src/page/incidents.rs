//! `/incidents`: what goes on, the newest first, and what tidegate did. The whole view is in the address.

use maud::{Markup, html};

use super::frame::{Frame, LiveUpdates, document};
use super::parts::{line, path, severity, state, table_head, time};
use crate::domain::{Incident, Outcome, Severity, State};

/// Which incidents are wanted, as the address says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Those that are over as well.
    pub all: bool,
    /// In this state.
    pub state: Option<State>,
    /// With this outcome.
    pub outcome: Option<Outcome>,
    /// Whose worst alert is this bad.
    pub severity: Option<Severity>,
    /// From this source.
    pub source: String,
    /// Decided by this rule.
    pub rule: String,
    /// That hold this text in title, objects or labels.
    pub text: String,
    /// Opened before this one.
    pub before: String,
}

/// What the page shows.
pub struct Listing {
    /// The incidents, the newest first.
    pub incidents: Vec<Incident>,
    /// The last one that was looked at, where there are more behind it.
    pub next: Option<String>,
    /// How many were looked at to find these.
    pub looked_at: usize,
}

impl Selection {
    /// The address of this view, from an incident on.
    pub fn address(&self, before: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let state = self.state.map(State::as_str).or(self.all.then_some("all"));
        let words = [
            ("state", state.unwrap_or_default()),
            ("outcome", self.outcome.map(Outcome::as_str).unwrap_or_default()),
            ("severity", self.severity.map(Severity::as_str).unwrap_or_default()),
            ("source", &self.source),
            ("rule", &self.rule),
            ("q", &self.text),
            ("before", before),
        ];
        for (key, value) in words.into_iter().filter(|(_, value)| !value.is_empty()) {
            query.append_pair(key, value);
        }
        let query = query.finish();
        if query.is_empty() { "/incidents".into() } else { format!("/incidents?{query}") }
    }

    /// Whether anything but what is not over is wanted.
    fn filters(&self) -> bool {
        *self != Self { before: self.before.clone(), ..Self::default() }
    }
}

const OUTCOMES: [Outcome; 6] = [
    Outcome::NeedsPerson,
    Outcome::Error,
    Outcome::Fixed,
    Outcome::Resolved,
    Outcome::ClosedByPerson,
    Outcome::Suppressed,
];

/// The page.
pub fn page(listing: &Listing, selection: &Selection, frame: &Frame<'_>) -> String {
    let words = frame.strings();
    let body = html! {
        h1 { (words.incidents) }
        (chips(selection, frame))
        (filter(selection, frame))
        @if listing.incidents.is_empty() { (empty(listing, selection, frame)) } @else { (table(listing, frame)) }
        (pages(listing, selection, frame))
    };
    let live = if selection.before.is_empty() { LiveUpdates::Offer } else { LiveUpdates::Off };
    document(frame, words.incidents, &live, &body)
}

/// How many live incidents stand where; each number leads to its list.
fn chips(selection: &Selection, frame: &Frame<'_>) -> Markup {
    html! {
        p.chips {
            @for (of, count) in frame.host.counts.iter().filter(|(state, count)| *count > 0 && *state != State::Closed) {
                a.chip href={ "/incidents?state=" (of.as_str()) } aria-current=[(selection.state == Some(*of)).then_some("true")] {
                    (frame.language.state(*of)) " " (count)
                }
            }
        }
    }
}

fn filter(selection: &Selection, frame: &Frame<'_>) -> Markup {
    let words = frame.strings();
    let more = selection.outcome.is_some()
        || selection.severity.is_some()
        || !selection.source.is_empty()
        || !selection.rule.is_empty();
    let choice = |value: &str, name: &str, chosen: bool| html! { option value=(value) selected[chosen] { (name) } };
    html! {
        form.filter method="get" action="/incidents" role="search" {
            label { (words.text) input type="search" name="q" value=(line(&selection.text)) maxlength="200"; }
            label { (words.state) select name="state" {
                (choice("", words.live_ones, selection.state.is_none() && !selection.all))
                (choice("all", words.all, selection.all && selection.state.is_none()))
                @for state in State::ALL { (choice(state.as_str(), frame.language.state(state), selection.state == Some(state))) }
            } }
            button type="submit" { (words.filter) }
            details.more #more open[more] {
            summary { (words.more_filters) }
            div.fields {
            label { (words.outcome) select name="outcome" {
                (choice("", words.any, selection.outcome.is_none()))
                @for outcome in OUTCOMES { (choice(outcome.as_str(), frame.language.outcome(outcome), selection.outcome == Some(outcome))) }
            } }
            label { (words.severity) select name="severity" {
                (choice("", words.any, selection.severity.is_none()))
                @for severity in Severity::ALL.into_iter().rev() {
                    (choice(severity.as_str(), frame.language.severity(severity), selection.severity == Some(severity)))
                }
            } }
            label { (words.source) input name="source" value=(line(&selection.source)) maxlength="100"; }
            label { (words.rule) input name="rule" value=(line(&selection.rule)) maxlength="200"; }
            a href="/incidents" { (words.without_filter) }
            }
            }
        }
    }
}

fn table(listing: &Listing, frame: &Frame<'_>) -> Markup {
    let words = frame.strings();
    html! {
        table.list {
            (table_head(&[words.severity, words.incident, words.state, words.rule, words.opened, words.updated]))
            tbody {
                @for incident in &listing.incidents {
                    tr {
                        td { (severity(frame, incident.severity())) }
                        td.title {
                            a href=(path(incident)) { (line(&incident.title())) }
                            span.small { " " (frame.language.alerts(incident.alert_count(), incident.firing_count())) }
                        }
                        td { (state(frame, incident)) }
                        @match incident.decision.as_ref().and_then(|decision| decision.rule.as_deref()) {
                            Some(rule) => td.small { code { (line(rule)) } },
                            None => td.small.nothing { "–" },
                        }
                        td.small { span.label { (words.opened) " " } (time(frame, incident.opened_at)) }
                        td.small { span.label { (words.updated) " " } (time(frame, incident.updated_at)) }
                    }
                }
            }
        }
    }
}

/// Why there is nothing, and what to do about it.
fn empty(listing: &Listing, selection: &Selection, frame: &Frame<'_>) -> Markup {
    let words = frame.strings();
    html! {
        p.empty {
            @if !selection.text.is_empty() { (frame.texts().nothing_holds(&line(&selection.text), listing.looked_at)) }
            @else if selection.filters() { (words.nothing_filtered) }
            @else { (words.nothing_live) }
            " "
            @if selection.filters() { a href="/incidents" { (words.without_filter) } }
            @else { a href="/incidents?state=all" { (words.all_incidents) } }
        }
    }
}

fn pages(listing: &Listing, selection: &Selection, frame: &Frame<'_>) -> Markup {
    let words = frame.strings();
    html! {
        nav.pages aria-label=(words.pages) {
            @if !selection.before.is_empty() { a href=(selection.address("")) { (words.to_newest) } }
            " "
            @if let Some(next) = &listing.next { a rel="next" href=(selection.address(next)) { (words.older) } }
            @if !selection.text.is_empty() && !listing.incidents.is_empty() {
                " " span.small { (frame.texts().looked_at(listing.looked_at)) }
            }
        }
    }
}
