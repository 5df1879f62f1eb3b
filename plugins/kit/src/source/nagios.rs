//! Notifications of Nagios and of what descends from it (Icinga, Naemon, Checkmk): macros that a script sends on, under
//! names of its own.

use std::borrow::Cow;

use super::{Alert, Decoded, Decoding, Fields, Moment, STATE, Status, with_zone};
use crate::form;

/// Reads a request's body, a JSON value or a form, into what `more` makes of each notification.
///
/// # Errors
/// When nothing of it can be read.
pub fn decode(body: &str, offset: &str, more: impl Fn(Alert, &Fields) -> Alert) -> Decoding {
    let read = |fields: Fields| Ok::<_, String>(read(&fields, offset)?.map(|alert| more(alert, &fields)));
    if body.trim_start().starts_with(['{', '[']) {
        return Decoded::of_body(body, |body| read(Fields::of(body.need_object()?)), |_| None);
    }
    let alert = read(Fields::from_pairs(form::fields(body)))?;
    Ok(alert.into())
}

/// What a notification's type says, in whatever words: `PROBLEM`, `FLAPPINGSTART`, `FLAPPING_START`, `FlappingStart`.
enum Kind {
    Problem,
    Recovery,
    Acknowledged,
    FlappingStart,
    FlappingStop,
    Untold,
}

/// Reads one whose times have the zone `offset` where they tell none; none where it says nothing of an alert's state, or of a state that is not confirmed yet (`SOFT`).
///
/// # Errors
/// When neither a host nor a state is told.
pub fn read(fields: &Fields, offset: &str) -> Result<Option<Alert>, String> {
    let first = |names: &[&str]| first(fields, names);
    let host = first(&["hostname", "host", "hostalias", "hostdisplayname"]);
    let service =
        first(&["servicedesc", "servicename", "service", "servicedescription", "servicedisplayname", "check"]);
    let what = first(&["what", "objecttype", "checktype"]).is_some_and(|what| what.eq_ignore_ascii_case("host"));
    let service = service.filter(|_| !what);
    let own = if service.is_some() { ["servicestate", "servicestateid"] } else { ["hoststate", "hoststateid"] };
    let state = first(&own)
        .or_else(|| first(&["checkresultstate", "state", "status", "severity", "currentstate", "exitstatus"]));
    let told = state.is_some();
    let state = state.as_deref().and_then(|word| state_of(word, service.is_some()));
    let Some(kind) = kind(first(&["notificationtype", "eventtype", "type"]).as_deref()) else { return Ok(None) };
    // A state that nobody knows is none that is well.
    let (Some(host), true) = (host, told || !matches!(kind, Kind::Untold)) else {
        return Err(
            "body: expected a host and a state, such as HOSTNAME, SERVICEDESC, SERVICESTATE and NOTIFICATIONTYPE, \
             found none; macros that stay as they are ($HOSTNAME$) count as missing"
                .into(),
        );
    };
    let soft = first(&["servicestatetype", "hoststatetype", "statetype", "checkresultstatetype"]);
    if soft.is_some_and(|word| matches!(word.to_ascii_uppercase().as_str(), "SOFT" | "0" | "0.0")) {
        return Ok(None);
    }
    let well = matches!(state, Some("info"));
    let (status, sender) = match kind {
        Kind::Recovery => (Status::Resolved, None),
        Kind::Problem => (Status::Firing, None),
        Kind::Acknowledged => (Status::Firing, Some("acknowledged")),
        Kind::FlappingStart => (Status::Firing, Some("flapping")),
        // Who stops flapping may well stay down.
        Kind::FlappingStop if state.is_none() || well => (Status::Resolved, None),
        Kind::FlappingStop => (Status::Firing, None),
        Kind::Untold if well => (Status::Resolved, None),
        Kind::Untold => (Status::Firing, None),
    };
    let output = first(&["serviceoutput", "hostoutput", "checkresultoutput", "pluginoutput", "output"]);
    let (output, measured) = match output.as_deref().map(|output| output.split_once('|').unwrap_or((output, ""))) {
        Some((output, measured)) => (Some(output.trim().to_string()), Some(measured.trim().to_string())),
        None => (None, None),
    };
    let check = service.as_deref().unwrap_or_default();
    let repeated = first(&["servicenotificationnumber", "hostnotificationnumber", "notificationnumber"]);
    let repeated = repeated.is_some_and(|number| number.parse::<u32>().is_ok_and(|number| number > 1));
    let changed = first(&["lastservicestatechange", "lasthoststatechange", "laststatechange", "lasthardstatechange"]);
    let sent = first(&["timet", "icingatimet", "timestamp", "microtime", "shortdatetime", "longdatetime", "datetime"]);
    let (began, ended) = match status {
        // A repeated notification has a time of its own.
        Status::Firing => (changed.or(sent.filter(|_| !repeated)), None),
        Status::Resolved => (None, changed.or(sent)),
    };
    let zoned = |text: Cow<'_, str>| -> Moment { with_zone(&text, offset) };
    let alert = Alert::firing(service.clone().unwrap_or("Host check".into()))
        .status(status)
        .severity(state.map(Cow::Borrowed))
        .fingerprint(Some(format!("{host}!{check}").into()))
        .label("host", Some(host.clone()))
        .label("check", service.clone())
        .label("host_group", first(&["hostgroupname", "hostgroupnames", "hostgroup", "hostgroups"]))
        .annotation("summary", output.map(Cow::Owned))
        .annotation("description", first(&["longserviceoutput", "longhostoutput", "longoutput", "serviceoutputlong"]))
        .annotation("performance_data", measured.map(Cow::Owned))
        .annotation("performance_data", first(&["serviceperfdata", "hostperfdata", "perfdata"]))
        .annotation("host_address", first(&["hostaddress", "address", "ip"]))
        .annotation("runbook_url", first(&["servicenotesurl", "hostnotesurl", "notesurl", "runbookurl"]))
        .annotation("author", first(&["notificationauthor", "notificationauthorname", "ackauthor", "author"]))
        .annotation("comment", first(&["notificationcomment", "ackcomment", "comment"]))
        .annotation("check_command", first(&["servicecheckcommand", "hostcheckcommand", "checkcommand"]))
        .annotation(STATE, sender.filter(|_| matches!(status, Status::Firing)).map(Cow::Borrowed))
        .started(began.map(zoned))
        .ended(ended.map(zoned));
    Ok(Some(alert))
}

/// A field under its own name or behind the name of the program that set it (`NAGIOS_HOSTNAME`, `NOTIFY_HOSTNAME`).
pub fn first<'f>(fields: &'f Fields, names: &[&str]) -> Option<Cow<'f, str>> {
    names.iter().find_map(|name| {
        let plain = fields.get(name);
        let told = || ["nagios", "icinga", "notify"].iter().find_map(|by| fields.get(&format!("{by}{name}")));
        plain.or_else(told).map(Cow::Borrowed)
    })
}

/// How types begin that change nothing, those of Icinga's event stream among them.
const NOTHING: [&str; 5] = ["DOWNTIME", "COMMENT", "CUSTOM", "OBJECT", "ALERTHANDLER"];

/// None of downtimes, comments and messages by hand, which change nothing.
fn kind(word: Option<&str>) -> Option<Kind> {
    let word: String =
        word.unwrap_or_default().chars().filter(char::is_ascii_alphabetic).collect::<String>().to_ascii_uppercase();
    Some(match word.as_str() {
        "PROBLEM" | "CRITICAL" | "WARNING" | "DOWN" => Kind::Problem,
        "RECOVERY" | "RECOVERED" | "OK" | "UP" => Kind::Recovery,
        "ACKNOWLEDGEMENT" | "ACKNOWLEDGEMENTSET" | "ACKNOWLEDGED" | "ACK" => Kind::Acknowledged,
        "FLAPPINGSTART" => Kind::FlappingStart,
        "FLAPPINGSTOP" | "FLAPPINGEND" | "FLAPPINGDISABLED" => Kind::FlappingStop,
        word if NOTHING.iter().any(|known| word.starts_with(known)) => return None,
        _ => Kind::Untold,
    })
}

/// How bad a state is; none of a word that is no state. Numbers are those of Icinga and of plugins' exits.
fn state_of(word: &str, of_service: bool) -> Option<&'static str> {
    let word = word.trim().trim_end_matches(".0").to_ascii_uppercase();
    Some(match (word.as_str(), of_service) {
        ("OK" | "UP" | "0" | "PENDING" | "RECOVERY", _) => "info",
        ("WARNING" | "WARN", _) | ("1", true) => "warning",
        ("CRITICAL" | "CRIT" | "DOWN", _) | ("2", true) | ("1", false) => "critical",
        ("UNKNOWN" | "UNREACHABLE" | "UNREACH", _) | ("3", true) | ("2", false) => "error",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(pairs: &[(&str, &str)]) -> Option<(Status, Option<String>, Option<String>)> {
        let fields = Fields::from_pairs(pairs.iter().map(|(key, value)| ((*key).to_string(), (*value).to_string())));
        let alert = read(&fields, "Z").unwrap()?;
        let state = alert.annotations.iter().find(|(key, _)| key == STATE).map(|(_, value)| value.clone());
        Some((alert.status, alert.severity, state))
    }

    #[test]
    fn types_and_states_of_each_kind() {
        for (kind, state, want) in [
            ("PROBLEM", "CRITICAL", Some((Status::Firing, Some("critical"), None))),
            ("PROBLEM", "UNKNOWN", Some((Status::Firing, Some("error"), None))),
            ("RECOVERY", "OK", Some((Status::Resolved, Some("info"), None))),
            ("ACKNOWLEDGEMENT", "WARNING", Some((Status::Firing, Some("warning"), Some("acknowledged")))),
            ("FLAPPINGSTART", "CRITICAL", Some((Status::Firing, Some("critical"), Some("flapping")))),
            ("FLAPPING_STOP", "", Some((Status::Resolved, None, None))),
            ("FLAPPINGSTOP", "CRITICAL", Some((Status::Firing, Some("critical"), None))),
            ("FlappingEnd", "OK", Some((Status::Resolved, Some("info"), None))),
            ("DOWNTIMESTART", "CRITICAL", None),
            ("CUSTOM", "CRITICAL", None),
            ("ESCALATION", "CRITICAL", Some((Status::Firing, Some("critical"), None))),
            ("", "odd", Some((Status::Firing, None, None))),
            ("", "OK", Some((Status::Resolved, Some("info"), None))),
            ("$NOTIFICATIONTYPE$", "2", Some((Status::Firing, Some("critical"), None))),
        ] {
            let found =
                read_all(&[("HOST", "a"), ("SERVICE", "disk"), ("NOTIFICATIONTYPE", kind), ("SERVICESTATE", state)]);
            let want =
                want.map(|(status, severity, state)| (status, severity.map(str::to_string), state.map(str::to_string)));
            assert_eq!(found, want, "{kind} {state}");
        }
        assert_eq!(read_all(&[("HOST", "a"), ("HOSTSTATE", "DOWN"), ("HOSTSTATETYPE", "SOFT")]), None);
        assert!(read(&Fields::from_pairs([("host".to_string(), "a".to_string())]), "Z").is_err());
    }
}
