//! What rules see of an incident, an alert or an action: read-only, with every field known.
//!
//! A view is shared, not copied, when it is passed to a closure, so that its size does not matter;
//! and since nothing in it can be changed, no rule can leave a trace for the next.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use rhai::{Array, Dynamic, Engine, EvalAltResult, ImmutableString, Map};

use super::evaluation::error;
use super::json::from_object;
use super::problem::nearest;
use crate::domain::incident::Alerts;
use crate::domain::{Action, Alert, Call, Incident, Labels, NamedCause, Origin, Status, Subject, Target, restores};

type Got = Result<Dynamic, Box<EvalAltResult>>;

/// Named values that closures can read.
#[derive(Clone, Debug)]
pub(super) struct View(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    kind: &'static str,
    /// Few enough to be looked through, and quicker to put together than a map.
    fields: Vec<(&'static str, Dynamic)>,
}

impl View {
    fn new(kind: &'static str, fields: impl IntoIterator<Item = (&'static str, Dynamic)>) -> Self {
        Self(Arc::new(Inner { kind, fields: fields.into_iter().collect() }))
    }

    /// The field of this name.
    pub fn get(&self, field: &str) -> Got {
        let found = self.0.fields.iter().find(|(name, _)| *name == field);
        found.map(|(_, value)| value.clone()).ok_or_else(|| {
            let known = || self.0.fields.iter().map(|(name, _)| *name);
            let hint = nearest(field, known()).map(|near| format!("; did you mean `{near}`?"));
            let all = || format!("; it has {}", known().collect::<Vec<_>>().join(", "));
            error(format!("{} has no field `{field}`{}", self.0.kind, hint.unwrap_or_else(all)))
        })
    }

    fn show(&self) -> String {
        format!("{:?}", self.0.fields.iter().map(|(name, value)| (*name, value)).collect::<BTreeMap<_, _>>())
    }
}

/// All names that any view has; each gets a getter, which is quicker than the indexer.
pub(super) const FIELDS: [&str; 43] = [
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
fn subject_of(view: &mut View) -> Got {
    Ok(subject_in(view)?.map_or(Dynamic::UNIT, |subject| named(subject.kind, &subject.name, &subject)))
}

/// The workload of that: pods belong to what makes them anew, as far as names tell.
fn workload_by_name(view: &mut View) -> Got {
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
fn text_in(view: &mut View, map: &str, name: &str) -> Got {
    let found = view.get(map)?;
    let found = found.as_map_ref().ok().and_then(|map| map.get(name).cloned());
    Ok(found.unwrap_or_else(|| "".into()))
}

fn labels(labels: &Labels) -> Dynamic {
    Dynamic::from_map(labels.iter().map(|(key, value)| (key.into(), value.into())).collect())
}

/// What all alerts have.
fn common(alerts: &Alerts, of: impl Fn(&Alert) -> &Labels) -> Dynamic {
    let Some(first) = alerts.first() else { return Dynamic::from_map(Map::new()) };
    let all = |(key, value): &(&str, &str)| alerts.iter().all(|other| of(other).get(key) == Some(*value));
    let shared = of(first).iter().filter(all);
    Dynamic::from_map(shared.map(|(key, value)| (key.into(), value.into())).collect())
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
    let view = |one: &Alert| Dynamic::from(alert(one, incident.opened_at, now));
    // A list that is too long fails in whatever a rule does with it, and the next rule would decide.
    let alerts: Array = incident.alerts.iter().take(SHOWN).map(view).collect();
    let fires = |(one, _): &(&Alert, &Dynamic)| one.status == Status::Firing;
    // The same views as above, which costs nothing but a count.
    let firing: Array = incident.alerts.iter().zip(&alerts).filter(fires).map(|(_, view)| view.clone()).collect();
    let decision = incident.decision.as_ref();
    let first = incident.alerts.first();
    Dynamic::from(View::new(
        "the incident",
        [
            ("id", incident.id.0.as_ref().into()),
            ("title", incident.title().into()),
            ("name", first.map(|alert| alert.name.as_str()).unwrap_or_default().into()),
            ("severity", incident.severity().as_str().into()),
            ("source", incident.source.as_ref().into()),
            ("group_key", incident.group_key.as_ref().into()),
            ("opened_at", incident.opened_at.to_string().into()),
            ("age", seconds_since(incident.opened_at, now).into()),
            ("labels", common(&incident.alerts, |alert| &alert.labels)),
            ("annotations", common(&incident.alerts, |alert| &alert.annotations)),
            ("count", i64::try_from(incident.firing_count()).unwrap_or(i64::MAX).into()),
            ("more", i64::try_from(incident.alert_count() - alerts.len()).unwrap_or(i64::MAX).into()),
            ("alerts", Dynamic::from_array(alerts)),
            ("firing", Dynamic::from_array(firing)),
            ("now", now.to_string().into()),
            ("findings", findings(incident)),
            ("state", incident.state().as_str().into()),
            ("outcome", incident.outcome().map(|outcome| outcome.as_str()).unwrap_or_default().into()),
            ("rule", decision.and_then(|decision| decision.rule.as_deref()).unwrap_or_default().into()),
        ],
    ))
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
pub(super) fn past(past: &crate::domain::history::Row<'_>) -> Dynamic {
    let fixes = i64::try_from(past.fixes.len()).unwrap_or(i64::MAX);
    let helped = past.fixes.iter().any(|(_, helped)| *helped);
    let targets: Vec<String> = past.fixes.iter().map(|(target, _)| target.to_string()).collect();
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
            ("helped", helped.into()),
        ],
    ))
}
