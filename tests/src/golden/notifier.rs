//! Notifiers: a message in, requests and a result out. The host grants what the expected requests
//! need, fills in the secrets and signs; the answers come from `http.json`.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result, anyhow, ensure};
use futures::future::BoxFuture;
use serde_json::{Map, Value, json};
use tidegate::domain::alert::excerpt::{Bounds, Excerpt};
use tidegate::domain::link::{Link, Named, Purpose};
use tidegate::domain::message::{ActionTold, Cause, Content, Object, Sent, Stage};
use tidegate::domain::{IncidentId, Occasion};
use tidegate::network::smtp::{Mail, Server, SmtpError, Taken};
use tidegate::plugin::kind::CallError;
use tidegate::plugin::{Grant, MailTransport, Options, Outgoing, Returned, Transport, TransportError};
use tidegate::ports::Message;
use tidegate::secret::SecretSource;

use super::mail;
use super::{alert, items, load, pairs, read, same, text};

/// Notes each request and gives the next recorded answer.
#[derive(Default)]
struct Recorded {
    answers: Mutex<VecDeque<Value>>,
    requests: Mutex<Vec<Value>>,
    mail_answers: Mutex<VecDeque<Value>>,
    mails: Mutex<Vec<Value>>,
}

impl MailTransport for Recorded {
    fn send<'a>(&'a self, _: &'a Server, mail: &'a Mail) -> BoxFuture<'a, Result<Taken, SmtpError>> {
        self.mails.lock().unwrap_or_else(PoisonError::into_inner).push(mail::sent(mail));
        let answer = self.mail_answers.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        Box::pin(async move { mail::answer(answer.as_ref()) })
    }
}

impl Transport for Recorded {
    fn send(&self, request: Outgoing) -> BoxFuture<'_, Result<Returned, TransportError>> {
        let headers: Map<_, _> = request.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        let body: Value = serde_json::from_str(&request.body).unwrap_or_else(|_| json!(request.body));
        let sent = json!({
            "method": request.method, "url": request.url.as_str(), "headers": headers, "body": body,
        });
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).push(sent);
        let answer = self.answers.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        Box::pin(async move {
            let answer = answer.ok_or_else(|| TransportError::Other("http.json has too few answers".into()))?;
            match answer.get("error") {
                Some(error) if error == "timeout" => Err(TransportError::Timeout),
                Some(error) => Err(TransportError::Unreachable(text(error, "unreachable"))),
                None => Ok(Returned {
                    status: answer["status"].as_u64().and_then(|status| status.try_into().ok()).unwrap_or(0),
                    headers: pairs(&answer, "headers"),
                    body: text(&answer, "body").into_bytes(),
                }),
            }
        })
    }
}

pub(super) async fn run(plugin: &str, case: &Path, cache: &Path) -> Result<()> {
    let notification = read(&case.join("notification.json"))?;
    let expected = read(&case.join("expected.json"))?;
    let settings = read(&case.join("settings.json"))?;
    let secrets = read(&case.join("secrets.json"))?;
    let environment: BTreeMap<String, String> = pairs(&json!({"s": secrets}), "s").into_iter().collect();
    let names = || environment.keys().cloned();
    let mut origins: Vec<String> = items(&expected, "requests")?.iter().map(origin).collect();
    origins.sort();
    origins.dedup();
    let grant = |origin: String| Grant {
        origin,
        paths: vec![],
        methods: vec!["POST".into()],
        secrets: names().collect(),
        reads: false,
        private: false,
    };
    let options = Options {
        settings: settings.as_object().cloned().context("settings.json is no object")?,
        secrets: names().map(|name| (name.clone(), SecretSource::Env(name))).collect(),
        grant: origins.into_iter().map(grant).collect(),
        ..Options::default()
    };
    let mailing = case.join("mail.json").is_file();
    let options = Options { mail: mailing.then(mail::grant), ..options };
    let mail_answers = if mailing { read(&case.join("mail.json"))? } else { json!([]) };
    let mail_answers = mail_answers.as_array().cloned().context("mail.json is no list")?;
    let answers = read(&case.join("http.json"))?.as_array().cloned().context("http.json is no list")?;
    let recorded = Arc::new(Recorded {
        answers: Mutex::new(answers.into()),
        mail_answers: Mutex::new(mail_answers.into()),
        ..Recorded::default()
    });
    let plugins = load(plugin, options, &environment, Arc::clone(&recorded), cache).await?;

    let millis = notification["now-ms"].as_i64().context("now-ms is missing")?;
    let now = jiff::Timestamp::from_millisecond(millis)?;
    let answer = plugins.call_notifier(plugin, &message(&notification)?, now).await.context("no such target")?;
    let result = match answer.map_err(|failure| anyhow!(failure.to_string()))? {
        Ok(reference) => json!({"ok": reference}),
        Err(CallError::InvalidInput(reason)) => json!({"error": {"invalid-input": reason}}),
        Err(CallError::Misconfigured(reason)) => json!({"error": {"misconfigured": reason}}),
        Err(CallError::Other(reason)) => json!({"error": {"other": reason}}),
        Err(CallError::Unavailable { reason, after }) => {
            let after = after.map(|after| u64::try_from(after.as_millis()).unwrap_or(u64::MAX));
            json!({"error": {"unavailable": {"reason": reason, "after-ms": after}}})
        }
    };
    let requests = recorded.requests.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let left = recorded.answers.lock().unwrap_or_else(PoisonError::into_inner).len();
    ensure!(left == 0, "{left} answers of http.json were not asked for");
    let mails = recorded.mails.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let left = recorded.mail_answers.lock().unwrap_or_else(PoisonError::into_inner).len();
    ensure!(left == 0, "{left} answers of mail.json were not asked for");
    let mut found = json!({"requests": requests, "result": result});
    if mailing {
        found["mails"] = json!(mails);
    }
    same("the exchange", &found, &expected)
}

fn origin(request: &Value) -> String {
    let url = text(request, "url");
    url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/")
}

fn message(value: &Value) -> Result<Message> {
    let id = |key: &str| value[key].as_str().map(str::to_string);
    Ok(Message {
        delivery: text(value, "delivery-id"),
        message: id("message-id").unwrap_or_else(|| text(value, "delivery-id")),
        incident: IncidentId(text(value, "incident-id").into()),
        occasion: occasion(value),
        stage: match value["stage"].as_str() {
            Some("update") => Stage::Update,
            Some("end") => Stage::End,
            _ => Stage::First,
        },
        earlier: list(value, "earlier").map(sent).collect(),
        severity: text(value, "severity"),
        outcome: text(value, "outcome"),
        content: content(value)?,
        language: text(value, "language"),
    })
}

fn content(value: &Value) -> Result<Content> {
    let percent = |cause: &Value| cause["confidence-percent"].as_u64().and_then(|percent| percent.try_into().ok());
    let cause = value["cause"].is_object().then(|| &value["cause"]);
    let object = |object: &Value| Object {
        kind: text(object, "kind"),
        namespace: text(object, "namespace"),
        name: text(object, "name"),
    };
    Ok(Content {
        title: text(value, "title"),
        summary: text(value, "summary"),
        description: text(value, "description"),
        objects: list(value, "objects").map(object).collect(),
        objects_left_out: value["objects-left-out"].as_u64().unwrap_or(0).try_into()?,
        cause: cause.map(|cause| Cause {
            text: text(cause, "text"),
            confirmed: cause["confirmed"] == true,
            confidence_percent: percent(cause),
        }),
        actions: list(value, "actions").map(action).collect(),
        body: text(value, "body-markdown"),
        facts: pairs(value, "facts"),
        links: list(value, "links").map(link).collect::<Result<_>>()?,
        alerts: Excerpt::of(&items(value, "alerts")?.iter().map(alert).collect::<Vec<_>>(), &Bounds::MESSAGE),
    })
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value[key].as_array().into_iter().flatten()
}

fn occasion(value: &Value) -> Occasion {
    match value["occasion"].as_str() {
        Some("approval") => Occasion::Approval,
        Some("resolved") => Occasion::Resolved,
        Some("answered") => Occasion::Answered,
        _ => Occasion::Report,
    }
}

fn sent(value: &Value) -> Sent {
    Sent { message: text(value, "message-id"), occasion: occasion(value), reference: text(value, "reference") }
}

fn action(value: &Value) -> ActionTold {
    let texts = |key: &str| list(value, key).filter_map(|text| text.as_str().map(str::to_string)).collect();
    ActionTold {
        id: text(value, "id"),
        tool: text(value, "tool"),
        target: text(value, "target"),
        arguments: value["arguments"].as_str().map(str::to_string),
        risk: text(value, "risk"),
        state: text(value, "state"),
        state_text: text(value, "state-text"),
        proposed_by: text(value, "proposed-by"),
        reason: text(value, "reason"),
        evidence: texts("evidence"),
        undo: text(value, "undo"),
        approvers: text(value, "approvers"),
        expires_ms: value["expires-ms"].as_u64(),
        answers: texts("answers"),
        result: text(value, "result"),
        digest: text(value, "digest"),
    }
}

fn link(value: &Value) -> Result<Link> {
    let (title, url) = (text(value, "title"), text(value, "url"));
    let purpose = text(value, "purpose");
    if value["from-alert"] == true {
        let named = if purpose == "runbook" { Named::Runbook } else { Named::Source };
        return Link::of_alert(named, title, &url).context("an alert cannot name this link");
    }
    let purpose = match purpose.as_str() {
        "approve" => Purpose::Approve,
        "deny" => Purpose::Deny,
        "incident" => Purpose::Incident,
        "runbook" => Purpose::Runbook,
        "source" => Purpose::Source,
        other => return Err(anyhow!("there is no purpose {other}")),
    };
    Ok(Link::of_host(purpose, title, url))
}
