//! Tells why a certificate of cert-manager is not renewed.
//!
//! It follows the certificate to its newest request, the ACME order behind that and the challenges of the order, or
//! to its issuer, and says what each says. Nothing is proposed: a renewal is asked for in the certificate's status, which
//! the tools of neither server write; and what they could do instead is worse than to wait. Without its Secret a
//! certificate is issued anew, but until then nobody has any; and a change of its spec is issued at once, past the pause
//! that cert-manager keeps after failures, and once more when the change is taken back.

mod schedule;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use tidegate_plugin::kubernetes::{
    Choice, Cluster, Kind, Selection, Subject, each_subject, object, quote, subject, time,
};
use tidegate_plugin::remediation::{CallError, Incident, Plan};

use schedule::Renewal;

/// The settings; every one has a default.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
struct Settings {
    /// The alert label that names the cluster.
    cluster_label: String,
    /// Which MCP server reaches which cluster: value of the label = name of the server. Needed only with several.
    servers: BTreeMap<String, String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { cluster_label: "cluster".into(), servers: BTreeMap::new() }
    }
}

tidegate_plugin::remediation!(plan, Settings);

fn plan(incident: &Incident, settings: &Settings) -> Plan {
    let choice = Choice { cluster_label: &settings.cluster_label, servers: &settings.servers };
    each_subject(incident, choice, &[Kind::CERTIFICATE], |cluster, subject, _| {
        tell(cluster, subject, incident.now_ms).map(|()| vec![])
    })
}

/// Challenges of an order that are looked at.
const CHALLENGES: usize = 3;

/// Objects of one kind that are read to find them.
const LISTED: usize = 6;

fn tell(cluster: Cluster<'_>, about: &Subject, now_ms: u64) -> Result<(), CallError> {
    let Some(certificate) = cluster.need(about.kind, &about.namespace, &about.name)? else { return Ok(()) };
    let mut evidence = Vec::new();
    let until = object::text(&certificate, "/status/notAfter");
    if let Some(until) = time::millis(until) {
        evidence.push(match until.checked_sub(now_ms) {
            Some(left) => format!("it is valid for {} hours more", left / 3_600_000),
            None => format!("it expired {} hours ago", now_ms.saturating_sub(until) / 3_600_000),
        });
    }
    let issuing = object::is_true(&certificate, "Issuing");
    let failed = object::number(&certificate, "/status/failedIssuanceAttempts");
    if failed > 0 {
        evidence.push(format!(
            "{failed} attempts to issue it have failed, the last at {}",
            quote::short(object::text(&certificate, "/status/lastFailureTime"))
        ));
    }
    for kind in ["Ready", "Issuing"] {
        evidence.extend(object::condition(&certificate, kind).and_then(|one| words("the certificate", kind, one)));
    }
    let mut cause = None;
    if let Some(request) = newest(cluster, about, Kind::CERTIFICATE_REQUEST, &about.name, 1)?.first() {
        for kind in ["Denied", "InvalidRequest", "Ready"] {
            let said = object::condition(request, kind).and_then(|one| words("its newest request", kind, one));
            cause = cause.or_else(|| said.clone());
            evidence.extend(said);
        }
        if let Some(order) = newest(cluster, about, Kind::ACME_ORDER, object::name(request), 1)?.first() {
            cause = state("its order", order, &mut evidence).or(cause);
            for challenge in newest(cluster, about, Kind::ACME_CHALLENGE, object::name(order), CHALLENGES)? {
                let whose = format!(
                    "the {} challenge for {}",
                    quote::short(object::text(&challenge, "/spec/type")),
                    quote::short(object::text(&challenge, "/spec/dnsName"))
                );
                cause = state(&whose, &challenge, &mut evidence).or(cause);
            }
        }
    }
    let ready = object::is_true(&certificate, "Ready");
    if cause.is_none() && !issuing && (!ready || failed > 0) {
        cause = issuer(cluster, about, &certificate)?;
        evidence.extend(cause.clone());
    }
    let renew = format!("cmctl renew {} -n {}", about.name, about.namespace);
    let again = schedule::next_attempt(&certificate, now_ms);
    let retry = again.as_ref().map(|when| format!("; {when}")).unwrap_or_default();
    let text = match (cause, issuing) {
        (Some(cause), _) => format!("it is not renewed: {cause}; once that is mended, run: {renew}{retry}"),
        (None, true) => "it is being issued, and nothing says that this fails".to_string(),
        (None, false) if again.is_some() => {
            format!("its renewal failed, and why is no longer seen; to try at once, run: {renew}{retry}")
        }
        (None, false) if ready => match schedule::renewal(&certificate, now_ms) {
            Some(Renewal::In(hours)) => {
                format!("it is ready, and cert-manager renews it in {hours} hours; nothing is to be done before")
            }
            Some(Renewal::Overdue(hours)) => format!(
                "its renewal was due {hours} hours ago and nothing is under way: see whether cert-manager runs, then \
                 run: {renew}"
            ),
            None => "it is ready; its newest request has not failed".to_string(),
        },
        (None, false) => format!("it is not ready and nothing is under way: run {renew}"),
    };
    cluster.looks.found(about.target(), text, evidence);
    Ok(())
}

/// What the certificate's issuer says, where it is not ready.
fn issuer(cluster: Cluster<'_>, about: &Subject, certificate: &Value) -> Result<Option<String>, CallError> {
    let named = |field: &str| object::text(certificate, &format!("/spec/issuerRef/{field}"));
    let kind = if named("kind") == "ClusterIssuer" { Kind::CLUSTER_ISSUER } else { Kind::ISSUER };
    let own =
        ["", "cert-manager.io"].contains(&named("group")) && ["", "Issuer", "ClusterIssuer"].contains(&named("kind"));
    if !own || !subject::is_name(named("name")) {
        return Ok(None);
    }
    let Some(issuer) = cluster.get(kind, &about.namespace, named("name"))? else { return Ok(None) };
    let whose = format!("its issuer {}", kind.target(&about.namespace, named("name")));
    Ok(object::condition(&issuer, "Ready").and_then(|one| words(&whose, "Ready", one)))
}

/// What a condition says, where it says that something is wrong.
fn words(whose: &str, kind: &str, condition: &Value) -> Option<String> {
    let wrong = if ["Denied", "InvalidRequest"].contains(&kind) { "True" } else { "False" };
    // A request that waits is told by what it waits for.
    let failed = object::text(condition, "/reason") != "Pending" && object::text(condition, "/status") == wrong;
    failed.then(|| {
        format!(
            "{whose} says {}: {}",
            quote::short(object::text(condition, "/reason")),
            quote::marked(object::text(condition, "/message"))
        )
    })
}

/// What the state of an order or challenge says, where it is not a good one.
fn state(whose: &str, object: &Value, evidence: &mut Vec<String>) -> Option<String> {
    let state = object::text(object, "/status/state");
    if state.is_empty() || ["valid", "ready"].contains(&state) {
        return None;
    }
    let reason = object::text(object, "/status/reason");
    let said = if reason.is_empty() { String::new() } else { format!(": {}", quote::marked(reason)) };
    let sentence = format!("{whose} is {}{said}", quote::short(state));
    evidence.push(sentence.clone());
    (!reason.is_empty() || ["invalid", "errored", "expired"].contains(&state)).then_some(sentence)
}

/// The newest objects that an owner has made: their names begin with its name.
fn newest(
    cluster: Cluster<'_>,
    about: &Subject,
    kind: Kind,
    owner: &str,
    most: usize,
) -> Result<Vec<Value>, CallError> {
    let which = Selection { namespace: Some(&about.namespace), ..Selection::default() };
    let mut listed = cluster.list(kind, which)?;
    let prefix = format!("{owner}-");
    listed.retain(|one| one.name.starts_with(&prefix));
    listed.sort_by_key(|one| std::cmp::Reverse(one.newness));
    let mut found = Vec::new();
    // Those of an owner whose name is longer begin with the same.
    for one in listed.into_iter().take(LISTED) {
        if found.len() >= most {
            break;
        }
        let object = cluster.get(kind, &about.namespace, &one.name)?;
        found.extend(object.filter(|object| object::controller(object).is_some_and(|(_, name)| name == owner)));
    }
    Ok(found)
}
