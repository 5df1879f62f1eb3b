//! What is proposed for a resource of Flux.

use serde_json::{Value, json};
use tidegate_plugin::kubernetes::verify::literal;
use tidegate_plugin::kubernetes::write::{self, Writer};
use tidegate_plugin::kubernetes::{Cluster, Subject, object, quote};
use tidegate_plugin::remediation::{Call, CallError, Proposal, Verification};

use crate::kinds::target;

/// By which Flux is asked; it repeats the value in the status when it has done so.
const REQUESTED: &str = "reconcile.fluxcd.io/requestedAt";

/// Begins the values of this plugin's, so that its own request is known again.
const MARK: &str = "tidegate-";

pub(crate) fn propose(cluster: Cluster<'_>, subject: &Subject, now_ms: u64) -> Result<Option<Proposal>, CallError> {
    let Some(seen) = cluster.need(subject.kind, &subject.namespace, &subject.name)? else { return Ok(None) };
    let about = target(subject);
    let is = |wanted: &str| object::is_true(&seen, wanted);
    let told = |text: String, evidence: Vec<String>| {
        cluster.looks.found(&about, text, evidence);
        Ok(None)
    };
    let ready = object::condition(&seen, "Ready");
    let (reason, message) = ready.map_or(("", ""), |one| (object::text(one, "/reason"), object::text(one, "/message")));
    let evidence = vec![format!("it says {}: {}", quote::short(reason), quote::marked(message))];
    if seen.pointer("/spec/suspend") == Some(&Value::Bool(true)) {
        return told("it is suspended, so Flux does nothing with it until somebody resumes it".into(), evidence);
    }
    if is("Ready") {
        return told("it is ready, so nothing is proposed".into(), vec![]);
    }
    let cause = format!("it is not ready: {}", quote::short(reason));
    if ready.is_none() || is("Reconciling") {
        return told(format!("{cause}; Flux is at it, so nothing is proposed"), evidence);
    }
    if is("Stalled") {
        return told(
            format!("{cause}; Flux has given it up, and takes it up again only when it is changed or reset"),
            evidence,
        );
    }
    if reason == "DependencyNotReady" {
        return told(format!("{cause}; what it depends on has to be ready first"), evidence);
    }
    let asked = object::annotation(&seen, REQUESTED);
    if asked != object::text(&seen, "/status/lastHandledReconcileAt") {
        return told(format!("{cause}; Flux was asked to reconcile it and has not yet"), evidence);
    }
    if asked.starts_with(MARK) && !failed_since(asked, ready) {
        return told(format!("{cause}; it was reconciled anew already, so it is not again"), evidence);
    }
    let value = format!("{MARK}{now_ms}");
    let call = match request(cluster, subject, &seen, &value) {
        Ok(call) => call,
        Err(why) => return told(format!("{cause}; {why}"), evidence),
    };
    let handled = format!("$.status[?@ == {}]", literal(&value));
    Ok(Some(Proposal {
        call,
        reason: format!("have Flux reconcile {about} anew"),
        target: about,
        evidence,
        root_cause: cause,
        verify: cluster.call_to_get(subject.kind, &subject.namespace, &subject.name).map(|look| Verification {
            look,
            present: vec![handled, "$.status.conditions[?@.type == 'Ready' && @.status == 'True']".into()],
            absent: vec!["$.status.conditions[?@.type == 'Reconciling' && @.status == 'True']".into()],
            applied: vec![format!("$.metadata.annotations[?@ == {}]", literal(&value))],
            within_ms: 600_000,
            every_ms: 10_000,
        }),
        // Nothing is to be taken back: Flux does what it does at every interval.
        undo: None,
        extra: vec![],
    }))
}

/// Whether a resource became unready an hour or more after it was asked for: it was well in between.
fn failed_since(asked: &str, ready: Option<&Value>) -> bool {
    let asked = asked.strip_prefix(MARK).and_then(|ms| ms.parse::<u64>().ok());
    let since =
        ready.and_then(|one| tidegate_plugin::kubernetes::time::millis(object::text(one, "/lastTransitionTime")));
    matches!((asked, since), (Some(asked), Some(since)) if since > asked.saturating_add(3_600_000))
}

/// Sets the annotation through whichever tool there is.
fn request(cluster: Cluster<'_>, subject: &Subject, seen: &Value, value: &str) -> Result<Call, String> {
    let writer = Writer::of(cluster.server).ok_or_else(|| Writer::lacking(cluster.server, subject.kind))?;
    Ok(match writer {
        Writer::Patch(tool) => {
            let annotations = json!({REQUESTED: value});
            let arguments = json!({"resourceType": subject.kind.singular, "name": subject.name,
                "namespace": subject.namespace, "patchType": "merge",
                "patchData": {"metadata": {"annotations": annotations}}});
            Call { tool, arguments: arguments.to_string() }
        }
        Writer::Whole(tool) => {
            let (arguments, _) = write::changed(subject.kind, seen, |object| {
                let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else { return };
                let annotations = metadata.entry("annotations").or_insert_with(|| json!({}));
                if let Some(annotations) = annotations.as_object_mut() {
                    annotations.insert(REQUESTED.into(), json!(value));
                }
            })?;
            Call { tool, arguments }
        }
    })
}
