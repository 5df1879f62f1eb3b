//! A question in a conversation: the next step of its answer.

mod prompt;
#[cfg(test)]
mod tests;

use super::alias::Aliases;
use super::asking::{Question, Read};
use super::names::Names;
use super::prompt::Shape;
use super::wire::Reply;
use super::words::Words;
use super::{Client, WORDS, decision, said, stagnation};
use crate::domain::conversation::SOURCE;
use crate::domain::entry::{Answer, Usage};
use crate::ports::{Spoke, Spoken, Talk};

/// As what the cost of conversations counts among sources and rules.
pub(super) const SCOPE: (&str, &str) = (SOURCE, "(chat)");

/// Most bytes of an answer in words.
const ANSWER: usize = 32 * 1024;

impl Client {
    pub(super) async fn converse_with(&self, talk: &Talk<'_>) -> Result<Spoke, (String, Usage)> {
        let case = talk.conversation.case();
        let aliases = self.anonymise.then(|| Aliases::of(&talk.conversation.whole_case()));
        let words = Words::new(talk.words, talk.unheard.clone(), aliases.as_ref());
        let read = |reply: &Reply, names: &Names| {
            let (spoken, words) = decision::spoken(reply, names, talk.catalogue)?;
            if let Spoken::Look { calls } = &spoken
                && stagnation::stagnates(&case, &Answer::Look { calls: calls.clone() })
            {
                return Ok(Read::Circle);
            }
            let most = if spoken == Spoken::Words { ANSWER } else { WORDS };
            Ok(Read::Answer(spoken, said(&words, most)))
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
