//! `/audit`: who did what, and who tried. The whole view is in the address.

pub(super) mod strings;

use maud::{Markup, html};

use super::frame::{Frame, LiveUpdates, document};
use super::parts::{line, table_head, time};
use crate::domain::audit::{AuditOutcome, AuditView};

/// What the address asks for, as it was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Of somebody with this name.
    pub person: String,
    /// With this outcome.
    pub outcome: Option<AuditOutcome>,
    /// Since this time.
    pub since: String,
    /// Before this time.
    pub until: String,
}

impl AuditFilter {
    fn address(&self, before: u64) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let outcome = self.outcome.map(AuditOutcome::as_str).unwrap_or_default();
        let words =
            [("person", self.person.as_str()), ("outcome", outcome), ("since", &self.since), ("until", &self.until)];
        for (key, value) in words.into_iter().filter(|(_, value)| !value.is_empty()) {
            query.append_pair(key, value);
        }
        query.append_pair("before", &before.to_string());
        format!("/audit?{}", query.finish())
    }
}

/// The page; `next` is where older ones begin.
pub fn page(views: &[AuditView], asked: &AuditFilter, next: Option<u64>, frame: &Frame<'_>) -> String {
    let words = frame.strings().audit;
    let body = html! {
        h1 { (words.title) }
        p.small { (words.what_it_is) }
        (filter(asked, frame))
        @if views.is_empty() { p.empty { (words.nothing) } } @else { (table(views, frame)) }
        nav.pages aria-label=(frame.strings().pages) {
            @if let Some(next) = next { a rel="next" href=(asked.address(next)) { (frame.strings().older) } }
        }
    };
    document(frame, words.title, &LiveUpdates::Off, &body)
}

fn filter(asked: &AuditFilter, frame: &Frame<'_>) -> Markup {
    let (all, words) = (frame.strings(), frame.strings().audit);
    html! {
        form.filter method="get" action="/audit" role="search" {
            label { (words.person) input name="person" value=(line(&asked.person)) maxlength="100"; }
            label { (all.outcome) select name="outcome" {
                option value="" selected[asked.outcome.is_none()] { (all.any) }
                @for outcome in AuditOutcome::ALL {
                    option value=(outcome.as_str()) selected[asked.outcome == Some(outcome)] { (words.outcome(outcome)) }
                }
            } }
            label { (words.since) input name="since" value=(line(&asked.since)) maxlength="40"; }
            label { (words.until) input name="until" value=(line(&asked.until)) maxlength="40"; }
            button type="submit" { (all.filter) }
            " " a href="/audit" { (all.without_filter) }
        }
    }
}

fn table(views: &[AuditView], frame: &Frame<'_>) -> Markup {
    let (all, words) = (frame.strings(), frame.strings().audit);
    html! {
        table.list {
            (table_head(&[words.when, words.person, words.way, words.what, all.outcome]))
            tbody {
                @for AuditView { at, audited, .. } in views {
                    tr {
                        td.small { span.label { (words.when) " " } (time(frame, *at)) }
                        td {
                            @match &audited.person {
                                Some(person) => {
                                    strong { (line(&person.shown())) }
                                    span.small { " " @match person.proven() {
                                        Some(proven) => (proven.proof().as_str()),
                                        None => (all.unproven),
                                    } }
                                },
                                None => span.small { (words.nobody) },
                            }
                        }
                        td.small {
                            (words.way_of(audited.way))
                            @if !audited.from.is_empty() { " " code { (line(&audited.from)) } }
                        }
                        td.title {
                            code { (line(&audited.route)) }
                            @if !audited.object.is_empty() { div.small { (line(&audited.object)) } }
                        }
                        td {
                            span class={ "outcome " (audited.outcome.as_str()) } { (words.outcome(audited.outcome)) }
                            @if let Some(more) = audited.more() {
                                " " span.small { (words.times(more)) }
                                @if let (Some(since), Some(until)) = (audited.since, audited.until) {
                                    " " span.small { (time(frame, since)) " – " (time(frame, until)) }
                                }
                            }
                            @if !audited.why.is_empty() { div.small { q lang="en" { (line(&audited.why)) } } }
                        }
                    }
                }
            }
        }
    }
}
