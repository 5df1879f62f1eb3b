//! A question in a conversation: the next step of its answer.

mod prompt;
#[cfg(test)]
mod tests;

use super::alias::Aliases;
use super::asking::{ParsedReply, Question};
use super::names::Names;
use super::prompt::Shape;
use super::text_stream::TextStream;
use super::wire::Reply;
use super::{Client, WORDS, decision, said, stagnation};
use crate::domain::conversation::SOURCE;
use crate::domain::entry::{ModelAnswer, Usage};
use crate::ports::{ChatReply, ChatRequest, ChatStep};

/// As what the cost of conversations counts among sources and rules.
pub(super) const SCOPE: (&str, &str) = (SOURCE, "(chat)");

/// Most bytes of an answer in words.
const ANSWER: usize = 32 * 1024;

impl Client {
    pub(super) async fn converse_with(&self, talk: &ChatRequest<'_>) -> Result<ChatReply, (String, Usage)> {
        let case = talk.conversation.case();
        let aliases = self.anonymise.then(|| Aliases::of(&talk.conversation.full_case()));
        let words = TextStream::new(talk.words, talk.unheard.clone(), aliases.as_ref());
        let read = |reply: &Reply, names: &Names| {
            let (spoken, words) = decision::spoken(reply, names, talk.catalogue)?;
            if let ChatStep::Look { calls } = &spoken
                && stagnation::stagnates(&case, &ModelAnswer::Look { calls: calls.clone() })
            {
                return Ok(ParsedReply::Repetition);
            }
            let most = if spoken == ChatStep::Reply { ANSWER } else { WORDS };
            Ok(ParsedReply::Answer(spoken, said(&words, most)))
        };
        self.ask_in_order(&Question {
            case: &case,
            what: "one question",
            scope: SCOPE,
            last: talk.last,
            tools: talk.catalogue.tools.len(),
            aliases: aliases.as_ref(),
            words: Some(&words),
            again: "Answer again, with one tool call or in words.",
            build: &|shape: &Shape<'_>| prompt::build(talk.conversation, &case, talk.catalogue, shape),
            read: &read,
        })
        .await
    }
}
