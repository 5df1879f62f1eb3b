//! One alert of a rule.

use std::borrow::Cow;

use tidegate_plugin::source::{Alert, Fields, STATE, Status, link, tags};

use crate::body::Item;
use crate::fields;

const RULE: [&str; 4] = ["ruleid", "kibanaalertruleuuid", "signalruleid", "kibanaalertruleruleid"];
const RULE_NAME: [&str; 5] = ["rulename", "kibanaalertrulename", "signalrulename", "alertname", "contextrulename"];
const UUID: [&str; 3] = ["alertuuid", "kibanaalertuuid", "documentid"];
const INSTANCE: [&str; 3] = ["alertinstanceid", "kibanaalertinstanceid", "alertid"];
const STATES: [&str; 8] = [
    "alertactiongroup",
    "actiongroup",
    "alertactiongroupname",
    "kibanaalertactiongroup",
    "kibanaalertstatus",
    "alertstatus",
    "status",
    "state",
];
const SEVERITY: [&str; 6] = [
    "severity",
    "alertseverity",
    "kibanaalertseverity",
    "kibanaalertruleseverity",
    "signalruleseverity",
    "ruleseverity",
];
const REASON: [&str; 7] = [
    "contextreason",
    "kibanaalertreason",
    "reason",
    "contexttitle",
    "contextmessage",
    "message",
    "signalruledescription",
];
const LINKS: [&str; 8] = [
    "contextalertdetailsurl",
    "alertdetailsurl",
    "kibanaalerturl",
    "contextviewinappurl",
    "contextlink",
    "contextresultslink",
    "ruleurl",
    "url",
];
/// A label, and the field of the Elastic Common Schema that it is in; some rules have it in their context.
const DIMENSIONS: [(&str, &[&str]); 14] = [
    ("host", &["hostname", "contexthostname", "hosthostname"]),
    ("service", &["servicename", "contextservicename"]),
    ("namespace", &["kubernetesnamespace", "contextkubernetesnamespace", "orchestratornamespace"]),
    ("pod", &["kubernetespodname", "contextkubernetespodname"]),
    ("node", &["kubernetesnodename", "contextkubernetesnodename"]),
    ("container", &["kubernetescontainername", "containername", "contextcontainername"]),
    ("deployment", &["kubernetesdeploymentname", "contextkubernetesdeploymentname"]),
    ("cluster", &["orchestratorclustername", "contextorchestratorclustername"]),
    ("region", &["cloudregion", "contextcloudregion"]),
    ("account", &["cloudaccountid", "contextcloudaccountid"]),
    ("environment", &["serviceenvironment", "contextserviceenvironment", "contextenvironment"]),
    ("space", &["rulespaceid", "spaceid", "kibanaspaceids"]),
    ("rule_type", &["ruletype", "kibanaalertruleruletypeid"]),
    ("transaction", &["transactionname", "contexttransactionname"]),
];

/// Reads one.
pub(crate) fn read(item: Item<'_>) -> Result<Alert, String> {
    let fields = fields::read(item.node);
    let (rule, name) = (fields.first(&RULE), fields.first(&RULE_NAME));
    // Before Kibana 8 `alertId` was the rule, and the alert an instance of it.
    let old = fields.get("alertinstanceid").and_then(|_| fields.get("alertid"));
    let rule = rule.or(old.map(Cow::Borrowed));
    let instance = fields.first(&INSTANCE);
    let uuid = fields.first(&UUID);
    if name.is_none() && rule.is_none() && uuid.is_none() {
        return Err(format!(
            "{}; use the connector's body of this source's README, which names the rule and the alert",
            item.node.get("rule").expected("a rule's id and name")
        ));
    }
    let over = item.group == Some("recovered") || is_over(&fields);
    let workflow = fields.word(&["kibanaalertworkflowstatus", "signalstatus"]);
    let told = instance.clone().filter(|one| one != "*" && rule.as_ref() != Some(one));
    let fingerprint = match (&uuid, &rule, &instance) {
        (Some(uuid), ..) => Some(format!("alert:{uuid}")),
        (None, Some(rule), instance) => Some(format!("rule:{rule}:{}", instance.as_deref().unwrap_or_default())),
        (None, None, _) => None,
    };
    let summary = fields.first(&REASON).or_else(|| name.clone());
    let all = fields.first(&["ruletags", "kibanaalertruletags", "signalruletags", "tags", "contexttags"]);
    let (pairs, bare) = tags::split(all.iter().flat_map(|all| all.split(',')).map(Cow::Borrowed));
    let base = item.base.text();
    let link = LINKS.iter().find_map(|key| link::absolute(fields.get(key)?, base.as_deref()));
    let mut alert = Alert::firing(name.clone().unwrap_or("Elastic alert".into()))
        .status(if over { Status::Resolved } else { Status::Firing })
        .severity(severity(&fields).map(Cow::Owned))
        .fingerprint(fingerprint.map(Cow::Owned))
        .label("rule_id", rule)
        .label("alert_id", told);
    for (label, names) in DIMENSIONS {
        alert = alert.label(label, fields.first(names));
    }
    let began = fields.first(&["kibanaalertstart", "alertstart", "signaloriginaltime"]);
    // Security has no beginning but the document's own.
    let began = began.or_else(|| fields.get("kibanaalertuuid").and_then(|_| fields.first(&["timestamp"])));
    let ended = fields.first(&["kibanaalertend", "alertend", "date"]).filter(|_| over);
    Ok(alert
        .labels(pairs)
        .annotation("summary", summary)
        .annotation(
            "description",
            fields.first(&["contextmessage", "message", "kibanaalertruledescription", "ruledescription"]),
        )
        .annotation("value", fields.first(&["contextvalue", "kibanaalertevaluationvalue"]))
        .annotation("threshold", fields.first(&["contextthreshold", "kibanaalertevaluationthreshold"]))
        .annotation("risk_score", fields.first(&["kibanaalertriskscore", "signalruleriskscore"]))
        .annotation("runbook_url", fields.first(&["runbookurl", "ruleparamsrunbookurl"]))
        .annotation("action_group", fields.first(&["alertactiongroup", "actiongroup", "kibanaalertactiongroup"]))
        .annotation("flapping", fields.first(&["alertflapping", "kibanaalertflapping"]).filter(|flaps| flaps == "true"))
        .annotation("tags", Some(Cow::Owned(bare.join(", "))))
        .annotation(STATE, (workflow == "acknowledged" && !over).then_some(Cow::Borrowed("acknowledged")))
        .starts(began)
        .ends(ended)
        .link(link.map(Cow::Owned)))
}

/// What a person closed is over whatever else is said, and of an alert whose rule was switched off nothing will come
/// any more.
fn is_over(fields: &Fields) -> bool {
    let over = ["recovered", "resolved", "untracked", "closed", "inactive", "ok"];
    let says = |name: &str| {
        let word = fields.word(&[name]);
        over.contains(&word.rsplit('.').next().unwrap_or(&word))
    };
    STATES.iter().any(|name| says(name)) || fields.word(&["kibanaalertworkflowstatus", "signalstatus"]) == "closed"
}

/// Rules have none, but some have a threshold for a warning besides, with an action group of its own.
fn severity(fields: &Fields) -> Option<String> {
    let group = fields.word(&["alertactiongroup", "actiongroup", "kibanaalertactiongroup"]);
    let of_group = || ["critical", "warning"].into_iter().find(|word| group.ends_with(word)).map(str::to_string);
    fields.first(&SEVERITY).map(Cow::into_owned).or_else(of_group)
}
