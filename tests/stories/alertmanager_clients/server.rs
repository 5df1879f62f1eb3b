//! One server with Alertmanager's API, what it was asked and what it said.

use std::time::Duration;

use anyhow::{Context, ensure};
use jiff::Timestamp;
use regex::Regex;
use reqwest::{Method, RequestBuilder, Response};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

pub struct Server {
    pub url: String,
    pub token: String,
    http: reqwest::Client,
    /// What was asked for, and what came of it: without names and times that each server chooses.
    pub said: Vec<(String, Value)>,
}

/// What came back.
pub struct Answer {
    pub status: u16,
    /// The kind of body that it says it is.
    pub kind: String,
    pub text: String,
}

impl Answer {
    /// Reads it as a client does that wants JSON and is told that it is.
    pub fn read<T: DeserializeOwned>(&self) -> anyhow::Result<T> {
        ensure!(self.status == 200, "answered {}: {}", self.status, self.text);
        ensure!(self.kind.contains("json"), "the body says that it is {:?}", self.kind);
        serde_json::from_str(&self.text).with_context(|| self.text.clone())
    }
}

impl Server {
    pub fn new(url: &str, token: &str) -> anyhow::Result<Self> {
        let http = tidegate::network::builder().build()?;
        Ok(Self { url: url.into(), token: token.into(), http, said: Vec::new() })
    }

    pub async fn becomes_ready(&self) -> anyhow::Result<()> {
        for _ in 0..400 {
            let asked = self.http.get(format!("{}/-/ready", self.url)).send().await;
            if asked.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        anyhow::bail!("{} does not become ready", self.url)
    }

    /// Alerts come, as Prometheus and Grafana send them; until they are shown in groups, which a real Alertmanager does a moment later.
    pub async fn takes(&self, alerts: &Value) -> anyhow::Result<()> {
        let sent = self.http.post(format!("{}/api/v2/alerts", self.url)).header("User-Agent", "Prometheus/2.42.0");
        let answer = sent.json(alerts).send().await?;
        ensure!(answer.status() == 200, "{}: {}", answer.status(), answer.text().await?);
        let count = alerts.as_array().map_or(0, Vec::len);
        for _ in 0..400 {
            let asked = self.http.get(format!("{}/api/v2/alerts/groups", self.url)).bearer_auth(&self.token);
            let groups: Value = asked.send().await?.json().await?;
            if groups.as_array().is_some_and(|groups| groups.len() == count) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        anyhow::bail!("{} does not show all alerts", self.url)
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }

    /// Sends a request; what comes of it is not compared.
    pub async fn asks(&self, request: RequestBuilder) -> anyhow::Result<Answer> {
        let response: Response = request.timeout(Duration::from_secs(30)).send().await?;
        let status = response.status().as_u16();
        let kind = response.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.to_string();
        Ok(Answer { status, kind, text: response.text().await? })
    }

    /// Sends a request; what comes of it must be the same of both servers.
    pub async fn compares(&mut self, what: &str, request: RequestBuilder) -> anyhow::Result<Answer> {
        let answer = self.asks(request).await?;
        let body = serde_json::from_str(&answer.text).map_or_else(|_| json!(answer.text), masked);
        self.said.push((
            what.to_string(),
            json!({ "status": answer.status, "json": answer.kind.contains("json"), "body": body }),
        ));
        Ok(answer)
    }
}

/// Without the names and times that a server chooses, and without what Alertmanager 0.25 did not say yet.
fn masked(value: Value) -> Value {
    match value {
        Value::String(text) if text.parse::<Timestamp>().is_ok() => {
            // With milliseconds and for Greenwich, as all its clients have seen it so far.
            let form = Regex::new(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$").unwrap();
            json!(if form.is_match(&text) { "TIME" } else { "a time of another form" })
        }
        Value::String(text) => {
            let uuid = Regex::new(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}").unwrap();
            json!(uuid.replace_all(&text, "ID"))
        }
        Value::Array(all) => all.into_iter().map(masked).collect(),
        Value::Object(members) => {
            let later = |name: &str| matches!(name, "mutedBy" | "routeLabels");
            members.into_iter().filter(|(name, _)| !later(name)).map(|(name, value)| (name, masked(value))).collect()
        }
        other => other,
    }
}
