//! A notifier's cases: `notification.json`, `settings.json`, `secrets.json`, the answers of `http.json` and,
//! if there is one, `state.json` go in; the requests as they leave the host, the state and the result are
//! compared.
//!
//! Besides, every message that the host really sends is rendered: where the plugin has a folder `renderings`
//! with its `settings.json`, it holds what the plugin makes of each, to be looked at by a person.

#![allow(clippy::indexing_slicing, clippy::expect_used, reason = "a JSON value indexed by a key that it lacks is null")]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use base64::Engine as _;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value, json};

use super::part::{alert, answer, labels, need, result, text};
use super::{ACCEPT, cases, difference, read};
use super::{bus, mail};
use crate::host::played::{self, Part};
use crate::host::{
    BusError, BusMessage, CallError, Encoding, HttpError, Mail, MailError, Published, Receipt, Request, Response,
    StateError,
};
use crate::notifier::{Action, Cause, Link, Notification, Object, Occasion, Purpose, Sent, Stage};

/// The messages that the host sends, beside this crate.
const MESSAGES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../notifier/messages");

/// The beginning of an answer that every target takes for a success.
const TAKEN: &str = r#"{"code":0,"errcode":0,"ok":true,"status":"success","result":"success"}"#;

/// What the login page of a network or a proxy answers to whatever it is asked.
const PAGE: &str = "<!DOCTYPE html>\n<html><head><title>Log in</title></head><body>Log in to go on</body></html>";

/// The case by which a notifier says that its target may be any web server, and shows that a page is an answer to it.
const ANY_SERVER: &str = "a_page_is_an_answer";

/// The value of a secret that no text may become.
const STOLEN: &str = "the-value-that-nobody-asked-for";

/// Checks all cases and renderings of the notifier whose folder this is.
///
/// # Panics
/// When something differs, or when there is no case.
pub fn notifier(plugin: &str, notify: Notify<'_>) {
    let differs = |case: &PathBuf| difference(&case.join("expected.json"), &run(case, notify), Value::clone);
    let mut differences: String = cases(plugin).iter().map(differs).collect();
    // Of an address of somebody's choice nobody knows what its answers look like.
    let any_server = cases(plugin).iter().any(|case| case.ends_with(ANY_SERVER));
    for case in cases(plugin).iter().filter(|_| !any_server) {
        waits_for_a_page_to_be_gone(case, notify);
    }
    let renderings = Path::new(plugin).join("renderings");
    if renderings.is_dir() {
        differences.push_str(&render(&renderings, notify));
    }
    assert!(differences.is_empty(), "{differences}{ACCEPT}");
}

/// A plugin's `notify`.
type Notify<'a> = &'a dyn Fn(Notification) -> Result<Option<String>, CallError>;

fn run(case: &Path, notify: Notify<'_>) -> Value {
    let optional = |name: &str| read(&case.join(name));
    let world = Rc::new(World {
        settings: need(&case.join("settings.json")).to_string(),
        secrets: optional("secrets.json").unwrap_or_default(),
        answers: Answers::Recorded(RefCell::new(need(&case.join("http.json")).as_array().unwrap().clone().into_iter())),
        requests: RefCell::default(),
        mail_answers: RefCell::new(mail::answers(optional("mail.json"))),
        mails: RefCell::default(),
        bus_answers: RefCell::new(mail::answers(optional("bus.json"))),
        published: RefCell::default(),
        state: RefCell::new(
            optional("state.json")
                .map(|state| labels(&json!({"state": state}), "state").into_iter().collect())
                .unwrap_or_default(),
        ),
    });
    let mut found = exchange(&world, &need(&case.join("notification.json")), notify);
    if let Answers::Recorded(left) = &world.answers {
        let left = left.borrow().len();
        assert!(left == 0, "{left} of the answers in {}/http.json were not asked for", case.display());
    }
    assert!(world.mail_answers.borrow().len() == 0, "{}: mail.json holds answers that no mail has got", case.display());
    if case.join("mail.json").is_file() {
        found["mails"] = json!(*world.mails.borrow());
    }
    assert!(
        world.bus_answers.borrow().len() == 0,
        "{}: bus.json holds answers that no message has got",
        case.display()
    );
    if !world.published.borrow().is_empty() {
        found["published"] = json!(*world.published.borrow());
    }
    if !world.state.borrow().is_empty() {
        found["state"] = json!(*world.state.borrow());
    }
    found
}

/// Where something in front of the target answers with a page and status 200, the message is tried again: it is
/// neither lost as taken nor given up.
fn waits_for_a_page_to_be_gone(case: &Path, notify: Notify<'_>) {
    let optional = |name: &str| read(&case.join(name));
    let world = Rc::new(World {
        settings: need(&case.join("settings.json")).to_string(),
        secrets: optional("secrets.json").unwrap_or_default(),
        answers: Answers::Always(json!({"status": 200, "headers": {"content-type": "text/html"}, "body": PAGE})),
        requests: RefCell::default(),
        mail_answers: RefCell::default(),
        mails: RefCell::default(),
        bus_answers: RefCell::default(),
        published: RefCell::default(),
        state: RefCell::default(),
    });
    let found = exchange(&world, &need(&case.join("notification.json")), notify);
    let asked = found["requests"].as_array().is_some_and(|requests| !requests.is_empty());
    assert!(
        !asked || found["result"]["error"]["unavailable"].is_object(),
        "{}: where a page of a proxy answers, the message must be tried again, not {}",
        case.display(),
        found["result"]
    );
}

fn render(folder: &Path, notify: Notify<'_>) -> String {
    let settings = need(&folder.join("settings.json")).to_string();
    let answer =
        read(&folder.join("answer.json")).unwrap_or_else(|| json!({"status": 200, "headers": {}, "body": TAKEN}));
    let mut differences = String::new();
    let mut messages: Vec<_> = std::fs::read_dir(MESSAGES).unwrap().map(|entry| entry.unwrap().path()).collect();
    messages.sort();
    let rendered = |message: &Value| {
        let world = Rc::new(World {
            settings: settings.clone(),
            secrets: json!({"webhook-url": "https://hook.example", "stolen": STOLEN}),
            answers: Answers::Always(answer.clone()),
            requests: RefCell::default(),
            mail_answers: RefCell::default(),
            mails: RefCell::default(),
            bus_answers: RefCell::default(),
            published: RefCell::default(),
            state: RefCell::default(),
        });
        let exchange = exchange(&world, message, notify);
        let (mails, published) = (world.mails.borrow().clone(), world.published.borrow().clone());
        (exchange, mails, published)
    };
    // What was sent before was sent by this plugin, so its own references come back.
    let reference = rendered(&need(&Path::new(MESSAGES).join("asked.en.json"))).0["result"]["ok"].clone();
    for message in &messages {
        let mut sent = need(message);
        for earlier in sent["earlier"].as_array_mut().into_iter().flatten().filter(|_| reference.is_string()) {
            earlier["reference"] = reference.clone();
        }
        let (exchange, mails, published) = rendered(&sent);
        let (tried, tried_mails, tried_messages) = rendered(&asking_for_a_secret(&sent));
        let told = json!([tried, tried_mails, tried_messages]).to_string();
        assert!(!told.contains(STOLEN), "a text of an alert has become the secret that it names:\n{told}");
        let requests = exchange["requests"].as_array().unwrap();
        let found = match requests.as_slice() {
            [] if !mails.is_empty() => json!({"mails": mails, "result": exchange["result"]}),
            [] if !published.is_empty() => json!({"published": published, "result": exchange["result"]}),
            [] => json!({"body": null, "result": exchange["result"]}),
            [request] => json!({"body": request["body"], "result": exchange["result"]}),
            _ => json!({"requests": requests, "result": exchange["result"]}),
        };
        let path = folder.join(message.file_name().unwrap());
        differences.push_str(&difference(&path, &readable(&found), Value::clone));
    }
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name();
        let known = messages.iter().any(|message| message.file_name() == Some(&name));
        assert!(known || name == "settings.json" || name == "answer.json", "{name:?} renders no message");
    }
    differences
}

/// The message with a placeholder of a secret in every text that others write.
fn asking_for_a_secret(message: &Value) -> Value {
    const OF_THE_HOST: [&str; 11] = [
        "occasion",
        "stage",
        "severity",
        "outcome",
        "language",
        "status",
        "purpose",
        "state",
        "risk",
        "reference",
        "from-alert",
    ];
    match message {
        Value::String(text) => json!(format!("{text}{{{{secret:stolen}}}}")),
        Value::Array(items) => items.iter().map(asking_for_a_secret).collect(),
        Value::Object(members) => {
            let asking = |(key, value): (&String, &Value)| match OF_THE_HOST.contains(&key.as_str()) {
                true => (key.clone(), value.clone()),
                false => (key.clone(), asking_for_a_secret(value)),
            };
            members.iter().map(asking).collect::<Map<_, _>>().into()
        }
        other => other.clone(),
    }
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

fn exchange(world: &Rc<World>, message: &Value, notify: Notify<'_>) -> Value {
    let message = notification(message);
    let outcome = played::with(world.clone(), || notify(message));
    json!({"requests": *world.requests.borrow(), "result": result(outcome, |reference| json!(reference))})
}

struct World {
    settings: String,
    secrets: Value,
    answers: Answers,
    requests: RefCell<Vec<Value>>,
    mail_answers: RefCell<std::vec::IntoIter<Value>>,
    mails: RefCell<Vec<Value>>,
    bus_answers: RefCell<std::vec::IntoIter<Value>>,
    published: RefCell<Vec<Value>>,
    state: RefCell<BTreeMap<String, String>>,
}

enum Answers {
    Recorded(RefCell<std::vec::IntoIter<Value>>),
    Always(Value),
}

impl Part for World {
    fn settings(&self) -> String {
        self.settings.clone()
    }

    fn send(&self, request: &Request) -> Result<Response, HttpError> {
        self.requests.borrow_mut().push(self.sent(request));
        match &self.answers {
            // What is read and what is written may be answered each in its own form.
            Answers::Always(one) => answer(one.get(&request.method).unwrap_or(one)),
            Answers::Recorded(recorded) => {
                let next = recorded.borrow_mut().next();
                answer(&next.unwrap_or_else(|| panic!("http.json has no answer to {} {}", request.method, request.url)))
            }
        }
    }

    fn send_mail(&self, mail: &Mail) -> Result<Receipt, MailError> {
        self.mails.borrow_mut().push(mail::sent(mail));
        match &self.answers {
            Answers::Always(_) => Ok(mail::taken(mail)),
            Answers::Recorded(_) => {
                let next = self.mail_answers.borrow_mut().next();
                mail::answer(mail, &next.unwrap_or_else(|| panic!("mail.json has no answer to {:?}", mail.subject)))
            }
        }
    }

    fn publish(&self, message: &BusMessage) -> Result<Published, BusError> {
        self.published.borrow_mut().push(bus::sent(message));
        match &self.answers {
            Answers::Always(_) => Ok(bus::taken()),
            Answers::Recorded(_) => {
                let next = self.bus_answers.borrow_mut().next();
                bus::answer(&next.unwrap_or_else(|| panic!("bus.json has no answer to {:?}", message.subject)))
            }
        }
    }

    fn hmac_sha256(&self, key: &str, message: &str, secrets: bool, encoding: Encoding) -> Result<String, String> {
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(self.reveal(key).as_bytes()).unwrap();
        let message = if secrets { self.reveal(message) } else { message.to_string() };
        mac.update(message.as_bytes());
        let bytes = mac.finalize().into_bytes();
        Ok(match encoding {
            Encoding::Base64 => base64::engine::general_purpose::STANDARD.encode(bytes),
            Encoding::Hex => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        })
    }

    fn state(&self, key: &str) -> Result<Option<String>, StateError> {
        Ok(self.state.borrow().get(key).cloned())
    }

    fn set_state(&self, key: &str, value: &str) -> Result<(), StateError> {
        self.state.borrow_mut().insert(key.to_string(), value.to_string());
        Ok(())
    }
}

impl World {
    /// What the host makes of places for secrets. A secret without a value is its own name.
    fn reveal(&self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, name, behind)) = rest
            .split_once("{{secret:")
            .and_then(|(before, from)| from.split_once("}}").map(|(name, behind)| (before, name, behind)))
        {
            out.push_str(before);
            out.push_str(self.secrets[name].as_str().unwrap_or(name));
            rest = behind;
        }
        out + rest
    }

    /// A request as it leaves the host.
    fn sent(&self, request: &Request) -> Value {
        let headers = request.headers.iter().map(|(k, v)| (k.to_lowercase(), json!(self.reveal(v))));
        let body = if request.body_secrets { self.reveal(&request.body) } else { request.body.clone() };
        json!({
            "method": request.method,
            "url": self.reveal(&request.url),
            "headers": headers.collect::<Map<_, _>>(),
            "body": serde_json::from_str::<Value>(&body).unwrap_or_else(|_| json!(body)),
        })
    }
}

/// A message as `notification.json` writes it.
pub fn notification(value: &Value) -> Notification {
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
