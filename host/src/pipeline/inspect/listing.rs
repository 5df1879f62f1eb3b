//! All objects of a kind: in one list where the answer is whole, else namespace by namespace.

use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, stream};

use super::super::Services;
use super::examine::occasion;
use crate::collector::Survey;
use crate::domain::entry::Purpose;
use crate::domain::inspection::{Part, REPORT};
use crate::domain::{Call, Incident};
use crate::evidence::short;
use crate::inspection::{Judge, Judged, MOST, Order, items, warnings};
use crate::ports::{LookError, ToolAnswer};

/// Bytes of one list, which nobody keeps.
const LIST: usize = 4 << 20;
/// Namespaces that are asked side by side.
const SIDE_BY_SIDE: usize = 6;
/// Sentences about what could not be seen.
const PROBLEMS: usize = 5;
/// Namespaces that are listed one by one.
const NAMESPACES: usize = 2_000;

/// What a list showed.
#[derive(Default)]
pub(super) struct Listed {
    pub judged: Judged,
    /// Names, of a list of namespaces.
    pub namespaces: Vec<String>,
    /// A sentence about what is beyond the bounds.
    cut: Vec<String>,
    /// The namespaces of what is listed.
    places: std::collections::BTreeSet<String>,
}

pub(super) async fn run(
    services: &Services,
    order: &Order,
    survey: &Survey,
    namespaces: &[String],
    judge: &Judge<'_>,
) -> (Part, Listed) {
    let mut part = Part { server: survey.server.clone(), kind: survey.kind.clone(), ..Part::default() };
    let mut listed = Listed::default();
    let Some(incident) = occasion(services, order, &survey.server, "", "", "", REPORT) else { return (part, listed) };
    let mut why = "no tool lists the whole cluster".to_string();
    if let Some(call) = &survey.all {
        let answer = look(services, &incident, call).await;
        count(&mut part, &answer);
        match answer {
            Ok(answer) if answer.ok && !is_cut(&answer.text) => {
                let mut all = Listed::default();
                match take(survey, "", &answer.text, judge, &mut all) {
                    // A server that may not list everything may list its own namespace in silence.
                    Ok(_) if survey.kind != "event" && survey.is_within() && doubtful(call, &all, namespaces) => {
                        why = "the list of the whole cluster shows one namespace at most".into();
                    }
                    Ok(objects) => {
                        part.objects += objects;
                        part.problems.append(&mut all.cut);
                        return (part, all);
                    }
                    Err(error) => why = error,
                }
            }
            Ok(answer) if answer.ok => why = "the list of the whole cluster is too long".into(),
            // Who has no such kind lacks none of it.
            Ok(answer) if is_unknown_kind(&survey.kind, &answer.text) => return (part, listed),
            Ok(answer) if is_unknown_kind("certificate", &answer.text) => {
                part.problems.push(short(&answer.text));
                return (part, listed);
            }
            Ok(answer) => why = short(&answer.text),
            Err(error) => why = short(&error.to_string()),
        }
    }
    let calls: Vec<(String, Call)> =
        namespaces.iter().take(NAMESPACES).filter_map(|name| Some((name.clone(), survey.within(name)?))).collect();
    if calls.is_empty() {
        part.problems.push(why);
        return (part, listed);
    }
    let beyond = namespaces.len().saturating_sub(calls.len());
    let one = |(name, call): (String, Call)| {
        let incident = &incident;
        async move { (name, look(services, incident, &call).await) }.boxed()
    };
    let answers: Vec<BoxFuture<'_, _>> = calls.into_iter().map(one).collect();
    let mut answers = stream::iter(answers).buffered(SIDE_BY_SIDE);
    let mut unseen = beyond;
    while let Some((name, answer)) = answers.next().await {
        count(&mut part, &answer);
        let problem = match answer {
            Ok(answer) if answer.ok => match take(survey, &name, &answer.text, judge, &mut listed) {
                Ok(objects) => {
                    part.objects += objects;
                    let cut = std::mem::take(&mut listed.cut).into_iter().next();
                    cut.or_else(|| is_cut(&answer.text).then(|| "the list is too long and was cut".to_string()))
                }
                Err(error) => Some(error),
            },
            Ok(answer) if is_unknown_kind(&survey.kind, &answer.text) => None,
            Ok(answer) => Some(short(&answer.text)),
            Err(error) => Some(short(&error.to_string())),
        };
        if let Some(problem) = problem {
            unseen += 1;
            if part.problems.len() < PROBLEMS {
                part.problems.push(format!("{name}: {problem}"));
            }
        }
    }
    let untold = unseen.saturating_sub(part.problems.len());
    if untold > 0 {
        part.problems.push(format!("{untold} more namespaces could not be seen"));
    }
    (part, listed)
}

/// One look, if no gate refuses it; its answer may be as long as a list of a whole cluster is.
async fn look(services: &Services, incident: &Incident, call: &Call) -> Result<ToolAnswer, LookError> {
    let permit = {
        let moment = services.moment();
        let policies = services.policies.as_ref();
        services.gate.admit_look(policies, incident, &Purpose::Evidence, call, &moment.context())?
    };
    Ok(services.tools.survey(&permit, LIST).await?)
}

fn count(part: &mut Part, answer: &Result<ToolAnswer, LookError>) {
    part.calls += 1;
    match answer {
        Ok(answer) => {
            part.bytes += answer.text.len() as u64;
            part.failed += u64::from(!answer.ok);
        }
        Err(LookError::Refused(_)) => part.refused += 1,
        Err(LookError::Failed(_)) => part.failed += 1,
    }
}

/// Takes one list in; how many objects it holds.
fn take(survey: &Survey, namespace: &str, text: &str, judge: &Judge<'_>, listed: &mut Listed) -> Result<u64, String> {
    if survey.kind == "event" {
        let (seen, findings) = warnings::findings(&survey.server, text, judge.now)?;
        listed.cut.extend(warnings::beyond(text, seen, findings.len()));
        listed.judged.findings.extend(findings);
        return Ok(seen);
    }
    let items = items(&survey.kind, namespace, text)?;
    let objects = items.len() as u64;
    if items.len() >= MOST {
        listed.cut.push(format!("only the first {MOST} objects of the list were read"));
    }
    listed.places.extend(items.iter().map(|item| item.namespace.clone()));
    if survey.kind == "namespace" {
        listed.namespaces.extend(items.iter().map(|item| item.name.clone()));
    }
    super::merge(&mut listed.judged, judge.listing(&survey.kind, items));
    Ok(objects)
}

/// Whether a list that did not ask for all namespaces in so many words shows no more than one of several.
fn doubtful(call: &Call, all: &Listed, namespaces: &[String]) -> bool {
    !call.arguments.contains_key("allNamespaces") && all.places.len() < 2 && namespaces.len() > 1
}

/// Whether an answer is only the beginning of one.
fn is_cut(text: &str) -> bool {
    text.trim_end().ends_with("bytes cut)")
}

/// Whether the cluster does not know the kind at all; kinds of its own every cluster knows.
fn is_unknown_kind(kind: &str, text: &str) -> bool {
    let words = [
        "the server doesn't have a resource type",
        "no matches for kind",
        "could not find the requested resource",
        "no match for kind",
    ];
    let unknown = words.iter().any(|word| text.contains(word));
    kind == "certificate" && (unknown || text.contains("Resource ") && text.contains(" not found"))
}
