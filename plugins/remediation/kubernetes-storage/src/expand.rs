//! A claim whose volume is full: ask for a larger one, within bounds.

use serde_json::{Value, json};
use tidegate_plugin::kubernetes::write::{self, Change};
use tidegate_plugin::kubernetes::{Cluster, Kind, Subject, object, quantity, quote, subject, verify};
use tidegate_plugin::remediation::{CallError, Proposal, Verification};

use crate::settings::Settings;

/// Proposes an expansion, or says why there is none.
pub(crate) fn propose(
    cluster: Cluster<'_>,
    about: &Subject,
    claim: &Value,
    settings: &Settings,
) -> Result<Vec<Proposal>, CallError> {
    let (has, asks) =
        (object::text(claim, "/status/capacity/storage"), object::text(claim, "/spec/resources/requests/storage"));
    let evidence = vec![format!("it has {} and asks for {}", quote::marked(has), quote::marked(asks))];
    let told = |text: String, evidence: Vec<String>| {
        cluster.looks.found(about.target(), text, evidence);
        Ok(vec![])
    };
    let (Some(has), Some(asks)) = (quantity::bytes(has), quantity::bytes(asks)) else {
        return told("it is full; its size could not be read, so nothing is proposed".into(), evidence);
    };
    let resizing = ["Resizing", "FileSystemResizePending"].iter().any(|kind| object::is_true(claim, kind));
    if asks > has || resizing {
        return told("it is full, and an expansion is under way already".into(), evidence);
    }
    let wanted = quantity::gib(has.saturating_add(has.saturating_mul(settings.expand_percent) / 100))
        .max(quantity::gib(has) + 1);
    if wanted > settings.most_gib {
        let text = format!(
            "it is full; {wanted} GiB would be beyond most_gib, which is {}, so nothing is proposed",
            settings.most_gib
        );
        return told(text, evidence);
    }
    let class = object::text(claim, "/spec/storageClassName");
    let seen = if subject::is_name(class) { cluster.get(Kind::STORAGE_CLASS, "", class)? } else { None };
    let Some(seen) = seen else {
        let text =
            format!("it is full; whether its storage class {} allows an expansion is not known", quote::marked(class));
        return told(text, evidence);
    };
    if seen.pointer("/allowVolumeExpansion") != Some(&Value::Bool(true)) {
        return told(format!("it is full, and its storage class {class} allows no expansion"), evidence);
    }
    let fields = json!({"resources": {"requests": {"storage": format!("{wanted}Gi")}}});
    let Change { call, .. } = match write::set_spec(cluster.server, Kind::CLAIM, claim, &fields) {
        Ok(change) => change,
        Err(why) => return told(format!("it is full; {why}"), evidence),
    };
    let mut evidence = evidence;
    evidence.push(format!("its storage class {class} allows an expansion"));
    evidence.push("a claim cannot be made smaller again, and what fills it goes on".into());
    Ok(vec![Proposal {
        call,
        target: about.target(),
        reason: format!("expand claim {}/{} to {wanted} GiB, because its volume is full", about.namespace, about.name),
        evidence,
        root_cause: "the volume of the claim is full".into(),
        verify: expanded(cluster, about, wanted),
        undo: None,
        extra: vec![],
    }])
}

/// The claim has what was asked for.
fn expanded(cluster: Cluster<'_>, about: &Subject, wanted: u64) -> Option<Verification> {
    let size = verify::literal(&format!("{wanted}Gi"));
    Some(Verification {
        look: cluster.call_to_get(Kind::CLAIM, &about.namespace, &about.name)?,
        present: vec![format!("$.status.capacity[?@ == {size}]")],
        absent: vec![],
        applied: vec![format!("$.spec.resources.requests[?@ == {size}]")],
        within_ms: 600_000,
        every_ms: 10_000,
    })
}
