//! An answer as it comes: words as they are said, looks as they are made.

use anyhow::{Context as _, bail};
use futures::StreamExt;
use reqwest::Response;

use super::shown;
use crate::chat::Event;
use crate::cli::screen::{Flow, Screen, note, shows_people};
use crate::domain::conversation::AnswerView;

/// Longer lines are no events of ours.
const MAX_LINE: usize = 16 << 20;

/// How an answer ended.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// The conversation.
    pub conversation: Option<String>,
    /// Whether there was an answer.
    pub answered: bool,
}

/// Shows the events of one answer until its end.
pub async fn follow(response: Response, json: bool) -> anyhow::Result<Ended> {
    let live = shows_people() && !json;
    let mut following = Following { ended: Ended::default(), said: String::new(), flow: Flow::default(), live, json };
    let mut chunks = response.bytes_stream();
    let mut pending = Vec::new();
    while let Some(chunk) = chunks.next().await {
        pending.extend_from_slice(&chunk.context("the host has gone away in the middle of the answer")?);
        while let Some(end) = pending.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = pending.drain(..=end).collect();
            let Some(data) = line.strip_prefix(b"data:") else { continue };
            let event: Event = serde_json::from_slice(data).context("the host sends what this program cannot read")?;
            if following.take(&event)? {
                return Ok(following.ended);
            }
        }
        if pending.len() > MAX_LINE {
            bail!("the host sends something that is no event");
        }
    }
    following.flow.end()?;
    bail!("the host has stopped in the middle of the answer; `tidegate chat --continue` goes on when it is there again")
}

struct Following {
    ended: Ended,
    /// The words of this step so far.
    said: String,
    flow: Flow,
    /// Whether words are shown as they come.
    live: bool,
    json: bool,
}

impl Following {
    /// Takes the next event; true when nothing follows it.
    fn take(&mut self, event: &Event) -> anyhow::Result<bool> {
        match event {
            Event::Conversation { id, .. } => self.ended.conversation = Some(id.clone()),
            Event::Words { text } if self.live => {
                self.said.push_str(text);
                self.flow.add(text)?;
            }
            Event::Words { .. } => {}
            Event::Anew => {
                self.step_over()?;
                if self.live {
                    note("… that is void; the model is asked anew");
                }
            }
            Event::Look { tool, arguments } => {
                self.step_over()?;
                note(format!("… looks: {tool} {}", shown::arguments(arguments)));
            }
            Event::Looked { ok, refused, text, took_ms, .. } => {
                note(shown::looked(*ok, refused.as_deref(), text, *took_ms));
            }
            Event::Answer { answer, rulings, .. } => {
                self.ended.answered = matches!(answer, AnswerView::Replied { .. } | AnswerView::Proposed { .. });
                if self.json {
                    Screen::json(event)?.print()?;
                    return Ok(true);
                }
                if let AnswerView::Replied { text } | AnswerView::Proposed { text, .. } = answer {
                    let rest = text.strip_prefix(self.said.as_str()).map(str::to_string);
                    if rest.is_none() {
                        self.step_over()?;
                    }
                    self.flow.add(&rest.unwrap_or_else(|| text.clone()))?;
                }
                self.step_over()?;
                shown::ended(answer, rulings).print()?;
                if let Some(why) = shown::no_answer(answer) {
                    note(why);
                }
                return Ok(true);
            }
            Event::Error { error } => {
                self.step_over()?;
                bail!("{error}");
            }
        }
        Ok(false)
    }

    /// The words so far are over.
    fn step_over(&mut self) -> anyhow::Result<()> {
        self.said.clear();
        self.flow.end()?;
        Ok(())
    }
}
