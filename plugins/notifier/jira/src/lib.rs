//! Notifier that keeps one issue in Jira for an incident: created once, commented on, moved to done at the end.
//!
//! An issue is found again by a label.

mod settings;
mod text;

use serde_json::{Map, Value, json};
use tidegate_plugin::host::{Level, log};
use tidegate_plugin::http::{Login, Request, Said, Secret, Success, Template, segment};
use tidegate_plugin::notifier::{CallError, Delivery, Notification, Ticket, Tracker, marker, record};
use tidegate_plugin::settings::wrong;
use tidegate_plugin::text::{Limit, cut};

use settings::{Api, Settings};
use text::text;

const SUMMARY: Limit = Limit::utf16(255);
const LABEL: Limit = Limit::utf16(255);

tidegate_plugin::notifier!(notify, Settings);

fn notify(message: &Notification, settings: &Settings) -> Delivery {
    let login = Login::new(&settings.url, settings.user.as_deref(), Secret::named("token"))?;
    record(message, &Jira { message, settings, login })
}

struct Jira<'a> {
    message: &'a Notification,
    settings: &'a Settings,
    login: Login,
}

impl Jira<'_> {
    fn request(&self, method: &'static str, path: impl Into<Template>) -> Request {
        let request = self.login.request(method, Template::from(self.settings.api.path()) + path);
        request.header("Accept", "application/json")
    }

    fn send(&self, request: &Request, success: Success) -> Result<Value, CallError> {
        Ok(request.send("Jira", self.message.now_ms).judged(success, said)?.json)
    }

    /// The label of this very message.
    fn label(&self) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' };
        let label: String = self.message.message_id.chars().map(plain).collect();
        cut(&format!("tidegate-{label}"), LABEL).into_owned()
    }

    fn fields(&self) -> Map<String, Value> {
        let settings = self.settings;
        let mut labels = vec!["tidegate".to_string(), marker(self.message), self.label()];
        // A label has no spaces.
        labels.extend(settings.labels.iter().map(|label| label.replace(char::is_whitespace, "-")));
        let mut fields = settings.fields.clone();
        let mut set = |name: &str, value: Value| drop(fields.insert(name.into(), value));
        set("project", json!({"key": settings.project.0}));
        set("issuetype", json!({"name": settings.issue_type}));
        set("summary", json!(cut(&self.message.title_line(), SUMMARY)));
        set("description", text(self.message, settings.api));
        set("labels", json!(labels));
        if let Some(name) = settings.priorities.get(&self.message.severity) {
            set("priority", json!({"name": name}));
        }
        fields
    }

    fn at(ticket: &Ticket, more: &str) -> Template {
        Template::from("/issue/") + segment(&ticket.id) + more
    }
}

impl Tracker for Jira<'_> {
    fn find(&self) -> Result<Option<(Ticket, bool)>, CallError> {
        let query = format!("project = \"{}\" AND labels = \"{}\"", self.settings.project.0, marker(self.message));
        // Jira Cloud no longer has the one, Data Center does not have the other.
        let path = match self.settings.api {
            Api::Cloud => "/search/jql?fields=labels&maxResults=1&jql=",
            Api::DataCenter => "/search?fields=labels&maxResults=1&jql=",
        };
        let body = self.send(&self.request("GET", Template::from(path) + segment(&query)), Success::Has("/issues"))?;
        let issues = body.get("issues").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let told = |issue: &Value| {
            let labels = issue.pointer("/fields/labels").and_then(Value::as_array);
            labels.is_some_and(|labels| labels.contains(&json!(self.label())))
        };
        Ok(issues.first().and_then(|issue| Some((ticket(issue)?, told(issue)))))
    }

    fn create(&self) -> Result<Ticket, CallError> {
        let request = self.request("POST", "/issue").json(json!({"fields": self.fields()}));
        let body = self.send(&request, Success::Has("/key"))?;
        ticket(&body).ok_or_else(|| CallError::Other("Jira created an issue without a key".into()))
    }

    fn comment(&self, ticket: &Ticket) -> Result<(), CallError> {
        let body = json!({"body": text(self.message, self.settings.api)});
        self.send(&self.request("POST", Self::at(ticket, "/comment")).json(body), Success::Has("/id")).map(drop)
    }

    fn close(&self, ticket: &Ticket) -> Result<(), CallError> {
        let request = self.request("GET", Self::at(ticket, "?fields=status&expand=transitions"));
        let issue = self.send(&request, Success::Has("/fields/status"))?;
        if category(issue.pointer("/fields/status")) == Some("done") {
            return Ok(());
        }
        let Some(id) = self.transition(&issue)? else {
            log(Level::Warn, &format!("{} stays open: no transition leads to done", ticket.id));
            return Ok(());
        };
        let mut body = json!({"transition": {"id": id}});
        if let (Some(name), Some(body)) = (&self.settings.resolution, body.as_object_mut()) {
            body.insert("fields".into(), json!({"resolution": {"name": name}}));
        }
        self.send(&self.request("POST", Self::at(ticket, "/transitions")).json(body), Success::AnyForm).map(drop)
    }
}

impl Jira<'_> {
    /// The id of the transition that closes the issue.
    fn transition(&self, issue: &Value) -> Result<Option<String>, CallError> {
        let all = issue.get("transitions").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let id = |one: &Value| Some(one.get("id")?.as_str()?.to_string());
        let Some(wanted) = &self.settings.transition else {
            return Ok(all.iter().find(|one| category(one.get("to")) == Some("done")).and_then(id));
        };
        let names = |one: &Value| {
            let name = |pointer: &str| one.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_string();
            [name("/name"), name("/to/name")]
        };
        let is_it = |one: &&Value| names(one).iter().any(|name| name.to_lowercase() == wanted.to_lowercase());
        match all.iter().find(is_it).and_then(id) {
            Some(id) => Ok(Some(id)),
            None => {
                let there: Vec<String> = all.iter().map(|one| names(one).join(" → ")).collect();
                Err(wrong("transition", format!("the issue has no {wanted:?} now, but: {}", there.join(", "))))
            }
        }
    }
}

fn category(status: Option<&Value>) -> Option<&str> {
    status?.pointer("/statusCategory/key")?.as_str()
}

fn ticket(issue: &Value) -> Option<Ticket> {
    Some(Ticket { id: issue.get("key")?.as_str()?.to_string() })
}

fn said(status: u16, body: &Value) -> Said {
    let messages = body.get("errorMessages").map(Value::to_string).filter(|text| text != "[]");
    let text = messages.or_else(|| body.get("errors").map(Value::to_string)).unwrap_or_default();
    match status {
        400 => Said::Refused(format!("refused it: {text}")),
        401 => Said::Again(format!("does not know the user or the token: {text}")),
        403 => Said::Again(format!("refused: the account needs to browse, create, comment and transition: {text}")),
        404 => Said::Again(format!("knows no such project or issue, or the account may not see it: {text}")),
        _ => Said::Nothing,
    }
}

#[cfg(test)]
mod tests;
