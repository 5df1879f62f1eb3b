//! The record of incidents, wherever a command reads it: the files of the data folder, or with `--listen` the host that
//! answers there. What is printed is the same.

use anyhow::{Context as _, anyhow, bail};
use serde::Deserialize;

use super::Context;
use super::remote::{Remote, segment, with_query};
use super::table::Happened;
use crate::backend::{Cancellation, EvidenceView, Filter, Records, find, whole};
use crate::domain::incident::IncidentView;
use crate::domain::knowledge::{Knowledge, Quote, SearchResults, SimilarIncident};
use crate::report::{Detail, timeline};

/// Where it is read.
pub enum Record<'a> {
    /// In the files, whether or not a host is running.
    Files(Box<dyn Records>, &'a Context<'a>),
    /// Of a running host.
    Host(Remote<'a>),
}

/// One incident with what happened to it.
pub struct Shown {
    /// The incident.
    pub incident: IncidentView,
    /// What it waits for.
    pub waits_for: Option<String>,
    /// What happened.
    pub lines: Vec<Happened>,
}

#[derive(Deserialize)]
struct Listed {
    incidents: Vec<IncidentView>,
    next: Option<String>,
}

#[derive(Deserialize)]
struct Timeline {
    timeline: Vec<Happened>,
    now: Option<String>,
}

#[derive(Deserialize)]
struct Seen {
    incident: String,
    evidence: Vec<EvidenceView>,
}

#[derive(Deserialize)]
struct Known {
    incident: String,
    runbooks: Vec<Quote>,
    similar: Vec<SimilarIncident>,
    unread: Vec<String>,
}

impl<'a> Record<'a> {
    /// Where the command line says.
    ///
    /// # Errors
    /// When the files cannot be read.
    pub fn of(context: &'a Context<'a>) -> anyhow::Result<Self> {
        if context.asks_host {
            return Ok(Self::Host(Remote::new(context)?));
        }
        let records = context.host.records(&context.config).map_err(anyhow::Error::msg)?;
        Ok(Self::Files(records, context))
    }

    /// Incidents that pass a filter, newest first.
    pub async fn list(&self, filter: &Filter) -> anyhow::Result<Vec<IncidentView>> {
        let remote = match self {
            Self::Files(records, _) => {
                let found = records.list(filter, &Cancellation::default()).map_err(anyhow::Error::msg)?;
                return Ok(found.iter().map(IncidentView::from).collect());
            }
            Self::Host(remote) => remote,
        };
        let mut query: Vec<(&str, String)> = Vec::new();
        query.extend(filter.state.map(|state| ("state", state.as_str().into())));
        query.extend(filter.outcome.map(|outcome| ("outcome", outcome.as_str().into())));
        query.extend(filter.severity.map(|severity| ("severity", severity.as_str().into())));
        query.extend(filter.source.clone().map(|source| ("source", source)));
        query.extend(filter.rule.clone().map(|rule| ("rule", rule)));
        query.extend(filter.since.map(|since| ("since", since.to_string())));
        let mut behind = filter.before.clone().map(|before| ("before", before));
        let mut found: Vec<IncidentView> = Vec::new();
        loop {
            let left = filter.limit - found.len();
            let page = query.iter().cloned().chain(behind).chain([("limit", left.to_string())]);
            let page: Vec<(&str, String)> = page.collect();
            let listed: Listed = remote.get(&with_query("/v1/incidents", &page)?).await?;
            let empty = listed.incidents.is_empty();
            found.extend(listed.incidents);
            found.truncate(filter.limit);
            behind = listed.next.map(|next| ("cursor", next));
            // A host shows so many at once and no more.
            if empty || behind.is_none() || found.len() >= filter.limit {
                return Ok(found);
            }
        }
    }

    /// One incident.
    pub async fn incident(&self, word: &str) -> anyhow::Result<IncidentView> {
        match self {
            Self::Files(records, _) => Ok(whole(&find(records.as_ref(), word)?)),
            Self::Host(remote) => remote.get(&format!("/v1/incidents/{}", segment(word)?)).await,
        }
    }

    /// One incident with its timeline.
    pub async fn shown(&self, word: &str, detail: Detail) -> anyhow::Result<Shown> {
        match self {
            Self::Files(records, context) => {
                let incident = find(records.as_ref(), word)?;
                let story = records.story(&incident.id.0).map_err(anyhow::Error::msg)?;
                let story = story.with_context(|| format!("incident {} has no entries", incident.id))?;
                let lines = timeline(&story, detail, context.config.report.language);
                Ok(Shown {
                    incident: IncidentView::from(&story.incident),
                    waits_for: records.waits_for(&story.incident),
                    lines: lines.into_iter().map(Happened::from).collect(),
                })
            }
            Self::Host(remote) => {
                let incident = self.incident(word).await?;
                let folded = if detail == Detail::Folded { "?detail=folded" } else { "" };
                let path = format!("/v1/incidents/{}/timeline{folded}", segment(&incident.id)?);
                let Timeline { timeline, now } = remote.get(&path).await?;
                Ok(Shown { incident, waits_for: now, lines: timeline })
            }
        }
    }

    /// The report of an incident.
    pub async fn report(&self, word: &str) -> anyhow::Result<String> {
        match self {
            Self::Files(records, _) => {
                let incident = find(records.as_ref(), word)?;
                let none = || anyhow!(crate::backend::no_report(&incident));
                incident.report.as_ref().map(ToString::to_string).ok_or_else(none)
            }
            Self::Host(remote) => remote.text(&format!("/v1/incidents/{}/report", segment(word)?)).await,
        }
    }

    /// All that was looked at for an incident, and its id.
    pub async fn evidence(&self, word: &str) -> anyhow::Result<(String, Vec<EvidenceView>)> {
        match self {
            Self::Files(records, _) => {
                let incident = find(records.as_ref(), word)?;
                Ok((incident.id.to_string(), EvidenceView::all(&incident)))
            }
            Self::Host(remote) => {
                let seen: Seen = remote.get(&format!("/v1/incidents/{}/evidence", segment(word)?)).await?;
                Ok((seen.incident, seen.evidence))
            }
        }
    }

    /// One answer as it is in the journal.
    pub async fn answer(&self, word: &str, number: u32) -> anyhow::Result<EvidenceView> {
        match self {
            Self::Files(records, _) => {
                let incident = find(records.as_ref(), word)?;
                let one = usize::try_from(number).ok().and_then(|number| EvidenceView::one(&incident, number));
                one.ok_or_else(|| anyhow!(EvidenceView::none(&incident, number)))
            }
            Self::Host(remote) => remote.get(&format!("/v1/incidents/{}/evidence/{number}", segment(word)?)).await,
        }
    }

    /// What is known from before about an incident, and its id.
    pub async fn known_about(&self, word: &str) -> anyhow::Result<(String, Knowledge)> {
        match self {
            Self::Files(records, _) => {
                let incident = find(records.as_ref(), word)?;
                let known = records.known_about(&incident.id.0).map_err(anyhow::Error::msg)?;
                Ok((incident.id.to_string(), known.unwrap_or_default()))
            }
            Self::Host(remote) => {
                let known: Known = remote.get(&format!("/v1/incidents/{}/similar", segment(word)?)).await?;
                let Known { incident, runbooks, similar, unread } = known;
                Ok((incident, Knowledge { runbooks, similar, unread }))
            }
        }
    }

    /// Runbooks and closed incidents that hold all words of a text.
    pub async fn search(&self, text: &str, most: usize) -> anyhow::Result<SearchResults> {
        if text.trim().is_empty() {
            bail!("say what to search for");
        }
        match self {
            Self::Files(records, _) => records.search(text, most).map_err(anyhow::Error::msg),
            Self::Host(remote) => {
                let query = [("q", text.to_string()), ("limit", most.to_string())];
                remote.get(&with_query("/v1/search", &query)?).await
            }
        }
    }
}
