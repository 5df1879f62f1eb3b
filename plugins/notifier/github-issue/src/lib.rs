//! Notifier that keeps one issue on GitHub for an incident: opened once, commented on, closed at the end.
//!
//! An issue is found again by a marker in its text, which a reader does not see.

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::{Value, json};
use tidegate_plugin::http::{Answer, Login, Request, Said, Secret, Success, Template, segment};
use tidegate_plugin::markdown::Markup;
use tidegate_plugin::notifier::{CallError, Delivery, Notification, Ticket, Tracker, issue_text, marked_issue, record};
use tidegate_plugin::text::{Limit, cut};

const TITLE: Limit = Limit::characters(250);
/// GitHub takes 65,536 characters; ten issues must fit into one answer.
const BODY: Limit = Limit::bytes(16_000);
/// How many of the latest issues are looked through for one whose creation was not answered.
const LATEST: &str = "10";
/// What GitHub asks for where it does not say how long.
const MINUTE: u64 = 60_000;

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct Settings {
    /// `owner/name`
    repository: Repository,
    /// The API's address; of GitHub Enterprise Server `https://host.example/api/v3`.
    #[serde(default = "url")]
    url: String,
    /// The issues' labels. The first one finds them again; what else bears it must be short.
    #[serde(default = "labels")]
    labels: Vec<String>,
    /// Who is assigned: names of users.
    #[serde(default)]
    assignees: Vec<String>,
}

fn url() -> String {
    "https://api.github.com".into()
}

fn labels() -> Vec<String> {
    vec!["tidegate".into()]
}

/// An owner and a name.
#[derive(Debug)]
#[cfg_attr(test, derive(schemars::JsonSchema, serde::Serialize), schemars(inline))]
struct Repository(String);

impl<'de> Deserialize<'de> for Repository {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let plain = |part: &str| {
            !part.trim_matches('.').is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
        };
        match text.split_once('/') {
            Some((owner, name)) if plain(owner) && plain(name) => Ok(Self(text)),
            _ => Err(D::Error::custom(format!("{text:?} is no repository such as owner/name"))),
        }
    }
}

tidegate_plugin::notifier!(notify, Settings);

fn notify(message: &Notification, settings: &Settings) -> Delivery {
    let login = Login::new(&settings.url, None, Secret::named("token"))?;
    record(message, &GitHub { message, settings, login })
}

struct GitHub<'a> {
    message: &'a Notification,
    settings: &'a Settings,
    login: Login,
}

impl GitHub<'_> {
    fn request(&self, method: &'static str, path: impl Into<Template>) -> Request {
        let path = Template::from(format!("/repos/{}/issues", self.settings.repository.0).as_str()) + path;
        let request = self.login.request(method, path).header("Accept", "application/vnd.github+json");
        request.header("X-GitHub-Api-Version", "2022-11-28").header("User-Agent", "tidegate")
    }

    fn send(&self, request: &Request, success: Success) -> Result<Value, CallError> {
        judged(request.send("GitHub", self.message.now_ms), success)
    }

    fn text(&self) -> String {
        issue_text(self.message, &Markup::GITHUB, BODY)
    }
}

impl Tracker for GitHub<'_> {
    fn find(&self) -> Result<Option<(Ticket, bool)>, CallError> {
        let mut query = Template::from("?state=all&sort=created&direction=desc&per_page=") + LATEST;
        if let Some(label) = self.settings.labels.first() {
            query = query + "&labels=" + segment(label);
        }
        let issues = self.send(&self.request("GET", query), Success::List)?;
        Ok(marked_issue(self.message, &issues, "body", ticket))
    }

    fn create(&self) -> Result<Ticket, CallError> {
        let request = self.request("POST", "").json(json!({
            "title": cut(&self.message.title_line(), TITLE),
            "body": self.text(),
            "labels": self.settings.labels,
            "assignees": self.settings.assignees,
        }));
        let issue = self.send(&request, Success::Has("/number"))?;
        ticket(&issue).ok_or_else(|| CallError::Other("GitHub opened an issue without a number".into()))
    }

    fn comment(&self, ticket: &Ticket) -> Result<(), CallError> {
        let path = Template::from("/") + segment(&ticket.id) + "/comments";
        self.send(&self.request("POST", path).json(json!({"body": self.text()})), Success::Has("/id")).map(drop)
    }

    fn close(&self, ticket: &Ticket) -> Result<(), CallError> {
        let body = json!({"state": "closed", "state_reason": "completed"});
        self.send(&self.request("PATCH", Template::from("/") + segment(&ticket.id)).json(body), Success::Has("/number"))
            .map(drop)
    }
}

fn ticket(issue: &Value) -> Option<Ticket> {
    Some(Ticket { id: issue.get("number")?.as_u64()?.to_string() })
}

/// A rate limit is 403 as well as a lack of rights is; only the text tells them apart.
fn judged(answer: Answer, success: Success) -> Result<Value, CallError> {
    let wait = answer.wait_ms().unwrap_or(MINUTE);
    let accepted = answer.judged(success, |status, body| {
        let text = body.get("message").and_then(Value::as_str).unwrap_or_default();
        match status {
            403 | 429 if text.to_lowercase().contains("rate limit") => {
                Said::AgainAfter(format!("answered {status}: {text}"), wait)
            }
            401 => Said::Again(format!("does not know the token: {text}")),
            403 => Said::Again(format!("refused the token: it needs to read and write issues: {text}")),
            404 => Said::Again(format!("knows no such repository or issue, or the token may not see it: {text}")),
            410 => Said::Misconfigured(format!("has no issues there: {text}")),
            _ => Said::Nothing,
        }
    })?;
    Ok(accepted.json)
}

#[cfg(test)]
mod tests;
