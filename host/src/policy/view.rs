//! What rules see of an incident, an alert or an action: read-only, with every field known.
//!
//! A view is shared, not copied, when it is passed to a closure, so that its size does not matter;
//! and since nothing in it can be changed, no rule can leave a trace for the next.

mod deferred;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use rhai::{Dynamic, Engine, EvalAltResult, ImmutableString, Map};

use self::deferred::Deferred;
use super::evaluation::error;
use super::json::{from_json, from_object};
use super::problem::nearest;
use crate::domain::event::rendered;
use crate::domain::{
    Action, Alert, Call, Cause, Event, Incident, Labels, NamedCause, Origin, Status, Subject, Target, restores,
};

type FnResult = Result<Dynamic, Box<EvalAltResult>>;

/// Named values that closures can read.
#[derive(Clone, Debug)]
pub(super) struct View(Arc<Inner>);

#[derive(Debug)]
enum Inner {
    /// All fields, few enough to be looked through, and quicker to put together than a map.
    Made { kind: &'static str, fields: Vec<(&'static str, Dynamic)> },
    /// The incident, of which most rules read one field or none.
    Incident(Box<Deferred>),
}

impl View {
    fn new(kind: &'static str, fields: impl IntoIterator<Item = (&'static str, Dynamic)>) -> Self {
        Self(Arc::new(Inner::Made { kind, fields: fields.into_iter().collect() }))
    }

    /// The field of this name.
    pub fn get(&self, field: &str) -> FnResult {
        let (kind, found) = match &*self.0 {
            Inner::Made { kind, fields } => {
                (*kind, fields.iter().find(|(name, _)| *name == field).map(|(_, value)| value.clone()))
            }
            Inner::Incident(deferred) => ("the incident", deferred.get(field)),
        };
        found.ok_or_else(|| {
            let known = self.names();
            let hint = nearest(field, known.iter().copied()).map(|near| format!("; did you mean `{near}`?"));
            let all = || format!("; it has {}", known.join(", "));
            error(format!("{kind} has no field `{field}`{}", hint.unwrap_or_else(all)))
        })
    }

    fn names(&self) -> Vec<&'static str> {
        match &*self.0 {
            Inner::Made { fields, .. } => fields.iter().map(|(name, _)| *name).collect(),
            Inner::Incident(_) => deferred::FIELDS.to_vec(),
        }
    }

    fn show(&self) -> String {
        let value = |name: &'static str| Some((name, self.get(name).ok()?));
        format!("{:?}", self.names().into_iter().filter_map(value).collect::<BTreeMap<_, _>>())
    }
}

/// All names that any view has; each gets a getter, which is quicker than the indexer.
pub(super) const FIELDS: [&str; 50] = [
    "id",
    "title",
    "name",
    "severity",
    "source",
    "group_key",
    "opened_at",
    "age",
    "labels",
    "annotations",
    "alerts",
    "firing",
    "now",
    "count",
    "more",
    "state",
    "outcome",
    "rule",
    "status",
    "starts_at",
    "ends_at",
    "link",
    "fingerprint",
    "tool",
    "server",
    "arguments",
    "risk",
    "origin",
    "origin_name",
    "target",
    "reason",
    "root_cause",
    "namespaces",
    "kinds",
    "names",
    "elsewhere",
    "namespace",
    "kind",
    "target_name",
    "helped",
    "undoes",
    "restores",
    "findings",
    "subject",
    "type",
    "time",
    "cluster",
    "message",
    "observation",
    "data",
];

/// Teaches an engine to read views.
pub(super) fn register(engine: &mut Engine) {
    engine.register_type_with_name::<View>("View");
    for field in FIELDS {
        engine.register_get(field, move |view: &mut View| view.get(field));
    }
    engine.register_indexer_get(|view: &mut View, field: ImmutableString| view.get(&field));
    engine.register_fn("to_string", |view: &mut View| view.show());
    engine.register_fn("to_debug", |view: &mut View| view.show());
    engine.register_fn("subject_of", |view: &mut View| subject_of(view));
    engine.register_fn("workload_by_name", |view: &mut View| workload_by_name(view));
    engine.register_fn("label", |view: &mut View, name: ImmutableString| text_in(view, "labels", &name));
    engine.register_fn("annotation", |view: &mut View, name: ImmutableString| text_in(view, "annotations", &name));
}

/// Whom an alert is about, or all alerts of an incident that fire.
fn subject_of(view: &mut View) -> FnResult {
    Ok(subject_in(view)?.map_or(Dynamic::UNIT, |subject| named(subject.kind, &subject.name, &subject)))
}

/// The workload of that: pods belong to what makes them anew, as far as names tell.
fn workload_by_name(view: &mut View) -> FnResult {
    let found = subject_in(view)?.and_then(|subject| Some((subject.workload()?, subject)));
    Ok(found.map_or(Dynamic::UNIT, |(workload, subject)| named(workload.kind, &workload.name, &subject)))
}

fn named(kind: &str, name: &str, place: &Subject) -> Dynamic {
    let mut map = Map::new();
    map.insert("kind".into(), kind.into());
    map.insert("name".into(), name.into());
    for (key, value) in [("namespace", &place.namespace), ("cluster", &place.cluster)] {
        map.insert(key.into(), value.as_deref().map_or(Dynamic::UNIT, Into::into));
    }
    Dynamic::from_map(map)
}

fn subject_in(view: &mut View) -> Result<Option<Subject>, Box<EvalAltResult>> {
    let Ok(firing) = view.get("firing").and_then(|firing| firing.into_array().map_err(error)) else {
        return subject_of_alert(view);
    };
    let subjects = firing.into_iter().map(|alert| match alert.try_cast::<View>() {
        Some(mut alert) => subject_of_alert(&mut alert),
        None => Ok(None),
    });
    Ok(Subject::common(subjects.collect::<Result<Vec<_>, _>>()?))
}

fn subject_of_alert(view: &mut View) -> Result<Option<Subject>, Box<EvalAltResult>> {
    let (name, labels) = (view.get("name")?, view.get("labels")?);
    let name = name.into_immutable_string().unwrap_or_default();
    let Ok(labels) = labels.as_map_ref() else { return Ok(None) };
    let labels: Labels = labels.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
    Ok(Subject::of_labels(&name, &labels))
}

/// The text under `name` in one of the maps of a view; empty when it is missing.
fn text_in(view: &mut View, map: &str, name: &str) -> FnResult {
    let found = view.get(map)?;
    let found = found.as_map_ref().ok().and_then(|map| map.get(name).cloned());
    Ok(found.unwrap_or_else(|| "".into()))
}

fn labels(labels: &Labels) -> Dynamic {
    Dynamic::from_map(labels.iter().map(|(key, value)| (key.into(), value.into())).collect())
}

fn texts(items: &[String]) -> Dynamic {
    Dynamic::from_array(items.iter().map(|item| item.as_str().into()).collect())
}

/// Whole seconds since a time; never negative.
fn seconds_since(at: Timestamp, now: Timestamp) -> i64 {
    now.as_second().saturating_sub(at.as_second()).max(0)
}

fn alert(alert: &Alert, opened_at: Timestamp, now: Timestamp) -> View {
    let time = |at: Option<Timestamp>| at.map_or(Dynamic::UNIT, |at| at.to_string().into());
    View::new(
        "an alert",
        [
            ("name", alert.name.as_str().into()),
            ("status", (if alert.status == Status::Firing { "firing" } else { "resolved" }).into()),
            ("severity", alert.severity.as_str().into()),
            ("source", alert.source.as_str().into()),
            ("labels", labels(&alert.labels)),
            ("annotations", labels(&alert.annotations)),
            ("starts_at", time(alert.starts_at)),
            ("ends_at", time(alert.ends_at)),
            ("age", seconds_since(alert.starts_at.unwrap_or(opened_at), now).into()),
            ("link", alert.link.as_deref().unwrap_or_default().into()),
            ("fingerprint", alert.fingerprint.as_str().into()),
        ],
    )
}

/// Alerts of one incident that closures see; the others are counted.
pub(super) const SHOWN: usize = 1_000;

/// The incident as `i` in closures.
pub(super) fn incident(incident: &Incident, now: Timestamp) -> Dynamic {
    Dynamic::from(View(Arc::new(Inner::Incident(Box::new(Deferred::new(incident, now))))))
}

/// What the host found to be wrong, each as a map; an empty list before it has looked.
fn findings(incident: &Incident) -> Dynamic {
    let one = |named: &NamedCause| {
        let object = named.objects.first().map(String::as_str).unwrap_or_default();
        let fields: [(&str, Dynamic); 9] = [
            ("cause", named.cause.as_str().into()),
            ("object", object.into()),
            ("objects", texts(&named.objects)),
            ("confidence", i64::from(named.confidence).into()),
            ("what", named.what.as_str().into()),
            ("container", named.container.as_str().into()),
            ("code", named.code.map_or(Dynamic::UNIT, Into::into)),
            ("restarts", i64::try_from(named.restarts).unwrap_or(i64::MAX).into()),
            ("said", named.said.as_str().into()),
        ];
        Dynamic::from_map(fields.into_iter().map(|(key, value)| (key.into(), value)).collect())
    };
    Dynamic::from_array(incident.causes().unwrap_or_default().iter().map(one).collect())
}

/// An event as `e` in the closures of event rules.
pub(super) fn event(event: &Event, now: Timestamp) -> Dynamic {
    let Event { said, object, observation } = event;
    let text = |text: &str| Dynamic::from(ImmutableString::from(text));
    let time = |at: Option<Timestamp>| at.map_or(Dynamic::UNIT, |at| at.to_string().into());
    Dynamic::from(View::new(
        "the event",
        [
            ("subject", text(&said.subject)),
            ("type", text(&said.kind)),
            ("source", text(&said.source)),
            ("id", text(&said.id)),
            ("time", time(event.occurred())),
            ("cluster", text(&object.cluster)),
            ("namespace", text(&object.namespace)),
            ("kind", text(&object.kind)),
            ("name", text(&object.name)),
            ("reason", text(event.reason().unwrap_or_default())),
            ("message", text(event.message().unwrap_or_default())),
            ("observation", text(observation)),
            ("rendered", rendered(event).into()),
            ("data", from_json(&said.data)),
            ("now", now.to_string().into()),
        ],
    ))
}

fn call_fields(call: &Call, touches: &Target) -> Vec<(&'static str, Dynamic)> {
    let one = |items: &[String]| -> Dynamic {
        match items {
            [only] => only.as_str().into(),
            _ => "".into(),
        }
    };
    vec![
        ("tool", call.tool.as_str().into()),
        ("server", touches.server.as_str().into()),
        ("arguments", from_object(&call.arguments)),
        ("namespaces", texts(&touches.namespaces)),
        ("kinds", texts(&touches.kinds)),
        ("names", texts(&touches.names)),
        ("elsewhere", texts(&touches.elsewhere)),
        ("namespace", one(&touches.namespaces)),
        ("kind", one(&touches.kinds)),
        ("target_name", one(&touches.names)),
    ]
}

/// A call as `a` in the closures of checks.
pub(super) fn call(call: &Call, touches: &Target) -> Dynamic {
    Dynamic::from(View::new("the call", call_fields(call, touches)))
}

/// An action as `a` in the closures of gates.
pub(super) fn action(action: &Action, incident: &Incident, origin_name: &str) -> Dynamic {
    let undone = match &action.origin {
        Origin::Undo { action } => incident.action(action).map(|record| &record.action),
        _ => None,
    };
    let undoes = undone.map_or(Dynamic::UNIT, |undone| {
        let mut fields = call_fields(&undone.proposal.call, &undone.touches);
        fields.push(("origin", undone.origin.kind().into()));
        Dynamic::from(View::new("the action that is undone", fields))
    });
    let mut fields = call_fields(&action.proposal.call, &action.touches);
    fields.extend([
        ("id", Dynamic::from(action.id.0.clone())),
        ("risk", action.risk.as_str().into()),
        ("origin", action.origin.kind().into()),
        ("origin_name", origin_name.into()),
        ("target", action.target().into()),
        ("reason", action.proposal.reason.as_str().into()),
        ("root_cause", action.proposal.root_cause.as_str().into()),
        ("undoes", undoes),
        ("restores", restores(incident, action).into()),
    ]);
    Dynamic::from(View::new("the action", fields))
}

/// One incident of the past, as `past(…)` lists them.
pub(super) fn past(past: &crate::domain::history::PastRow<'_>) -> Dynamic {
    let fixes = i64::try_from(past.fixes.len()).unwrap_or(i64::MAX);
    let helped = past.fixes.iter().any(|fix| fix.helped);
    let targets: Vec<String> = past.fixes.iter().map(|fix| fix.target.to_string()).collect();
    let tools: Vec<String> = past.fixes.iter().map(|fix| fix.tool.to_string()).collect();
    let causes: BTreeSet<Cause> = past.fixes.iter().flat_map(|fix| fix.causes.iter()).collect();
    let findings = causes.into_iter().map(|cause| cause.as_str().into()).collect();
    Dynamic::from(View::new(
        "a past incident",
        [
            ("rule", past.rule.into()),
            ("group_key", past.group_key.into()),
            ("name", past.name.into()),
            ("opened_at", past.opened_at.to_string().into()),
            ("outcome", past.outcome.map(|outcome| outcome.as_str()).unwrap_or_default().into()),
            ("count", fixes.into()),
            ("names", texts(&targets)),
            ("tools", texts(&tools)),
            ("helped", helped.into()),
            ("findings", Dynamic::from_array(findings)),
        ],
    ))
}
