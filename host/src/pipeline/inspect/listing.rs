//! All objects of each kind: in one list where the answer is whole, else namespace by namespace.

mod completeness;
mod namespaces;
mod remainder;

use std::collections::BTreeSet;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, stream};

use super::super::{Services, look};
use super::Progress;
use super::examine::occasion;
use crate::collector::Survey;
use crate::domain::inspection::{KindResult, REPORT};
use crate::domain::subject::AffectedObject;
use crate::domain::{Call, Incident};
use crate::evidence::short;
use crate::inspection::{InspectionScope, Judge, ListAssessment, items, warnings};
use crate::ports::{LookError, ToolAnswer};

/// Bytes of one list, which nobody keeps.
const LIST: usize = 4 << 20;
/// Kinds that are listed side by side.
const SIDE_BY_SIDE: usize = 3;

/// Makes the lists of one server.
pub(super) struct Lister<'a> {
    services: &'a Services,
    judge: &'a Judge<'a>,
    /// What gates see the looks as: an alert about no object.
    incident: Incident,
    /// Until when namespaces are asked one by one, by [`Clock::elapsed`](crate::ports::Clock::elapsed).
    until: Duration,
}

/// What lists of one kind showed.
pub(super) struct KindList {
    pub part: KindResult,
    pub judged: ListAssessment,
    /// Names, of a list of namespaces.
    pub namespaces: Vec<String>,
    /// The namespaces of what is listed.
    places: BTreeSet<String>,
}

/// The namespaces that are inspected.
pub(super) struct NamespaceList {
    pub names: Vec<String>,
    /// Whether these are all of them.
    pub complete: bool,
}

impl KindList {
    fn of(survey: &Survey) -> Self {
        Self {
            part: KindResult::of(&survey.server, &survey.kind),
            judged: ListAssessment::default(),
            namespaces: Vec::new(),
            places: BTreeSet::new(),
        }
    }

    fn add(&mut self, other: Self) {
        self.part.add(other.part);
        self.judged.add(other.judged);
        self.namespaces.extend(other.namespaces);
        self.places.extend(other.places);
    }

    /// The same calls, and nothing of what they showed.
    fn forgotten(self) -> Self {
        let part = KindResult { objects: 0, ..self.part };
        Self { part, judged: ListAssessment::default(), namespaces: Vec::new(), places: BTreeSet::new() }
    }
}

impl<'a> Lister<'a> {
    /// None where nothing can be looked at.
    pub fn new(services: &'a Services, order: &InspectionScope, judge: &'a Judge<'a>, until: Duration) -> Option<Self> {
        let incident = occasion(services, order, judge.server, &AffectedObject::default(), REPORT)?;
        Some(Self { services, judge, incident, until })
    }

    /// Lists the namespaces themselves.
    pub async fn namespaces(&self, survey: &Survey) -> KindList {
        let none = NamespaceList { names: Vec::new(), complete: true };
        let (listed, whole) = completeness::ask(self, survey, &none).await;
        remainder::ask(self, survey, listed, whole, &none, false).await
    }

    /// Lists all other kinds. First each as a whole, as what one kind shows of the cluster says whether another is to be
    /// doubted.
    pub async fn all(&self, surveys: &[&Survey], names: &NamespaceList, progress: &Progress) -> Vec<KindList> {
        let asked: Vec<BoxFuture<'_, _>> =
            surveys.iter().map(|survey| completeness::ask(self, survey, names).boxed()).collect();
        let asked: Vec<_> = stream::iter(asked).buffered(SIDE_BY_SIDE).collect().await;
        // What was shown of several namespaces was shown by somebody who may list more than his own.
        let wide = asked.iter().any(|(listed, _)| listed.places.len() > 1);
        let rest: Vec<BoxFuture<'_, _>> = surveys
            .iter()
            .zip(asked)
            .map(|(survey, (listed, whole))| remainder::ask(self, survey, listed, whole, names, wide).boxed())
            .collect();
        let mut rest = stream::iter(rest).buffered(SIDE_BY_SIDE);
        let mut all = Vec::new();
        while let Some(listed) = rest.next().await {
            let KindResult { server, kind, objects, calls, .. } = &listed.part;
            progress(&format!("{server}: {kind}: {objects} in {calls} calls"));
            all.push(listed);
        }
        all
    }

    /// Whether there is time for more.
    fn is_late(&self) -> bool {
        self.services.clock.elapsed() >= self.until
    }

    /// One look, counted.
    async fn look(&self, call: &Call, part: &mut KindResult) -> Result<ToolAnswer, LookError> {
        let answer = look::survey(self.services, &self.incident, call, LIST).await;
        part.calls += 1;
        match &answer {
            Ok(answer) => {
                part.bytes += answer.text.len() as u64;
                part.failed += u64::from(!answer.ok);
            }
            Err(LookError::Refused(_)) => part.refused += 1,
            Err(LookError::Failed(_)) => part.failed += 1,
        }
        answer
    }

    /// Takes a list in, and says what of it is not there.
    fn take(
        &self,
        survey: &Survey,
        namespace: &str,
        text: &str,
        listed: &mut KindList,
    ) -> Result<Option<String>, String> {
        let cut = is_cut(text).then(|| "the list is too long and was cut".to_string());
        let missing = if survey.kind == "event" {
            let warned = warnings::read(&survey.server, namespace, text, self.judge.now)?;
            listed.part.objects += warned.seen;
            listed.places.extend(warned.places);
            listed.judged.findings.extend(warned.findings);
            warned.missing
        } else {
            let items = items(&survey.kind, namespace, text)?;
            let missing = items.missing();
            listed.part.objects += items.items.len() as u64;
            listed.places.extend(items.items.iter().map(|item| item.object.namespace.clone()));
            if survey.kind == "namespace" {
                listed.namespaces.extend(items.items.iter().map(|item| item.object.name.clone()));
            }
            listed.judged.add(self.judge.listing(&survey.kind, items.items));
            missing
        };
        listed.part.answered += 1;
        Ok(cut.or(missing))
    }
}

/// Why a look gave no list; none where the cluster does not know the kind and need not.
fn unlisted(survey: &Survey, answer: &Result<ToolAnswer, LookError>) -> Option<String> {
    match answer {
        Ok(answer) if survey.optional && is_unknown_kind(&answer.text) => None,
        Ok(answer) => Some(short(&answer.text)),
        Err(error) => Some(short(&error.to_string())),
    }
}

/// Whether an answer is only the beginning of one.
fn is_cut(text: &str) -> bool {
    text.trim_end().ends_with("bytes cut)")
}

/// Whether the cluster does not know the kind at all.
fn is_unknown_kind(text: &str) -> bool {
    let words = [
        "the server doesn't have a resource type",
        "no matches for kind",
        "could not find the requested resource",
        "no match for kind",
    ];
    words.iter().any(|word| text.contains(word)) || text.contains("Resource ") && text.contains(" not found")
}
