//! Notifier that keeps one issue on GitLab for an incident: opened once, commented on, closed at the end.
//!
//! An issue is found again by a marker in its text, which a reader does not see.

use serde::Deserialize;
use serde_json::{Value, json};
use tidegate_plugin::http::{Answer, Login, Request, Said, Secret, Success, Template, segment};
use tidegate_plugin::markdown::Markup;
use tidegate_plugin::notifier::{CallError, Delivery, Notification, Ticket, Tracker, issue_text, marked_issue, record};
use tidegate_plugin::text::{Limit, cut};

const TITLE: Limit = Limit::characters(250);
/// GitLab takes a mebibyte; ten issues must fit into one answer.
const BODY: Limit = Limit::bytes(16_000);
/// How many of the latest issues are looked through for one whose creation was not answered.
const LATEST: &str = "10";

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The project: `group/name`, or its number.
    project: String,
    /// GitLab's address.
    #[serde(default = "url")]
    url: String,
    /// The issues' labels. The first one finds them again; what else bears it must be short.
    #[serde(default = "labels")]
    labels: Vec<String>,
    /// Whether only members of the project may read the issues.
    #[serde(default)]
    confidential: bool,
}

fn url() -> String {
    "https://gitlab.com".into()
}

fn labels() -> Vec<String> {
    vec!["tidegate".into()]
}

tidegate_plugin::notifier!(notify, Settings);

fn notify(message: &Notification, settings: &Settings) -> Delivery {
    let login = Login::new(&settings.url, None, Secret::named("token"))?;
    record(message, &GitLab { message, settings, login })
}

struct GitLab<'a> {
    message: &'a Notification,
    settings: &'a Settings,
    login: Login,
}

impl GitLab<'_> {
    fn request(&self, method: &'static str, path: impl Into<Template>) -> Request {
        let issues = Template::from("/api/v4/projects/") + segment(&self.settings.project) + "/issues";
        self.login.request(method, issues + path)
    }

    fn send(&self, request: &Request, success: Success) -> Result<Value, CallError> {
        judged(request.send("GitLab", self.message.now_ms), success)
    }

    fn text(&self) -> String {
        issue_text(self.message, &Markup::GITLAB, BODY)
    }
}

impl Tracker for GitLab<'_> {
    fn find(&self) -> Result<Option<(Ticket, bool)>, CallError> {
        let mut query = Template::from("?order_by=created_at&sort=desc&per_page=") + LATEST;
        if let Some(label) = self.settings.labels.first() {
            query = query + "&labels=" + segment(label);
        }
        let issues = self.send(&self.request("GET", query), Success::List)?;
        Ok(marked_issue(self.message, &issues, "description", ticket))
    }

    fn create(&self) -> Result<Ticket, CallError> {
        let request = self.request("POST", "").json(json!({
            "title": cut(&self.message.title_line(), TITLE),
            "description": self.text(),
            "labels": self.settings.labels.join(","),
            "confidential": self.settings.confidential,
        }));
        let issue = self.send(&request, Success::Has("/iid"))?;
        ticket(&issue).ok_or_else(|| CallError::Other("GitLab opened an issue without a number".into()))
    }

    fn comment(&self, ticket: &Ticket) -> Result<(), CallError> {
        let path = Template::from("/") + segment(&ticket.id) + "/notes";
        self.send(&self.request("POST", path).json(json!({"body": self.text()})), Success::Has("/id")).map(drop)
    }

    fn close(&self, ticket: &Ticket) -> Result<(), CallError> {
        let body = json!({"state_event": "close"});
        self.send(&self.request("PUT", Template::from("/") + segment(&ticket.id)).json(body), Success::Has("/iid"))
            .map(drop)
    }
}

fn ticket(issue: &Value) -> Option<Ticket> {
    Some(Ticket { id: issue.get("iid")?.as_u64()?.to_string() })
}

fn judged(answer: Answer, success: Success) -> Result<Value, CallError> {
    let accepted = answer.judged(success, |status, body| {
        let text = body.get("message").map(Value::to_string).unwrap_or_default();
        match status {
            401 => Said::Again(format!("does not know the token: {text}")),
            403 => Said::Again(format!("refused the token: it needs the scope `api` and the role Reporter: {text}")),
            404 => Said::Again(format!("knows no such project or issue, or the token may not see it: {text}")),
            _ => Said::Nothing,
        }
    })?;
    Ok(accepted.json)
}
