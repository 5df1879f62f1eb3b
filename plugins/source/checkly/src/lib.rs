//! Source for Checkly's webhook, whose body is a template that its users write.

mod text;

use std::borrow::Cow;

use tidegate_plugin::source::{Alert, Decoded, Decoding, Inbound, Node, Status};

tidegate_plugin::source!(decode);

fn decode(request: &Inbound) -> Decoding {
    let value = request.any_form(&[]).map_err(template)?;
    let body = Node::root(&value).need_object().map_err(template)?;
    let word = body.any_filled(&["alert_type", "ALERT_TYPE", "alertType", "type"]);
    let said = ["event", "title", "alert_title", "ALERT_TITLE", "message", "description", "text"];
    let title = body.any_filled(&said);
    let kind = match word.as_deref().map(Kind::of) {
        Some(Some(kind)) => kind,
        Some(None) => return Ok(Decoded::nothing()),
        None => match title.as_deref() {
            Some(title) => text::kind(title),
            None => return Err(template(body.get("alert_type").expected("a text"))),
        },
    };
    Ok(alert(body, &kind, word, title).into())
}

/// The body is the user's.
fn template(reason: String) -> String {
    format!("{reason}; use the template of the README of the source checkly as the body of Checkly's webhook")
}

/// What Checkly tells of.
pub(crate) enum Kind {
    Failure,
    Degraded,
    Recovery,
    /// A certificate expires.
    Certificate,
}

impl Kind {
    /// `ALERT_FAILURE`, `ALERT_DEGRADED_REMAIN`, `ALERT_FAILURE_DEGRADED`: what it is now stands last, and none of
    /// what nobody is to be told of.
    fn of(word: &str) -> Option<Self> {
        let word = word.trim().to_ascii_uppercase();
        if word.contains("RECOVER") {
            return Some(Self::Recovery);
        }
        if word.contains("SSL") {
            return Some(Self::Certificate);
        }
        match (word.rfind("FAILURE"), word.rfind("DEGRADED")) {
            (Some(failure), Some(degraded)) if degraded > failure => Some(Self::Degraded),
            (None, Some(_)) => Some(Self::Degraded),
            (Some(_), _) => Some(Self::Failure),
            (None, None) => (!word.starts_with("NO_ALERT")).then_some(Self::Failure),
        }
    }
}

fn alert(body: Node<'_>, kind: &Kind, word: Option<Cow<'_, str>>, title: Option<Cow<'_, str>>) -> Alert {
    let link = body.any_filled(&["link", "result_link", "RESULT_LINK", "resultLink", "url"]);
    let id = body.any_filled(&["check_id", "CHECK_ID", "checkId"]);
    let id = id.or_else(|| Some(text::check_of(link.as_deref()?)?.to_string().into()));
    let domain = body.any_filled(&["ssl_check_domain", "SSL_CHECK_DOMAIN"]);
    let domain = domain.or_else(|| Some(text::domain(title.as_deref()?)?.to_string().into()));
    let check = body.any_filled(&["check_name", "CHECK_NAME", "checkName", "name"]);
    let certificate = matches!(kind, Kind::Certificate);
    let name = match (&check, &domain) {
        (Some(check), _) if certificate => format!("certificate of {check} expires"),
        (Some(check), _) => check.to_string(),
        (None, Some(domain)) if certificate => format!("certificate of {domain} expires"),
        (None, _) => "Checkly check".to_string(),
    };
    let (status, severity) = match kind {
        Kind::Failure => (Status::Firing, Some("error")),
        Kind::Degraded | Kind::Certificate => (Status::Firing, Some("warning")),
        Kind::Recovery => (Status::Resolved, None),
    };
    // A check is one thing wherever it ran: the location that recovered need not be the one that failed.
    let known_by = id.map(|id| if certificate { format!("{id}:certificate") } else { id.into_owned() });
    Alert::firing(name)
        .status(status)
        .severity(severity.map(Into::into))
        .label("check", check)
        .label("check_type", body.any_filled(&["check_type", "CHECK_TYPE", "checkType"]))
        .label("group", body.any_filled(&["group_name", "GROUP_NAME", "groupName"]))
        .label("domain", domain)
        .tagged(body.get("tags"), &[','])
        .annotation("summary", title)
        .annotation("description", body.any_filled(&["check_error_message", "CHECK_ERROR_MESSAGE", "error"]))
        .annotation("alert_type", word)
        .annotation("location", body.any_filled(&["run_location", "RUN_LOCATION", "location"]))
        .annotation("region", body.any_filled(&["region", "REGION"]))
        .annotation("response_time_ms", body.any_filled(&["response_time", "RESPONSE_TIME"]))
        .annotation(
            "status_code",
            body.any_filled(&["api_check_response_status_code", "API_CHECK_RESPONSE_STATUS_CODE"]),
        )
        .annotation("days", body.any_filled(&["ssl_days_remaining", "SSL_DAYS_REMAINING"]))
        .fingerprint(known_by.map(Cow::Owned))
        .link(link)
        .changed(body.any_filled(&["started_at", "STARTED_AT", "startedAt", "timestamp"]))
}
