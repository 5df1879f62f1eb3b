//! Runs `testdata/<case>/` of a notifier without the sandbox, as the host's golden runner does
//! within it: `notification.json`, `settings.json`, `secrets.json` and the answers of `http.json` go
//! in; the requests and the result are compared with `expected.json`. What the host really sends on each
//! occasion stands in `messages`, beside this file; what a notifier makes of it in its `renderings`.
//! `UPDATE_EXPECT=1` accepts what happens now.

use std::cell::RefCell;
use std::fs;
use std::path::Path;

use base64::Engine as _;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value, json};

use crate::bindings::exports::tidegate::plugin::notifier::{
    Action, CallError, Cause, Link, Notification, Object, Occasion, Purpose, Sent, Stage,
};
use crate::bindings::tidegate::plugin::http_client::{HttpError, Request, Response};
use crate::bindings::tidegate::plugin::signer::Encoding;
use crate::bindings::tidegate::plugin::types::{Alert, Moment, Status};

#[test]
fn testdata() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let update = std::env::vars_os().any(|(name, _)| name == "UPDATE_EXPECT");
    let mut cases = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let case = entry.unwrap().path();
        if !case.is_dir() {
            continue;
        }
        let found = run(&case);
        let path = case.join("expected.json");
        if update {
            fs::write(&path, format!("{found:#}\n")).unwrap();
        }
        assert_eq!(found, read(&path), "{}", case.display());
        cases += 1;
    }
    assert!(cases > 0, "the testdata is gone");
}

#[test]
fn renderings() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("renderings");
    let update = std::env::vars_os().any(|(name, _)| name == "UPDATE_EXPECT");
    let settings = fs::read_to_string(folder.join("settings.json")).unwrap();
    let mut cases = 0;
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../messages")).unwrap() {
        let message = entry.unwrap().path();
        // The start of an answer that each of them takes.
        let answers = json!([{"status": 200, "headers": {}, "body": "{\"code\":0}"}]);
        let exchange = exchange(
            &settings,
            &json!({"sign-secret": "s", "webhook-url": "https://hook.example"}),
            &answers,
            &read(&message),
        );
        let found = readable(&json!({"body": exchange["requests"][0]["body"], "result": exchange["result"]}));
        let path = folder.join(message.file_name().unwrap());
        if update {
            fs::write(&path, format!("{found:#}\n")).unwrap();
        }
        assert_eq!(found, read(&path), "{}", path.display());
        cases += 1;
    }
    assert_eq!(fs::read_dir(folder).unwrap().count(), cases + 1, "one rendering a message, and the settings");
}

/// Texts of more than one line as a list of them, so that a person can look at a rendering.
fn readable(value: &Value) -> Value {
    match value {
        Value::String(text) if text.contains('\n') => text.lines().map(|line| json!(line)).collect(),
        Value::Array(items) => items.iter().map(readable).collect(),
        Value::Object(members) => members.iter().map(|(key, value)| (key.clone(), readable(value))).collect(),
        other => other.clone(),
    }
}

fn run(case: &Path) -> Value {
    let settings = fs::read_to_string(case.join("settings.json")).unwrap();
    let (secrets, answers) = (read(&case.join("secrets.json")), read(&case.join("http.json")));
    exchange(&settings, &secrets, &answers, &read(&case.join("notification.json")))
}

fn exchange(settings: &str, secrets: &Value, answers: &Value, message: &Value) -> Value {
    let answers = RefCell::new(answers.as_array().unwrap().clone().into_iter());
    let requests = RefCell::new(Vec::new());
    let reveal = |text: &str| {
        secrets.as_object().unwrap().iter().fold(text.to_string(), |text, (name, value)| {
            text.replace(&format!("{{{{secret:{name}}}}}"), value.as_str().unwrap())
        })
    };
    let sign = |key: &str, text: &str| {
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(reveal(key).as_bytes()).unwrap();
        mac.update(reveal(text).as_bytes());
        let bytes = mac.finalize().into_bytes();
        Ok(match crate::ENCODING {
            Encoding::Base64 => base64::engine::general_purpose::STANDARD.encode(bytes),
            Encoding::Hex => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        })
    };
    let send = |request: Request| {
        requests.borrow_mut().push(sent(&request, &reveal));
        answer(&answers.borrow_mut().next().expect("http.json has too few answers"))
    };
    let result = match crate::notify(settings, &notification(message), sign, send) {
        Ok(reference) => json!({"ok": reference}),
        Err(CallError::InvalidInput(reason)) => json!({"error": {"invalid-input": reason}}),
        Err(CallError::Misconfigured(reason)) => json!({"error": {"misconfigured": reason}}),
        Err(CallError::Other(reason)) => json!({"error": {"other": reason}}),
        Err(CallError::Unavailable(retry)) => {
            json!({"error": {"unavailable": {"reason": retry.reason, "after-ms": retry.after_ms}}})
        }
    };
    json!({"requests": requests.into_inner(), "result": result})
}

/// A request as it leaves the host.
fn sent(request: &Request, reveal: &dyn Fn(&str) -> String) -> Value {
    let headers = request.headers.iter().map(|(k, v)| (k.to_lowercase(), json!(reveal(v))));
    json!({
        "method": request.method,
        "url": reveal(&request.url),
        "headers": headers.collect::<Map<_, _>>(),
        "body": serde_json::from_str::<Value>(&reveal(&request.body)).unwrap(),
    })
}

fn answer(answer: &Value) -> Result<Response, HttpError> {
    match answer.get("error").map(|error| (error, error.as_str())) {
        Some((_, Some("timeout"))) => Err(HttpError::Timeout),
        Some((error, _)) => Err(HttpError::Unreachable(text(error, "unreachable"))),
        None => Ok(Response {
            status: answer["status"].as_u64().unwrap().try_into().unwrap(),
            headers: labels(answer, "headers"),
            body: text(answer, "body"),
        }),
    }
}

fn notification(value: &Value) -> Notification {
    Notification {
        delivery_id: text(value, "delivery-id"),
        message_id: if value["message-id"].is_null() { text(value, "delivery-id") } else { text(value, "message-id") },
        incident_id: text(value, "incident-id"),
        occasion: occasion(value),
        stage: match value["stage"].as_str() {
            Some("update") => Stage::Update,
            Some("end") => Stage::End,
            _ => Stage::First,
        },
        earlier: list(value, "earlier").map(earlier).collect(),
        title: text(value, "title"),
        summary: text(value, "summary"),
        description: text(value, "description"),
        objects: list(value, "objects").map(object).collect(),
        objects_left_out: value["objects-left-out"].as_u64().unwrap_or(0).try_into().unwrap(),
        cause: value["cause"].is_object().then(|| cause(&value["cause"])),
        actions: list(value, "actions").map(action).collect(),
        severity: text(value, "severity"),
        outcome: text(value, "outcome"),
        body_markdown: text(value, "body-markdown"),
        facts: labels(value, "facts"),
        links: value["links"].as_array().into_iter().flatten().map(link).collect(),
        alerts: value["alerts"].as_array().unwrap().iter().map(alert).collect(),
        alerts_left_out: value["alerts-left-out"].as_u64().unwrap_or(0).try_into().unwrap(),
        language: text(value, "language"),
        now_ms: value["now-ms"].as_u64().unwrap(),
        extra: labels(value, "extra"),
    }
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value[key].as_array().into_iter().flatten()
}

fn texts(value: &Value, key: &str) -> Vec<String> {
    list(value, key).map(|text| text.as_str().unwrap().to_string()).collect()
}

fn occasion(value: &Value) -> Occasion {
    match value["occasion"].as_str() {
        Some("approval") => Occasion::Approval,
        Some("resolved") => Occasion::Resolved,
        Some("answered") => Occasion::Answered,
        _ => Occasion::Report,
    }
}

fn earlier(value: &Value) -> Sent {
    Sent { message_id: text(value, "message-id"), occasion: occasion(value), reference: text(value, "reference") }
}

fn object(value: &Value) -> Object {
    Object { kind: text(value, "kind"), namespace: text(value, "namespace"), name: text(value, "name"), extra: vec![] }
}

fn cause(value: &Value) -> Cause {
    let percent = value["confidence-percent"].as_u64().map(|percent| percent.try_into().unwrap());
    Cause { text: text(value, "text"), confirmed: value["confirmed"] == true, confidence_percent: percent }
}

fn action(value: &Value) -> Action {
    Action {
        id: text(value, "id"),
        tool: text(value, "tool"),
        target: text(value, "target"),
        arguments: value["arguments"].as_str().map(str::to_string),
        risk: text(value, "risk"),
        state: text(value, "state"),
        state_text: text(value, "state-text"),
        proposed_by: text(value, "proposed-by"),
        reason: text(value, "reason"),
        evidence: texts(value, "evidence"),
        undo: text(value, "undo"),
        approvers: text(value, "approvers"),
        expires_ms: value["expires-ms"].as_u64(),
        answers: texts(value, "answers"),
        result: text(value, "result"),
        digest: text(value, "digest"),
        extra: vec![],
    }
}

fn link(value: &Value) -> Link {
    Link {
        purpose: match value["purpose"].as_str() {
            Some("approve") => Purpose::Approve,
            Some("deny") => Purpose::Deny,
            Some("incident") => Purpose::Incident,
            Some("runbook") => Purpose::Runbook,
            _ => Purpose::Source,
        },
        title: text(value, "title"),
        url: text(value, "url"),
        from_alert: value["from-alert"] == true,
    }
}

fn alert(value: &Value) -> Alert {
    let optional = |key: &str| value[key].as_str().map(str::to_string);
    let moment = |key: &str| match &value[key] {
        Value::Null => None,
        moment => Some(match moment["millis"].as_u64() {
            Some(millis) => Moment::Millis(millis),
            None => Moment::Text(text(moment, "text")),
        }),
    };
    Alert {
        name: text(value, "name"),
        status: if value["status"] == "firing" { Status::Firing } else { Status::Resolved },
        severity: optional("severity"),
        labels: labels(value, "labels"),
        annotations: labels(value, "annotations"),
        starts_at: moment("starts-at"),
        ends_at: moment("ends-at"),
        fingerprint: optional("fingerprint"),
        link: optional("link"),
        extra: labels(value, "extra"),
    }
}

fn read(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_string()
}

fn labels(value: &Value, key: &str) -> Vec<(String, String)> {
    let object = value[key].as_object().into_iter().flatten();
    object.map(|(k, v)| (k.clone(), v.as_str().unwrap_or_default().to_string())).collect()
}
