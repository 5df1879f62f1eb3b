//! A question in a conversation: the next step of its answer, from the endpoints in their order.

mod prompt;
#[cfg(test)]
mod tests;

use serde_json::Value;
use tokio::time::Instant;

use super::alias::{self, Aliases};
use super::endpoint::{Endpoint, Silence};
use super::profile::Profile;
use super::words::Words;
use super::{Client, Ended, Heard, WORDS, decision, kept, order, stagnation};
use crate::domain::Incident;
use crate::domain::conversation::SOURCE;
use crate::domain::entry::{Answer, Original, Usage};
use crate::domain::text::cut;
use crate::ports::{Spoke, Spoken, Talk};
use crate::redact::{redact, visible};

/// As what the cost of conversations counts among sources and rules.
pub(super) const SCOPE: (&str, &str) = (SOURCE, "(chat)");

/// Most bytes of an answer in words.
const ANSWER: usize = 32 * 1024;

impl Client {
    pub(super) async fn converse_with(&self, talk: &Talk<'_>) -> Result<Spoke, (String, Usage)> {
        let (started, mut usage) = (Instant::now(), Usage::default());
        let allowed = self.scopes.allows(self.clock.now(), &self.budget.scopes, SCOPE);
        allowed.map_err(|why| (why, Usage::default()))?;
        let case = talk.conversation.case();
        let aliases = self.anonymise.then(|| Aliases::of(&talk.conversation.whole_case()));
        let words = Words::new(talk.words, aliases.as_ref());
        let asking = Asking { talk, case: &case, aliases: aliases.as_ref(), words: &words, started };
        let mut whys: Vec<String> = Vec::new();
        let mut order = order::of(&self.endpoints, &case, self.clock.elapsed()).into_iter();
        while let Some(endpoint) = order.next() {
            let others = order::any(order.as_slice(), self.clock.elapsed());
            match self.step_from(endpoint, &asking, others, &mut usage).await {
                Ok(spoke) => return Ok(spoke),
                Err(Ended::For(why)) => {
                    whys.push(why);
                    break;
                }
                Err(Ended::PassedOver(why) | Ended::Next(why)) => {
                    whys.push(if self.endpoints.len() > 1 { format!("{}: {why}", endpoint.label) } else { why });
                }
            }
        }
        if whys.is_empty() {
            whys.push("no endpoint of a language model is configured".into());
        }
        Err((whys.join("; "), usage))
    }

    async fn step_from(
        &self,
        endpoint: &Endpoint,
        asking: &Asking<'_>,
        others: bool,
        usage: &mut Usage,
    ) -> Result<Spoke, Ended> {
        let spent = self.budget.allows(asking.case, usage, asking.started.elapsed());
        spent.map_err(|why| Ended::For(why.replace("one incident", "one question")))?;
        let admitted = endpoint.admit().map_err(Ended::PassedOver)?;
        endpoint.affordable().map_err(Ended::PassedOver)?;
        let (mut heard, before) = (Heard::Answered, usage.calls);
        let until = asking.started + self.budget.time_left(asking.case);
        let deadline = order::deadline(Instant::now(), until, endpoint.options.timeout, others);
        let spoke = self.rounds(endpoint, asking, deadline, usage, &mut heard).await;
        match heard {
            Heard::Missed => {
                admitted.missed(self.clock.elapsed());
            }
            Heard::Answered if usage.calls > before => admitted.answered(),
            _ => {}
        }
        spoke
    }

    async fn rounds(
        &self,
        endpoint: &Endpoint,
        asking: &Asking<'_>,
        deadline: Instant,
        usage: &mut Usage,
        heard: &mut Heard,
    ) -> Result<Spoke, Ended> {
        let Asking { talk, case, aliases, words, started } = *asking;
        let shape = |profile: &Profile| prompt::Shape {
            form: profile.tools,
            language: &self.language,
            bytes: profile.bytes,
            by: &endpoint.label,
            last: talk.last,
        };
        let build = |profile: &Profile| {
            let mut prompt = prompt::build(talk.conversation, case, talk.catalogue, &shape(profile));
            if let Some(aliases) = aliases {
                aliases.hide_messages(&mut prompt.messages);
                if let Some(Value::String(system)) = prompt.messages.first_mut().and_then(|one| one.get_mut("content"))
                {
                    system.push_str(alias::TOLD);
                }
            }
            endpoint.offered(prompt.missing, talk.catalogue.tools.len());
            prompt
        };
        let (mut told, mut unreadable): (Vec<Value>, Option<String>) = (Vec::new(), None);
        let mut circles = false;
        // The second round shows the model why its first answer could not be used.
        for _ in 0..2 {
            if let Some(why) = &unreadable {
                let spent = self.budget.allows(case, usage, started.elapsed());
                spent.map_err(|_| Ended::For(why.clone()))?;
                endpoint.affordable().map_err(|_| Ended::Next(why.clone()))?;
            }
            let round = endpoint.round(&build, &told, deadline, usage, Some(words)).await;
            usage.took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
            let (prompt, reply) = match round {
                Ok(round) => round,
                Err(Silence::Late { why, whole }) => {
                    *heard = if whole { Heard::Missed } else { Heard::Hurried };
                    return Err(Ended::Next(unreadable.unwrap_or(why)));
                }
                Err(Silence::Other(why)) => return Err(Ended::Next(unreadable.unwrap_or(why))),
            };
            let shown = aliases.map(|aliases| aliases.show_reply(&reply));
            match decision::spoken(shown.as_ref().unwrap_or(&reply), &prompt.names, talk.catalogue) {
                Ok((Spoken::Look { calls }, _)) if stagnates(case, &calls) => {
                    told = super::prompt::correction_as(&reply, stagnation::DECIDE, AGAIN);
                    (circles, unreadable) = (true, Some(stagnation::WHY.into()));
                }
                Ok((spoken, said)) => {
                    let most = if spoken == Spoken::Words { ANSWER } else { WORDS };
                    let (by, message) = (endpoint.label.clone(), kept::kept(&reply.message));
                    return Ok(Spoke {
                        spoken,
                        text: cut(&redact(&visible(&said)), most),
                        usage: usage.clone(),
                        original: Some(Box::new(Original { by, message, reused: None })),
                    });
                }
                Err(why) if reply.refusal.is_some() => return Err(Ended::Next(why)),
                Err(why) => {
                    let said = aliases.map_or_else(|| why.clone(), |aliases| aliases.hide(&why));
                    told = super::prompt::correction_as(&reply, &said, AGAIN);
                    unreadable = Some(why);
                }
            }
        }
        let why = unreadable.unwrap_or_else(|| "the model gave no answer".into());
        Err(if circles { Ended::For(why) } else { Ended::Next(why) })
    }
}

/// What the model is asked for once more.
const AGAIN: &str = "Answer again, with one tool call or in words.";

fn stagnates(case: &Incident, calls: &[crate::domain::entry::AskedCall]) -> bool {
    stagnation::stagnates(case, &Answer::Look { calls: calls.to_vec() })
}

/// What is asked, whoever is asked.
#[derive(Clone, Copy)]
struct Asking<'a> {
    talk: &'a Talk<'a>,
    case: &'a Incident,
    aliases: Option<&'a Aliases>,
    words: &'a Words<'a>,
    started: Instant,
}
