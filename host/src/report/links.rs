//! The links of a message: the host's own, then what alerts name.

use std::collections::BTreeSet;

use super::Language;
use crate::domain::Incident;
use crate::domain::link::{Link, LinkPurpose, NamedLink};

/// Annotations in which senders name a runbook.
const RUNBOOKS: [&str; 2] = ["runbook_url", "runbook"];

/// Links of each kind that alerts may add to a message.
const NAMED: usize = 3;

/// The links; `question` leads to the page where a question can be answered, `of_incident` to that of the incident.
pub(super) fn links(
    incident: &Incident,
    question: Option<&str>,
    of_incident: Option<&str>,
    language: Language,
) -> Vec<Link> {
    let (page, headings) = (language.translation().page(), language.translation().headings());
    let mut links = Vec::new();
    if let Some(question) = question {
        links.push(Link::of_host(LinkPurpose::Approve, page.approve, format!("{question}#approve")));
        links.push(Link::of_host(LinkPurpose::Deny, page.deny, format!("{question}#deny")));
    }
    links.extend(of_incident.map(|url| Link::of_host(LinkPurpose::Incident, page.incident, url)));
    let runbooks =
        incident.alerts.iter().flat_map(|alert| RUNBOOKS.iter().filter_map(|key| alert.annotations.get(key)));
    let sources = incident.alerts.iter().filter_map(|alert| alert.link.as_deref());
    links.extend(named(NamedLink::Runbook, headings.runbook, headings.named_by_alert, runbooks));
    links.extend(named(NamedLink::Source, headings.source, headings.named_by_alert, sources));
    links
}

fn named<'a>(
    purpose: NamedLink,
    title: &str,
    whose: &str,
    urls: impl Iterator<Item = &'a str> + 'a,
) -> impl Iterator<Item = Link> + 'a {
    let title = format!("{title}{whose}");
    let mut seen = BTreeSet::new();
    urls.filter(move |url| seen.insert(*url))
        .filter_map(move |url| Link::of_alert(purpose, title.as_str(), url))
        .take(NAMED)
}
