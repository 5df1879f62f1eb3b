//! What is proposed for an Application.

use serde_json::{Value, json};
use tidegate_plugin::kubernetes::verify::literal;
use tidegate_plugin::kubernetes::{object, quote};
use tidegate_plugin::looks::Looks;
use tidegate_plugin::remediation::{
    Alert, Incident, Plan, Proposal, Verification, first_proposal, minutes_since, own_call,
};

use crate::api::{Application, ArgoCd, short};
use crate::settings::Settings;
use crate::{NAME, REFRESH, ROLLBACK, STATUS, SYNC};

/// Applications of one plan.
const SUBJECTS: usize = 8;

/// Resources and conditions that are told.
const TOLD: usize = 6;

/// At most one proposal: what is wrong with one Application is often what is wrong with the next.
pub(crate) fn plan(incident: &Incident, settings: &Settings) -> Plan {
    let argocd = ArgoCd::new(settings, incident.now_ms)?;
    let looks = Looks::new();
    let subject = |alert: &Alert| {
        let namespace = alert.label_value("argocd_namespace");
        let called = settings.called(namespace.unwrap_or_default(), alert.label_value(&settings.application_label)?);
        let known = settings.application(&called);
        // Without a namespace, a label of that name may well be of something else.
        if known.is_none() && namespace.is_some() {
            let text = "it is not one of applications, so it is not looked at";
            looks.found(target(&quote::short(&called)), text, vec![]);
        }
        known.map(|application| (target(application), application))
    };
    first_proposal(incident, &looks, SUBJECTS, subject, |application| {
        let seen = argocd.application(application)?;
        match propose(application, &seen, settings, incident.now_ms) {
            Ok(proposal) => Ok(Some(proposal)),
            Err((text, evidence)) => {
                looks.found(target(application), text, evidence);
                Ok(None)
            }
        }
    })
}

/// `application/web`, for people.
fn target(application: &str) -> String {
    format!("application/{application}")
}

/// A proposal, or what is told instead.
fn propose(
    application: &str,
    seen: &Application,
    settings: &Settings,
    now_ms: u64,
) -> Result<Proposal, (String, Vec<String>)> {
    let evidence = observed(seen);
    if seen.is_busy() {
        return Err(("an operation of Argo CD's is under way, so nothing is proposed".into(), evidence));
    }
    if seen.sync() == "Unknown" {
        let call = (REFRESH, json!({"application": application}));
        let compared = "$.application[?@.sync == 'Synced' || @.sync == 'OutOfSync']".to_string();
        let cause = "it cannot be compared with its repository".to_string();
        let reason = format!("have Argo CD compare {application} with its repository anew");
        return Ok(proposal(application, call, reason, evidence, cause, (compared, String::new())));
    }
    let failed = matches!(seen.phase(), "Failed" | "Error");
    if seen.has_several_sources() && (failed || matches!(seen.health(), "Degraded" | "Missing")) {
        return Err(("it is not well; it has several sources, so nothing is proposed".into(), evidence));
    }
    if failed {
        return sync(application, seen, evidence);
    }
    match seen.health() {
        "Degraded" | "Missing" => roll_back(application, seen, settings, now_ms, evidence),
        health => {
            let text =
                format!("it is {} and {}, so nothing is proposed", quote::short(seen.sync()), quote::short(health));
            Err((text, evidence))
        }
    }
}

fn sync(application: &str, seen: &Application, evidence: Vec<String>) -> Result<Proposal, (String, Vec<String>)> {
    let cause = format!("its last sync failed: {}", quote::marked(seen.text("/status/operationState/message")));
    if seen.asked_in().is_some() {
        return Err((format!("{cause}; it was synced once more already, so it is not again"), evidence));
    }
    let revision = seen.text("/status/operationState/syncResult/revision");
    if revision.is_empty() || seen.began().is_empty() {
        return Err((format!("{cause}; Argo CD does not tell which revision, so nothing is proposed"), evidence));
    }
    let arguments = json!({"application": application, "revision": revision, "seen": seen.began()});
    let applied = format!("@.began != {}", literal(seen.began()));
    let present = format!("$.application[?{applied} && @.phase == 'Succeeded' && @.health == 'Healthy']");
    let reason = format!("sync {application} to revision {} once more", short(revision));
    let applied = format!("$.application[?{applied}]");
    Ok(proposal(application, (SYNC, arguments), reason, evidence, cause, (present, applied)))
}

fn roll_back(
    application: &str,
    seen: &Application,
    settings: &Settings,
    now_ms: u64,
    mut evidence: Vec<String>,
) -> Result<Proposal, (String, Vec<String>)> {
    let told =
        |text: &str, evidence: Vec<String>| Err((format!("it is {}; {text}", quote::short(seen.health())), evidence));
    let history = seen.history();
    let Some(bad) = history.first() else { return told("nothing was deployed yet", evidence) };
    let Some(minutes) = minutes_since(bad.deployed_ms(), now_ms, settings.recent_minutes) else {
        return told("its last deployment is not recent, so it is left alone", evidence);
    };
    if !settings.rollback.iter().any(|known| known == application) {
        return told("it is not one of rollback, so it is left alone", evidence);
    }
    if seen.is_automated() {
        return told("Argo CD syncs it by itself and refuses to roll it back: revert the change in Git", evidence);
    }
    if history.iter().skip(1).any(|before| before.revision == bad.revision) {
        return told("its revision had been deployed before, so it is not rolled back", evidence);
    }
    let Some(good) = history.get(1) else { return told("it has no earlier deployment", evidence) };
    let cause = format!("revision {} was deployed {minutes} minutes ago", short(bad.revision));
    evidence.push(format!("deployment {} before it was of revision {}", good.id, short(good.revision)));
    evidence.push("what takes it back is a sync".into());
    let arguments = json!({"application": application, "id": good.id, "revision": good.revision, "instead_of": bad.id});
    let applied = format!("@.deployment > {} && @.revision == {}", bad.id, literal(good.revision));
    let present = format!("$.application[?{applied} && @.health == 'Healthy']");
    let reason = format!("roll {application} back to revision {}", short(good.revision));
    Ok(proposal(
        application,
        (ROLLBACK, arguments),
        reason,
        evidence,
        cause,
        (present, format!("$.application[?{applied}]")),
    ))
}

fn proposal(
    application: &str,
    (action, arguments): (&str, Value),
    reason: String,
    evidence: Vec<String>,
    root_cause: String,
    (present, applied): (String, String),
) -> Proposal {
    Proposal {
        call: own_call(NAME, action, &arguments),
        target: target(application),
        reason,
        evidence,
        root_cause,
        verify: Some(Verification {
            look: own_call(NAME, STATUS, &json!({"application": application})),
            present: vec![present],
            absent: vec![],
            applied: Some(applied).into_iter().filter(|path| !path.is_empty()).collect(),
            within_ms: 900_000,
            every_ms: 10_000,
        }),
        undo: None,
        extra: vec![],
    }
}

/// What Argo CD says is not well.
fn observed(seen: &Application) -> Vec<String> {
    let conditions = seen.list("/status/conditions").iter();
    let conditions = conditions.filter(|one| object::text(one, "/type").ends_with("Error")).map(|one| {
        let (kind, message) = (object::text(one, "/type"), object::text(one, "/message"));
        format!("{}: {}", quote::short(kind), quote::marked(message))
    });
    let resources = seen.list("/status/resources").iter();
    let bad = |one: &&Value| matches!(object::text(one, "/health/status"), "Degraded" | "Missing");
    let resources = resources.filter(bad).map(|one| {
        let words = ["/kind", "/namespace", "/name"].map(|at| quote::short(object::text(one, at)));
        let [kind, namespace, name] = words;
        let (health, message) = (object::text(one, "/health/status"), object::text(one, "/health/message"));
        format!("{kind} {namespace}/{name} is {}: {}", quote::short(health), quote::marked(message))
    });
    conditions.chain(resources).take(TOLD).collect()
}
