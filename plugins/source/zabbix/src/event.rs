//! One event: a problem, its update or its recovery.

use std::borrow::Cow;

use tidegate_plugin::source::{Alert, Fields, Node, STATE, Status, with_zone};

use crate::{moment, severity, tags};

const NAMES: [&str; 9] = [
    "eventname",
    "triggername",
    "trigger",
    "problemname",
    "problem",
    "name",
    "alertname",
    "title",
    "triggerdescription",
];
const SUBJECTS: [&str; 3] = ["alertsubject", "subject", "summary"];
const MESSAGES: [&str; 5] = ["alertmessage", "message", "text", "body", "description"];
const STATES: [&str; 8] =
    ["eventvalue", "triggervalue", "triggerstatus", "eventstatus", "problemstatus", "status", "state", "value"];
const BEGAN: [&str; 6] = ["eventtimestamp", "eventdatetime", "starttime", "startedat", "timestamp", "datetime"];
const ENDED: [&str; 2] = ["eventrecoverytimestamp", "recoverytime"];
/// What stands in annotations under a name that says what it is.
const DETAILS: [(&str, &[&str]); 10] = [
    ("runbook_url", &["triggerurl", "runbookurl"]),
    ("operational_data", &["eventopdata", "opdata", "operationaldata"]),
    ("item", &["itemname", "itemname1", "item"]),
    ("item_value", &["itemvalue", "itemlastvalue", "itemvalue1"]),
    ("event_id", &["eventid"]),
    ("host_ip", &["hostip", "hostconn", "ip"]),
    ("visible_host", &["hostvisiblename", "hostsname"]),
    ("update_action", &["eventupdateaction"]),
    ("update_message", &["eventupdatemessage"]),
    ("update_user", &["userfullname", "eventupdateuser"]),
];

/// Reads one. What a discovery or a registration finds is nobody's problem.
pub(crate) fn read(body: Node<'_>, offset: &str) -> Result<Option<Alert>, String> {
    let body = body.need_object()?;
    let fields = Fields::of(body);
    if matches!(fields.get("eventsource"), Some("1" | "2")) {
        return Ok(None);
    }
    let streamed = body.get("clock").exists();
    let name = fields.first(&NAMES).or_else(|| subject(&fields)).or_else(|| fields.first(&["itemname", "item"]));
    if name.is_none() && trigger_id(&fields).is_none() && fields.get("eventid").is_none() {
        return Err(format!(
            "{}: expected the trigger's name or an id (event_name, trigger_name, trigger_id, event_id), found none of \
             them; add one to the parameters of the media type, with its macro as the value",
            body.place()
        ));
    }
    let status = status(&fields);
    let host = host(body, &fields);
    let word = fields.first(&["eventnseverity", "nseverity", "triggernseverity"]);
    let word = fields.first(&["eventseverity", "triggerseverity", "severity", "priority"]).or(word);
    let link = link(&fields);
    let mut alert = severity::of(word, Alert::firing(name.unwrap_or("Zabbix problem".into())))
        .status(status)
        .fingerprint(fingerprint(&fields, host.as_deref()).map(Cow::Owned))
        .label("host", host)
        .label("trigger_id", trigger_id(&fields).map(Cow::Owned))
        .label("host_group", groups(body, &fields).map(Cow::Owned))
        .labels(
            body.get("tags")
                .text()
                .or_else(|| fields.first(&["eventtagsjson", "eventtags", "tags"]))
                .map_or_else(Vec::new, |text| tags::read(&text)),
        )
        .annotation("summary", subject(&fields).or_else(|| fields.first(&NAMES)))
        .annotation("description", fields.first(&MESSAGES).or_else(|| fields.first(&["triggerdescription"])))
        .link(link.map(Cow::Owned));
    for (name, from) in DETAILS {
        alert = alert.annotation(name, fields.first(from));
    }
    if let Some(state) = state(&fields).filter(|_| matches!(status, Status::Firing)) {
        alert = alert.annotation(STATE, Some(state.into()));
    }
    let began = moment::read(&fields, "eventdate", "eventtime", &BEGAN).map(|text| with_zone(&text, offset));
    let ended = moment::read(&fields, "eventrecoverydate", "eventrecoverytime", &ENDED);
    let ended = ended.map(|text| with_zone(&text, offset));
    Ok(Some(match (streamed, status) {
        (true, Status::Resolved) => alert.ends(body.get("clock").text()),
        (true, Status::Firing) => alert.starts(body.get("clock").text()),
        (false, Status::Resolved) => alert.started(began).ended(ended),
        (false, Status::Firing) => alert.started(began),
    }))
}

/// What an unreadable one is called.
pub(crate) fn name(body: Node<'_>) -> Option<Cow<'_, str>> {
    body.first(&["name", "event_name", "trigger_name"])
}

/// The subject of Zabbix's own templates says the state first: `Resolved in 5m: web is down`.
fn subject(fields: &Fields) -> Option<Cow<'_, str>> {
    let subject = fields.first(&SUBJECTS)?;
    let state = subject.split_once(": ").filter(|(state, _)| {
        ["Problem", "PROBLEM", "Resolved", "OK", "Updated problem"].iter().any(|word| state.starts_with(word))
    });
    Some(match state {
        Some((_, rest)) => Cow::Owned(rest.to_string()),
        None => subject,
    })
}

/// A message without any word for it is a problem: an action's own operations send nothing else.
fn status(fields: &Fields) -> Status {
    let word = fields.first(&STATES).unwrap_or_default().to_ascii_lowercase();
    let well = matches!(word.as_ref(), "0" | "up") || ["ok", "resolved", "recover"].iter().any(|w| word.starts_with(w));
    let recovery =
        fields.get("eventrecoveryvalue").is_some_and(|value| value == "0") && fields.get("eventvalue") != Some("1");
    let subject = word.is_empty() && fields.first(&SUBJECTS).is_some_and(|subject| subject.starts_with("Resolved"));
    if well || recovery || subject { Status::Resolved } else { Status::Firing }
}

/// `{EVENT.UPDATE.ACTION}` is a list in words: `acknowledged, commented`.
fn state(fields: &Fields) -> Option<&'static str> {
    let action = fields.get("eventupdateaction").unwrap_or_default().to_ascii_lowercase();
    let did = |word: &str| action.split([',', ' ']).any(|done| done == word);
    let acknowledged = fields.first(&["eventackstatus", "eventacknowledged", "acknowledged", "ack"]);
    match acknowledged.map(|text| text.to_ascii_lowercase()).as_deref() {
        _ if did("suppressed") => Some("suppressed"),
        _ if did("unacknowledged") => None,
        _ if did("acknowledged") => Some("acknowledged"),
        Some("yes" | "1" | "true") => Some("acknowledged"),
        _ => None,
    }
}

/// A trigger pairs a problem with its recovery whatever else the body holds; the id of an event does so only as long
/// as both name the problem's.
fn fingerprint(fields: &Fields, host: Option<&str>) -> Option<String> {
    if let Some(trigger) = trigger_id(fields) {
        return Some(format!("trigger:{trigger}{}", host.map(|host| format!("@{host}")).unwrap_or_default()));
    }
    fields.first(&["peventid", "problemeventid", "eventid"]).map(|event| format!("event:{event}"))
}

fn trigger_id(fields: &Fields) -> Option<String> {
    let told = fields.get("triggerid").map(str::to_string);
    let linked = || {
        let link = fields.first(&["link", "url", "eventurl", "problemurl"])?;
        let (_, rest) = link.split_once("triggerid=")?;
        let id: String = rest.chars().take_while(char::is_ascii_digit).collect();
        (!id.is_empty()).then_some(id)
    };
    told.or_else(linked)
}

fn host<'a>(body: Node<'a>, fields: &'a Fields) -> Option<Cow<'a, str>> {
    let told = fields.first(&["hosthost", "hostname", "host", "hosthost1", "hostname1"]);
    told.or_else(|| body.get("hosts").items().find_map(|host| host.first(&["host", "name"]).or_else(|| host.text())))
}

fn groups(body: Node<'_>, fields: &Fields) -> Option<String> {
    let listed: Vec<_> = body.get("groups").items().filter_map(Node::text).collect();
    let told = fields.first(&["triggerhostgroupname", "hostgroup", "hostgroups"]).map(Cow::into_owned);
    told.or_else(|| (!listed.is_empty()).then(|| listed.join(", ")))
}

fn link(fields: &Fields) -> Option<String> {
    let told = fields.first(&["link", "eventurl", "problemurl", "url"]).map(Cow::into_owned);
    let made = || {
        let base = fields.first(&["zabbixurl"])?;
        let (trigger, event) = (fields.get("triggerid")?, fields.get("eventid")?);
        let base = base.trim_end_matches('/');
        Some(format!("{base}/tr_events.php?triggerid={trigger}&eventid={event}"))
    };
    told.or_else(made)
}
