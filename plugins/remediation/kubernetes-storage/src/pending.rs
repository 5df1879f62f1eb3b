//! Why a claim waits.

use serde_json::Value;
use tidegate_plugin::kubernetes::{Cluster, Kind, Selection, Subject, object, quote};
use tidegate_plugin::remediation::CallError;

/// The class that is used where a claim names none.
const DEFAULT: &str = "storageclass.kubernetes.io/is-default-class";

/// Tells the cause, as far as the cluster's own words and objects show it.
pub(crate) fn tell(cluster: Cluster<'_>, subject: &Subject, claim: &Value) -> Result<(), CallError> {
    let warnings = cluster.warnings(&subject.namespace, &subject.name)?;
    let mut evidence: Vec<String> =
        warnings.iter().take(3).map(|said| format!("the cluster says {}", quote::marked(said))).collect();
    let found = |text: String, evidence: Vec<String>| cluster.looks.found(subject.target(), text, evidence);
    let class = object::text(claim, "/spec/storageClassName");
    if class.is_empty() {
        let default = default_class(cluster)?;
        let text = match default {
            Some(Some(name)) => format!("it names no storage class, and the default is {}", quote::short(&name)),
            Some(None) => "it names no storage class, and the cluster has no default class: name one in the claim, or \
                           provide a volume"
                .into(),
            None => "it names no storage class; which one is the default could not be seen".into(),
        };
        found(text, evidence);
        return Ok(());
    }
    // The name goes into a look as it is.
    if !tidegate_plugin::kubernetes::subject::is_name(class) {
        found(format!("it names the storage class {}, which is no name", quote::marked(class)), evidence);
        return Ok(());
    }
    let Some(found_class) = cluster.get(Kind::STORAGE_CLASS, "", class)? else {
        found(format!("storage class {class} does not exist or cannot be seen"), evidence);
        return Ok(());
    };
    let provisioner = object::text(&found_class, "/provisioner");
    evidence.push(format!("storage class {class} is provided by {}", quote::short(provisioner)));
    let said = warnings.join(" ").to_lowercase();
    let text = if said.contains("exceeded quota") {
        "a ResourceQuota of the namespace is used up; raise it, or free storage".into()
    } else if said.contains("csinode") {
        format!("the driver of {} does not run on the node that its pod goes to", quote::short(provisioner))
    } else if said.contains("topology") || said.contains("zone") || said.contains("node affinity") {
        "no volume can be made where its pod may run: zones or topology of class and pod do not fit".into()
    } else if said.contains("permission") || said.contains("unauthorized") || said.contains("accessdenied") {
        format!("the provisioner {} is not let in by its storage", quote::short(provisioner))
    } else if object::text(&found_class, "/volumeBindingMode") == "WaitForFirstConsumer" && warnings.is_empty() {
        "it waits for a pod that uses it, as its class says; that is no fault".into()
    } else if provisioner == "kubernetes.io/no-provisioner" {
        "its class makes no volumes: somebody has to provide one that fits".into()
    } else if warnings.is_empty() {
        format!(
            "it is not bound and the cluster says nothing; see whether the provisioner {} runs",
            quote::short(provisioner)
        )
    } else {
        format!("the provisioner {} does not make its volume", quote::short(provisioner))
    };
    found(text, evidence);
    Ok(())
}

/// The default class; none inside where there is none, none outside where that cannot be seen.
fn default_class(cluster: Cluster<'_>) -> Result<Option<Option<String>>, CallError> {
    let Some(classes) = cluster.objects(Kind::STORAGE_CLASS, Selection::default())? else { return Ok(None) };
    let mut defaults = classes.iter().filter(|class| object::annotation(class, DEFAULT) == "true");
    Ok(Some(defaults.next().map(|class| object::name(class).to_string())))
}
