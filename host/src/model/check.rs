//! Tries each endpoint with one harmless question and a harmless tool, and says what it takes.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::endpoint::{Endpoint, NoReply};
use super::names::Names;
use super::offer::OfferForm;
use super::profile::Profile;
use super::prompt::Prompt;
use super::wire::Reply;
use super::{Client, raw_message};
use crate::domain::conversation::UNHEARD;
use crate::domain::entry::Usage;
use crate::domain::text::truncate;
use crate::redact::{known, redact, visible};

/// What was found about one endpoint.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct EndpointReport {
    /// The model's name.
    pub name: String,
    /// Its address, without what gives access.
    pub url: String,
    /// Why it cannot be used; none where it answered.
    pub problem: Option<String>,
    /// How the tool was called: a sentence.
    pub tools: String,
    /// The beginning of what it said, on one line.
    pub said: String,
    /// What it has taught, each a sentence.
    pub learnt: Vec<String>,
    /// What it cost: requests, tokens, milliseconds.
    pub usage: Usage,
}

impl Client {
    /// Asks every endpoint, in their order. Costs one or two short requests each, and more where a refusal
    /// teaches something; nothing of any incident is shown.
    pub async fn check(&self) -> Vec<EndpointReport> {
        let mut all = Vec::new();
        for endpoint in &self.endpoints {
            all.push(one(endpoint).await);
        }
        all
    }
}

async fn one(endpoint: &Endpoint) -> EndpointReport {
    let started = Instant::now();
    let mut checked = EndpointReport {
        name: endpoint.options.name.clone(),
        url: known::shown_url(&endpoint.options.url),
        ..EndpointReport::default()
    };
    let result = converse(endpoint, started + endpoint.options.timeout * 2, &mut checked).await;
    checked.problem = result.err();
    checked.usage.took_ms = u64::try_from(started.elapsed().min(Duration::from_secs(86_400)).as_millis()).unwrap_or(0);
    let learnt =
        |learnt: super::profile::LearnedQuirk| format!("{} (it said: {})", learnt.lesson.describe(), learnt.words);
    checked.learnt = endpoint.learnt().into_iter().map(learnt).collect();
    checked
}

/// The question, and the rest of the conversation where the tool was called.
async fn converse(endpoint: &Endpoint, deadline: Instant, checked: &mut EndpointReport) -> Result<(), String> {
    let reply = ask(endpoint, &[], deadline, checked).await?;
    if reply.calls.is_empty() {
        let described = endpoint.profile().tools == OfferForm::Text;
        let how = if described { "tools are described in the text" } else { "tools are offered; it called none" };
        checked.tools = how.into();
        return Ok(());
    }
    checked.tools = "tools are offered and called".into();
    let mut told = vec![raw_message::capture(&reply.message).unwrap_or_else(|| reply.message.clone())];
    let results = raw_message::calls(&reply.message)
        .map(|id| json!({"role": "tool", "tool_call_id": id, "content": "it is noon"}));
    told.extend(results);
    let why = ask(endpoint, &told, deadline, checked).await.err();
    why.map_or(Ok(()), |why| Err(format!("it calls tools, but a conversation cannot go on: {why}")))
}

async fn ask(
    endpoint: &Endpoint,
    told: &[Value],
    deadline: Instant,
    checked: &mut EndpointReport,
) -> Result<Reply, String> {
    let (_, reply) =
        endpoint.round(&prompt, told, deadline, &mut checked.usage, None).await.map_err(|silence| match silence {
            NoReply::TimedOut { why, .. } | NoReply::Other(why) => why,
            NoReply::Cancelled => UNHEARD.into(),
        })?;
    let said = redact(&visible(reply.content.trim())).replace(['\n', '\r'], " ");
    if !said.is_empty() {
        checked.said = truncate(&said, 160);
    }
    Ok(reply)
}

fn prompt(profile: &Profile) -> Prompt {
    let tool = json!({"type": "function", "function": {
        "name": "clock_now",
        "description": "says what time it is",
        "parameters": {"type": "object", "properties": {"zone": {"type": "string"}}, "required": ["zone"]},
    }});
    let (how, tools) = match profile.tools {
        OfferForm::Native => ("Call the tool.", vec![tool]),
        OfferForm::Text => ("There are no tools.", Vec::new()),
    };
    let system = format!(
        "This is a test of the connection. {how} Once you know the time, or cannot know it, answer in one short sentence."
    );
    let messages = vec![
        json!({"role": "system", "content": system}),
        json!({"role": "user", "content": "What time is it in the zone UTC?"}),
    ];
    Prompt { messages, tools, names: Names::default(), missing: 0 }
}
