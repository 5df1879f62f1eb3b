//! An answer as it comes: words as they are said, looks as they are made.

use anyhow::{Context as _, bail};
use reqwest::Response;

use super::render;
use crate::chat::Event;
use crate::cli::screen::{Screen, StreamedText, note, shows_people};
use crate::cli::server_sent;
use crate::domain::conversation::AnswerView;

/// Shows the events of one answer until its end, and says whether there was one. The conversation's name is put where
/// the next question finds it as soon as it is known, however the answer ends.
pub async fn follow(response: Response, json: bool, conversation: &mut Option<String>) -> anyhow::Result<bool> {
    let live = shows_people() && !json;
    let mut following =
        Following { conversation, answered: false, said: String::new(), flow: StreamedText::default(), live, json };
    let shown = |data: &[u8]| {
        let event: Event = serde_json::from_slice(data).context("the host sends what this program cannot read")?;
        following.take(&event)
    };
    if server_sent::follow(response, "the host has gone away in the middle of the answer", shown).await? {
        return Ok(following.answered);
    }
    following.flow.end()?;
    bail!("the host has stopped in the middle of the answer; go on when it is there again")
}

struct Following<'a> {
    conversation: &'a mut Option<String>,
    answered: bool,
    /// The words of this step so far.
    said: String,
    flow: StreamedText,
    /// Whether words are shown as they come.
    live: bool,
    json: bool,
}

impl Following<'_> {
    /// Takes the next event; true when nothing follows it.
    fn take(&mut self, event: &Event) -> anyhow::Result<bool> {
        match event {
            Event::Conversation { id, .. } => *self.conversation = Some(id.clone()),
            Event::Text { text } if self.live => {
                self.said.push_str(text);
                self.flow.add(text)?;
            }
            Event::Text { .. } => {}
            Event::Restart => {
                self.step_over()?;
                if self.live {
                    note("… that is void; the model is asked anew");
                }
            }
            Event::Look { tool, arguments } => {
                self.step_over()?;
                note(format!("… looks: {tool} {}", render::arguments(arguments)));
            }
            Event::Looked { ok, refused, text, took_ms, .. } => {
                note(render::look_result(*ok, refused.as_deref(), text, *took_ms));
            }
            Event::Answer { answer, rulings, .. } => {
                self.answered = matches!(answer, AnswerView::Replied { .. } | AnswerView::Proposed { .. });
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
                render::answer_end(answer, rulings).print()?;
                if let Some(why) = render::no_answer(answer) {
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
