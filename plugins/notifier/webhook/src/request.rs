//! The request: body, headers and the optional signature.

use crate::bindings::exports::tidegate::plugin::notifier::{CallError, Notification};
use crate::bindings::tidegate::plugin::http_client::Request;
use crate::body;
use crate::settings::Settings;

const TIMESTAMP: &str = "X-Tidegate-Timestamp";
const SIGNATURE: &str = "X-Tidegate-Signature";

/// Names that the plugin sets itself; two values of one header would leave the choice to chance.
const OWN: [&str; 4] = ["content-type", "idempotency-key", "x-tidegate-timestamp", "x-tidegate-signature"];

/// Builds the request. `sign` is the host's HMAC-SHA-256 in hex.
///
/// What is signed is `<timestamp>.<body>`: with the time inside, a request that somebody recorded
/// is worthless later. Each attempt signs anew.
pub(crate) fn build(
    settings: &Settings,
    message: &Notification,
    sign: impl Fn(&str, &str) -> Result<String, String>,
) -> Result<Request, CallError> {
    let body = body::text(message);
    let mut headers = vec![
        ("Content-Type".to_string(), "application/json".to_string()),
        ("Idempotency-Key".to_string(), message.delivery_id.clone()),
    ];
    let seconds = (message.now_ms / 1000).to_string();
    if let Some(secret) = &settings.sign {
        let key = format!("{{{{secret:{secret}}}}}");
        let signature = sign(&key, &format!("{seconds}.{body}")).map_err(CallError::Misconfigured)?;
        headers.push((SIGNATURE.into(), format!("sha256={signature}")));
    }
    headers.push((TIMESTAMP.into(), seconds));
    for (name, value) in &settings.headers {
        if OWN.contains(&name.to_ascii_lowercase().as_str()) {
            let reason = format!("settings: headers.{name}: the plugin sets this header itself");
            return Err(CallError::Misconfigured(reason));
        }
        headers.push((name.clone(), value.clone()));
    }
    Ok(Request {
        method: "POST".into(),
        url: settings.url.clone(),
        headers,
        body,
        body_secrets: false,
        timeout_ms: settings.timeout_ms,
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::bindings::exports::tidegate::plugin::notifier::{Occasion, Stage};

    pub(crate) fn message() -> Notification {
        Notification {
            delivery_id: "i1-report-hook".into(),
            message_id: "m".into(),
            incident_id: "i1".into(),
            occasion: Occasion::Report,
            stage: Stage::First,
            earlier: vec![],
            title: "t".into(),
            severity: "warning".into(),
            outcome: "fixed".into(),
            summary: "s".into(),
            description: String::new(),
            objects: vec![],
            objects_left_out: 0,
            cause: None,
            actions: vec![],
            body_markdown: "b".into(),
            facts: vec![],
            links: vec![],
            alerts: vec![],
            alerts_left_out: 0,
            language: "en".into(),
            now_ms: 1_700_000_000_900,
            extra: vec![],
        }
    }

    fn settings(sign: Option<&str>, headers: &[(&str, &str)]) -> Settings {
        Settings {
            url: "https://hook.example/x".into(),
            headers: headers.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect(),
            sign: sign.map(str::to_string),
            timeout_ms: None,
        }
    }

    #[test]
    fn the_signature_covers_time_and_exact_body() {
        let sign = |key: &str, text: &str| Ok(format!("{key}|{}", text.len()));
        let request = build(&settings(Some("s"), &[]), &message(), sign).unwrap();
        let header = |name: &str| request.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let length = "1700000000.".len() + request.body.len();
        assert_eq!(header(SIGNATURE), Some(format!("sha256={{{{secret:s}}}}|{length}").as_str()));
        assert_eq!(header(TIMESTAMP), Some("1700000000"));
        assert_eq!(header("Idempotency-Key"), Some("i1-report-hook"));
    }

    #[test]
    fn own_headers_cannot_be_replaced() {
        let settings = settings(None, &[("idempotency-key", "x")]);
        let result = build(&settings, &message(), |_, _| Ok(String::new()));
        assert!(matches!(result, Err(CallError::Misconfigured(_))));
    }
}
