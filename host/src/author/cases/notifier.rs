//! Notifiers: a message in, requests and a result out. The host grants what the plugin asks for and what
//! its settings name, fills in the secrets and signs; the answers come from `http.json`.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::BoxFuture;
use serde_json::{Map, Value, json};

use super::alert::alert;
use super::memory_state::MemoryState;
use super::{Files, Outcome, PluginUnderTest, Transports, bus, items, mail, moment, outcome_text, pairs, text};
use crate::bus::{Publication, Published, Unsent};
use crate::domain::alert::excerpt::{Excerpt, ExcerptLimits};
use crate::domain::link::{Link, LinkPurpose, NamedLink};
use crate::domain::message::{ActionSummary, AffectedObject, Cause, Content, SentMessage, Stage};
use crate::domain::{IncidentId, Occasion};
use crate::network::smtp::{AcceptedMail, Mail, Server, SmtpError};
use crate::plugin::{
    BusTransport, Grant, HttpRequest, HttpResponse, MailTransport, Manifest, Options, Transport, TransportError,
};
use crate::ports::Message;
use crate::secret::SecretSource;

/// Notes each request and gives the next recorded answer.
pub(super) struct RecordedTransport {
    /// None: every request is answered with 200.
    answers: Mutex<Option<VecDeque<Value>>>,
    requests: Mutex<Vec<Value>>,
    /// None: every mail is taken.
    mail_answers: Mutex<Option<VecDeque<Value>>>,
    mails: Mutex<Vec<Value>>,
    /// None: every message on a bus is taken.
    bus_answers: Mutex<Option<VecDeque<Value>>>,
    published: Mutex<Vec<Value>>,
    /// Requests for which no answer was recorded.
    strange: Mutex<Vec<String>>,
}

impl RecordedTransport {
    /// Plays the answers of a case.
    pub(super) fn of(files: &Files) -> Self {
        Self {
            answers: Mutex::new(files.answers.clone().map(VecDeque::from)),
            requests: Mutex::default(),
            mail_answers: Mutex::new(files.mails.clone().map(VecDeque::from)),
            mails: Mutex::default(),
            bus_answers: Mutex::new(files.published.clone().map(VecDeque::from)),
            published: Mutex::default(),
            strange: Mutex::default(),
        }
    }

    /// The requests as they left the host, in order.
    pub(super) fn requests(&self) -> Value {
        json!(self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    /// Requests that nobody recorded an answer to, and answers that nobody asked for.
    pub(super) fn faults(&self) -> Vec<String> {
        let strange = self.strange.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut faults: Vec<String> = strange
            .iter()
            .map(|request| {
                format!(
                    "no answer is recorded for {request}; add one to http.json: {{\"status\": 200, \"body\": \"\"}}"
                )
            })
            .collect();
        let left = self.answers.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map_or(0, VecDeque::len);
        if left > 0 {
            faults.push(format!("{left} of the answers in http.json were not asked for"));
        }
        faults
    }
}

/// What the operator grants in a case: what the plugin asks for, at the addresses that the case names.
pub(super) fn granted(manifest: &Manifest, files: &Files) -> Options {
    Options {
        secrets: files.secrets.keys().map(|name| (name.clone(), SecretSource::Env(name.clone()))).collect(),
        grant: grants(manifest, files),
        settings: files.settings.clone(),
        ..Options::default()
    }
}

impl Transport for RecordedTransport {
    fn leaves(&self) -> bool {
        false
    }

    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, TransportError>> {
        let headers: Map<_, _> = request.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        let body: Value = serde_json::from_str(&request.body).unwrap_or_else(|_| json!(request.body));
        let sent = json!({
            "method": request.method, "url": request.url.as_str(), "headers": headers, "body": body,
        });
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).push(sent);
        let answer = match self.answers.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            None => Some(json!({"status": 200, "body": "{}"})),
            Some(answers) => answers.pop_front(),
        };
        if answer.is_none() {
            let strange = format!("{} {}", request.method, request.url.origin().ascii_serialization());
            self.strange.lock().unwrap_or_else(PoisonError::into_inner).push(strange);
        }
        Box::pin(async move {
            let answer = answer.ok_or_else(|| TransportError::Other("http.json has too few answers".into()))?;
            match answer.get("error") {
                Some(error) if error == "timeout" => Err(TransportError::Timeout),
                Some(error) => Err(TransportError::Unreachable(text(error, "unreachable"))),
                None => Ok(HttpResponse {
                    status: number(&answer, "status").and_then(|status| status.try_into().ok()).unwrap_or(0),
                    headers: pairs(&answer, "headers"),
                    body: match answer.get("body") {
                        Some(Value::String(text)) => text.clone().into_bytes(),
                        None | Some(Value::Null) => Vec::new(),
                        Some(body) => body.to_string().into_bytes(),
                    },
                }),
            }
        })
    }
}

impl MailTransport for RecordedTransport {
    fn send<'a>(&'a self, _: &'a Server, sent: &'a Mail) -> BoxFuture<'a, Result<AcceptedMail, SmtpError>> {
        self.mails.lock().unwrap_or_else(PoisonError::into_inner).push(mail::sent(sent));
        let answer = match self.mail_answers.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            None => Ok(AcceptedMail { refused: Vec::new() }),
            Some(answers) => mail::answer(answers.pop_front().as_ref()),
        };
        Box::pin(std::future::ready(answer))
    }
}

impl BusTransport for RecordedTransport {
    fn sender(&self, _: &str) -> Option<String> {
        Some(bus::SENDER.into())
    }

    fn publish<'a>(&'a self, _: &'a str, message: &'a Publication) -> BoxFuture<'a, Result<Published, Unsent>> {
        self.published.lock().unwrap_or_else(PoisonError::into_inner).push(bus::sent(message));
        let answer = match self.bus_answers.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            None => Ok(Published::default()),
            Some(answers) => bus::answer(answers.pop_front().as_ref()),
        };
        Box::pin(std::future::ready(answer))
    }
}

pub(super) async fn run(subject: &PluginUnderTest<'_>, files: &Files) -> Result<Outcome, String> {
    let name = &subject.manifest.name;
    let notification = files.json()?;
    let asks = &subject.manifest.asks;
    if let Some(wrong) = strange(subject.manifest, files) {
        return Err(wrong);
    }
    let (mail, bus) = (asks.mail.then(mail::grant), asks.bus.then(bus::grant));
    let options = Options { mail, bus, ..granted(subject.manifest, files) };
    let recorded = Arc::new(RecordedTransport::of(files));
    let kept = Arc::new(MemoryState::new(files.state.clone()));
    let ways = Transports::of(&recorded);
    let plugins = subject.load_with(options, &files.secrets, ways, Arc::clone(&kept) as _).await?;
    let now = moment(&notification, "now-ms")?;
    let answer = plugins.call_notifier(name, &message(&notification)?, now).await.ok_or_else(|| {
        format!("{name} is no target: it has neither settings nor secrets; give it some in settings.json")
    })?;
    let mut faults = recorded.faults();
    let result = outcome_text(answer, &mut faults, |reference| json!({"ok": reference}));
    let mails = recorded.mails.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let left = recorded.mail_answers.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map_or(0, VecDeque::len);
    if left > 0 {
        faults.push(format!("{left} of the answers in mail.json were not asked for"));
    }
    let published = recorded.published.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let left = recorded.bus_answers.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map_or(0, VecDeque::len);
    if left > 0 {
        faults.push(format!("{left} of the answers in bus.json were not asked for"));
    }
    let mut found = Map::from_iter([("requests".to_string(), recorded.requests()), ("result".into(), result)]);
    if !mails.is_empty() {
        found.insert("mails".into(), json!(mails));
    }
    if !published.is_empty() {
        found.insert("published".into(), json!(published));
    }
    let kept = kept.values();
    if !kept.is_empty() {
        found.insert("state".into(), json!(kept));
    }
    Ok(Outcome { found: found.into(), faults, notes: vec![] })
}

/// What the plugin asks for, and where it leaves that to the operator, what the case names.
fn grants(manifest: &Manifest, files: &Files) -> Vec<Grant> {
    let mut named: BTreeSet<String> = BTreeSet::new();
    origins(&Value::Object(files.settings.clone()), &mut named);
    // Where the address itself is a secret.
    named.extend(files.secrets.values().filter_map(|secret| origin(secret)));
    let requests = files.expected.iter().flat_map(|expected| items(expected, "requests"));
    requests.for_each(|request| named.extend(origin(&text(request, "url"))));
    let mut grants = Vec::new();
    for ask in &manifest.asks.http {
        let wanted = if ask.origin == "*" { named.clone() } else { [ask.origin.clone()].into() };
        let any = ask.secrets.iter().any(|secret| secret == "*");
        let secrets = files.secrets.keys().filter(|name| any || ask.secrets.contains(name)).cloned();
        let secrets: Vec<String> = secrets.collect();
        grants.extend(wanted.into_iter().map(|origin| Grant {
            origin,
            paths: vec![],
            methods: ask.methods.clone(),
            secrets: secrets.clone(),
            reads: false,
            private: false,
        }));
    }
    grants
}

/// A sentence about the only address of a case that a plugin could be granted, where that is none: what is told of it otherwise
/// is that nothing is granted, as if the operator had forgotten that.
fn strange(manifest: &Manifest, files: &Files) -> Option<String> {
    let asks = manifest.asks.http.iter().any(|ask| ask.origin == "*");
    if !asks || !grants(manifest, files).is_empty() {
        return None;
    }
    let (place, scheme) = schemes("settings", &Value::Object(files.settings.clone())).or_else(|| {
        files.secrets.iter().find_map(|(name, value)| Some((format!("the secret `{name}`"), scheme(value)?)))
    })?;
    Some(format!(
        "{place}: an address that begins with {scheme}:// is none that a notifier can send to: write https://… or http://…"
    ))
}

/// The first text that is an address and leads nowhere by HTTP: where it stands, and its scheme.
fn schemes(place: &str, value: &Value) -> Option<(String, String)> {
    match value {
        Value::String(text) => Some((place.to_string(), scheme(text)?)),
        Value::Array(items) => items.iter().find_map(|item| schemes(place, item)),
        Value::Object(members) => members.iter().find_map(|(name, member)| schemes(&format!("{place}.{name}"), member)),
        _ => None,
    }
}

/// The scheme of an address that is none of HTTP. The address itself may be a secret.
fn scheme(text: &str) -> Option<String> {
    let (scheme, _) = text.trim().split_once("://")?;
    let plain = !scheme.is_empty()
        && scheme.len() <= 20
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    (plain && !["http", "https"].contains(&scheme.to_ascii_lowercase().as_str())).then(|| scheme.to_string())
}

/// The origins of all addresses in a value.
fn origins(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => found.extend(origin(text)),
        Value::Array(items) => items.iter().for_each(|item| origins(item, found)),
        Value::Object(members) => members.values().for_each(|member| origins(member, found)),
        _ => {}
    }
}

fn origin(url: &str) -> Option<String> {
    let url = reqwest::Url::parse(url).ok().filter(|url| ["http", "https"].contains(&url.scheme()))?;
    Some(url.origin().ascii_serialization())
}

fn word<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}

fn number(value: &Value, key: &str) -> Option<u64> {
    value.get(key).and_then(Value::as_u64)
}

fn truth(value: &Value, key: &str) -> bool {
    value.get(key).and_then(Value::as_bool).unwrap_or(false)
}

/// A message as the host sends it, for a call by hand: it asks for an approval.
pub fn sample() -> &'static str {
    include_str!("../../../../plugins/notifier/messages/asked.en.json")
}

/// The same as the host's own.
///
/// # Errors
/// A sentence, were it none.
pub fn sample_message() -> Result<Message, String> {
    let value = serde_json::from_str(sample()).map_err(|error| format!("the sample of a message: {error}"))?;
    message(&value)
}

pub fn message(value: &Value) -> Result<Message, String> {
    let id = |key: &str| word(value, key).map(str::to_string);
    Ok(Message {
        delivery: text(value, "delivery-id"),
        message: id("message-id").unwrap_or_else(|| text(value, "delivery-id")),
        incident: IncidentId(text(value, "incident-id").into()),
        occasion: occasion(value),
        stage: match word(value, "stage") {
            Some("update") => Stage::Update,
            Some("end") => Stage::End,
            _ => Stage::First,
        },
        earlier: items(value, "earlier").map(sent).collect(),
        severity: text(value, "severity"),
        outcome: text(value, "outcome"),
        content: content(value)?,
        language: text(value, "language"),
    })
}

fn content(value: &Value) -> Result<Content, String> {
    let percent = |cause: &Value| number(cause, "confidence-percent").and_then(|percent| percent.try_into().ok());
    let cause = value.get("cause").filter(|cause| cause.is_object());
    let object = |object: &Value| AffectedObject {
        kind: text(object, "kind"),
        namespace: text(object, "namespace"),
        name: text(object, "name"),
    };
    Ok(Content {
        title: text(value, "title"),
        summary: text(value, "summary"),
        description: text(value, "description"),
        objects: items(value, "objects").map(object).collect(),
        objects_left_out: number(value, "objects-left-out").and_then(|count| count.try_into().ok()).unwrap_or(0),
        cause: cause.map(|cause| Cause {
            text: text(cause, "text"),
            confirmed: truth(cause, "confirmed"),
            confidence_percent: percent(cause),
        }),
        actions: items(value, "actions").map(action).collect(),
        body: text(value, "body-markdown"),
        facts: pairs(value, "facts"),
        links: items(value, "links").map(link).collect::<Result<_, _>>()?,
        alerts: Excerpt::of(&items(value, "alerts").map(alert).collect::<Vec<_>>(), &ExcerptLimits::MESSAGE)
            .and_more(number(value, "alerts-left-out").and_then(|count| count.try_into().ok()).unwrap_or(0)),
    })
}

fn occasion(value: &Value) -> Occasion {
    match word(value, "occasion") {
        Some("approval") => Occasion::Approval,
        Some("resolved") => Occasion::Resolved,
        Some("answered") => Occasion::Answered,
        _ => Occasion::Report,
    }
}

fn sent(value: &Value) -> SentMessage {
    SentMessage { message: text(value, "message-id"), occasion: occasion(value), reference: text(value, "reference") }
}

fn action(value: &Value) -> ActionSummary {
    let texts = |key: &str| items(value, key).filter_map(|text| text.as_str().map(str::to_string)).collect();
    ActionSummary {
        id: text(value, "id"),
        tool: text(value, "tool"),
        target: text(value, "target"),
        arguments: word(value, "arguments").map(str::to_string),
        risk: text(value, "risk"),
        state: text(value, "state"),
        state_text: text(value, "state-text"),
        proposed_by: text(value, "proposed-by"),
        reason: text(value, "reason"),
        evidence: texts("evidence"),
        undo: text(value, "undo"),
        approvers: text(value, "approvers"),
        expires_ms: number(value, "expires-ms"),
        answers: texts("answers"),
        result: text(value, "result"),
        digest: text(value, "digest"),
    }
}

fn link(value: &Value) -> Result<Link, String> {
    let (title, url) = (text(value, "title"), text(value, "url"));
    let purpose = text(value, "purpose");
    if truth(value, "from-alert") {
        let named = if purpose == "runbook" { NamedLink::Runbook } else { NamedLink::Source };
        return Link::of_alert(named, title, &url).ok_or_else(|| format!("links: an alert cannot name {url}"));
    }
    let purpose = match purpose.as_str() {
        "approve" => LinkPurpose::Approve,
        "deny" => LinkPurpose::Deny,
        "incident" => LinkPurpose::Incident,
        "runbook" => LinkPurpose::Runbook,
        "source" => LinkPurpose::Source,
        other => return Err(format!("links: there is no purpose `{other}`")),
    };
    Ok(Link::of_host(purpose, title, url))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_leads_nowhere_is_the_cause_and_not_that_nothing_is_granted() {
        let manifest = |origin: &str| {
            let text = format!(
                "name = \"a\"\nkind = \"notifier\"\nversion = \"1\"\n[[asks.http]]\norigin = \"{origin}\"\nmethods = [\"POST\"]"
            );
            Manifest::parse(&text).unwrap()
        };
        let files = |settings: Value| {
            let Value::Object(settings) = settings else { panic!("an object") };
            Files { settings, ..Files::default() }
        };
        let wrong = |settings: Value| strange(&manifest("*"), &files(settings));
        let said = wrong(json!({"hooks": [{"url": "ftp://user:word@a.example/x"}]})).unwrap();
        assert!(said.starts_with("settings.hooks.url: an address that begins with ftp:// is none"), "{said}");
        assert!(!said.contains("word"), "an address may be a secret: {said}");
        for fine in [
            json!({}),
            json!({"url": "https://a.example"}),
            json!({"url": "ftp://a.example", "other": "http://b.example"}),
            json!({"text": "see: //x", "time": "08:00"}),
        ] {
            assert_eq!(wrong(fine.clone()), None, "{fine}");
        }
        let own = strange(&manifest("https://a.example"), &files(json!({"url": "ftp://a.example"})));
        assert_eq!(own, None, "it asks for one of its own");
        let secrets = [("url".to_string(), "s3://a/b".to_string())].into();
        let said = strange(&manifest("*"), &Files { secrets, ..Files::default() }).unwrap();
        assert!(said.starts_with("the secret `url`: an address that begins with s3://"), "{said}");
    }
}
