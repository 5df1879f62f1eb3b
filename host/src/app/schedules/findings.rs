//! What looks find, as an event that the event rules judge, as the scripts of ops report what they find.

use serde_json::{Value, json};

use super::ScheduleJob;
use crate::app::take::take;
use crate::bus::Redelivery;
use crate::config::Findings;
use crate::domain::alert::normalised::Normalised;
use crate::domain::event::{DATA, Envelope, Event};
use crate::domain::text::truncate;
use crate::evidence;
use crate::pipeline::gather;

/// Bytes of a message for people.
const MESSAGE: usize = 1 << 10;

impl ScheduleJob {
    pub(super) async fn find(&self, name: &str, findings: &Findings) -> Result<String, String> {
        let services = &self.services;
        services.tools.settled().await;
        services.store.note_tools(services.tools.as_ref()).await.map_err(|error| error.to_string())?;
        let answers = gather::gather(services, name, &findings.looks).await;
        let room = DATA / 2 / findings.looks.len().max(1);
        let (mut looks, mut failed, mut message) = (Vec::new(), Vec::new(), String::new());
        for (call, answer) in findings.looks.iter().zip(answers) {
            let tool = call.tool.as_str();
            match answer {
                Ok(answer) if answer.ok => {
                    if message.is_empty() {
                        message = truncate(&evidence::excerpt(call, &answer.text).text(), MESSAGE);
                    }
                    let object = if answer.text.len() > room { Value::Null } else { parsed(&answer.text) };
                    looks.push(
                        json!({ "tool": tool, "ok": true, "text": truncate(&answer.text, room), "object": object }),
                    );
                }
                Ok(answer) => failed.push((tool, truncate(&answer.text, MESSAGE))),
                Err(error) => failed.push((tool, error.to_string())),
            }
        }
        let why: Vec<String> = failed.iter().map(|(tool, why)| format!("{tool}: {why}")).collect();
        if looks.is_empty() {
            return Err(format!("nothing could be seen: {}", why.join("; ")));
        }
        looks.extend(failed.iter().map(|(tool, why)| json!({ "tool": tool, "ok": false, "text": why })));
        let status = if why.is_empty() { "normal" } else { "unknown" };
        let now = services.clock.now();
        let data = json!({ "type": findings.kind, "kind": name, "status": status, "message": message, "looks": looks });
        let event = Event::new(Envelope {
            id: format!("{name} {now}"),
            source: "tidegate".into(),
            kind: findings.kind.clone(),
            subject: findings.subject.clone(),
            cluster: findings.cluster.clone(),
            via: Vec::new(),
            time: Some(now),
            size: data.to_string().len(),
            data,
        });
        let Normalised { alerts, forwards, .. } = self.events.taken(vec![event], now);
        let count = alerts.len();
        if count > 0 || !forwards.is_empty() {
            take(services, &self.buses, alerts, (&[forwards], Redelivery::Never))
                .await
                .map_err(|error| error.to_string())?;
        }
        let unseen = if why.is_empty() { String::new() } else { format!("; not seen: {}", why.join("; ")) };
        let came = if count == 1 { "1 alert".to_string() } else { format!("{count} alerts") };
        Ok(format!(
            "{} of {} looks were answered, {came} came of it{unseen}",
            looks_seen(&findings.looks, &failed),
            findings.looks.len()
        ))
    }
}

fn looks_seen<T, F>(all: &[T], failed: &[F]) -> usize {
    all.len().saturating_sub(failed.len())
}

/// An answer as JSON, where it is an object or a list; rules need not read texts.
fn parsed(text: &str) -> Value {
    let text = text.trim();
    if !text.starts_with(['{', '[']) {
        return Value::Null;
    }
    serde_json::from_str(text).unwrap_or(Value::Null)
}
