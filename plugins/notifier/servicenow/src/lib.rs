//! Notifier that keeps one incident in ServiceNow: created once, work notes, resolved at the end.
//!
//! An incident is found again by its `correlation_id`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use tidegate_plugin::http::{Login, Request, Said, Secret, Success, Template, segment};
use tidegate_plugin::markdown::Markup;
use tidegate_plugin::notifier::{CallError, Delivery, Notification, Ticket, Tracker, marker, record};
use tidegate_plugin::text::{Limit, cut};

const SHORT: Limit = Limit::utf16(160);
const TEXT: Limit = Limit::utf16(4000);
const CORRELATION: Limit = Limit::utf16(100);
/// Resolved, closed, cancelled.
const OVER: [&str; 3] = ["6", "7", "8"];

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The instance, such as `https://acme.service-now.com`.
    url: String,
    /// The user whose password is the secret `token`. Without it the secret is sent as a bearer token (OAuth).
    user: Option<String>,
    /// The table.
    #[serde(default = "table")]
    table: String,
    /// The urgency (1 to 3) by severity.
    #[serde(default = "urgencies")]
    urgencies: BTreeMap<String, u8>,
    /// More fields of a new incident, such as `assignment_group = "SRE"`.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "BTreeMap<String, Value>"))]
    fields: Map<String, Value>,
    /// What resolves an incident. The name of a `close_code` differs between releases.
    #[serde(default = "resolve")]
    #[cfg_attr(test, schemars(with = "BTreeMap<String, Value>"))]
    resolve: Map<String, Value>,
}

fn table() -> String {
    "incident".into()
}

fn urgencies() -> BTreeMap<String, u8> {
    [("critical", 1), ("error", 1), ("warning", 2), ("info", 3)].map(|(name, level)| (name.to_string(), level)).into()
}

fn resolve() -> Map<String, Value> {
    Map::from_iter([("state".to_string(), json!("6")), ("close_code".to_string(), json!("Solution provided"))])
}

tidegate_plugin::notifier!(notify, Settings);

fn notify(message: &Notification, settings: &Settings) -> Delivery {
    let login = Login::new(&settings.url, settings.user.as_deref(), Secret::named("token"))?;
    record(message, &ServiceNow { message, settings, login })
}

struct ServiceNow<'a> {
    message: &'a Notification,
    settings: &'a Settings,
    login: Login,
}

impl ServiceNow<'_> {
    fn request(&self, method: &'static str, path: impl Into<Template>) -> Request {
        let table = Template::from("/api/now/table/") + segment(&self.settings.table);
        self.login.request(method, table + path).header("Accept", "application/json")
    }

    /// What is under `result`.
    fn send(&self, request: &Request) -> Result<Value, CallError> {
        let mut accepted = request.send("ServiceNow", self.message.now_ms).judged(Success::Has("/result"), said)?;
        Ok(accepted.json.get_mut("result").map(Value::take).unwrap_or_default())
    }

    fn change(&self, ticket: &Ticket, fields: Value) -> Result<(), CallError> {
        self.send(&self.request("PATCH", Template::from("/") + segment(&ticket.id)).json(fields)).map(drop)
    }

    fn title(&self) -> String {
        without_code(&self.message.title_line())
    }

    fn text(&self) -> String {
        let head = format!("{} {}", self.message.tone().emoji(), self.message.title_line());
        without_code(&self.message.post(&Markup::PLAIN, &head, TEXT))
    }

    /// Of this very message.
    fn display(&self) -> String {
        cut(&self.message.message_id, CORRELATION).into_owned()
    }
}

/// In a note, what stands between `[code]` and `[/code]` is HTML.
fn without_code(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        let behind = text.get(at + 1..).filter(|_| c == '[').unwrap_or_default();
        let word = behind.strip_prefix('/').unwrap_or(behind);
        let code = word.get(..4).is_some_and(|word| word.eq_ignore_ascii_case("code"));
        out.push(if code { '［' } else { c });
    }
    out
}

impl Tracker for ServiceNow<'_> {
    fn find(&self) -> Result<Option<(Ticket, bool)>, CallError> {
        let query = format!("correlation_id={}^ORDERBYDESCsys_created_on", marker(self.message));
        let path = "?sysparm_limit=1&sysparm_fields=sys_id,correlation_display&sysparm_query=";
        let found = self.send(&self.request("GET", Template::from(path) + segment(&query)))?;
        let display = |one: &Value| one.get("correlation_display").and_then(Value::as_str) == Some(&self.display());
        Ok(found.get(0).and_then(|one| Some((ticket(one)?, display(one)))))
    }

    fn create(&self) -> Result<Ticket, CallError> {
        let mut fields = self.settings.fields.clone();
        let mut set = |name: &str, value: Value| drop(fields.insert(name.into(), value));
        set("short_description", json!(cut(&self.title(), SHORT)));
        set("description", json!(self.text()));
        set("correlation_id", json!(cut(&marker(self.message), CORRELATION)));
        set("correlation_display", json!(self.display()));
        if let Some(urgency) = self.settings.urgencies.get(&self.message.severity) {
            set("urgency", json!(urgency.to_string()));
        }
        let created = self.send(&self.request("POST", "").json(Value::Object(fields)))?;
        ticket(&created).ok_or_else(|| CallError::Other("ServiceNow created an incident without a sys_id".into()))
    }

    fn comment(&self, ticket: &Ticket) -> Result<(), CallError> {
        self.change(ticket, json!({"work_notes": self.text()}))
    }

    fn close(&self, ticket: &Ticket) -> Result<(), CallError> {
        let path = Template::from("/") + segment(&ticket.id) + "?sysparm_fields=state";
        let now = self.send(&self.request("GET", path))?;
        if now.get("state").and_then(Value::as_str).is_some_and(|state| OVER.contains(&state)) {
            return Ok(());
        }
        let mut fields = self.settings.resolve.clone();
        fields.entry("close_notes").or_insert_with(|| json!(self.title()));
        self.change(ticket, Value::Object(fields))
    }
}

fn ticket(record: &Value) -> Option<Ticket> {
    Some(Ticket { id: record.get("sys_id")?.as_str()?.to_string() })
}

fn said(status: u16, body: &Value) -> Said {
    let part = |name: &str| body.pointer(&format!("/error/{name}")).and_then(Value::as_str).unwrap_or_default();
    let text = format!("{}: {}", part("message"), part("detail"));
    match status {
        // An instance that sleeps answers with a page.
        200..300 if body.get("result").is_none() => {
            Said::Again(format!("answered {status} without a result; is the instance awake?"))
        }
        401 => Said::Again(format!("does not know the user or the token: {text}")),
        403 if text.contains("Data Policy") || text.contains("mandatory") => {
            Said::Refused(format!("refused it: {text}"))
        }
        403 => Said::Again(format!("refused: the user needs to read, create and write incidents: {text}")),
        404 => Said::Again(format!("knows no such table or incident, or the user may not see it: {text}")),
        _ => Said::Nothing,
    }
}

#[cfg(test)]
mod tests;
