//! One answer: the model is asked, looks are made, and each step is durable before it is shown.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use tokio::sync::mpsc::UnboundedSender;

use super::propose::Proposer;
use super::{Chat, Event, Slot, StreamedEvent, own};
use crate::domain::conversation::{AnswerOutcome, AnswerView, Conversation, Fact, UNHEARD};
use crate::domain::entry::{AskedCall, Purpose, Usage};
use crate::domain::text::truncate;
use crate::domain::{Call, Catalogue};
use crate::ports::{ChatRequest, ChatStep, JournalError, LookError, StreamPart, ToolAnswer};

/// Bytes of a look's answer that are shown.
const TOLD: usize = 400;
/// How long a request to the model that is under way is still waited for once whoever asked has gone: what it says by then
/// can be read by who comes back, and a model that hangs does not hold a place for others.
const UNHEARD_FOR: Duration = Duration::from_secs(5);

/// Whoever asked, as long as they are there.
struct Client(UnboundedSender<StreamedEvent>);

impl Client {
    /// Shows what stands in the conversation's last entry.
    fn show(&self, conversation: &Conversation, event: Event) {
        // Nobody is left to be shown it where they have hung up.
        let _ = self.0.send(StreamedEvent { entry: Some(conversation.version), event });
    }

    fn say(&self, event: Event) {
        let _ = self.0.send(StreamedEvent { entry: None, event });
    }

    fn has_gone(&self) -> bool {
        self.0.is_closed()
    }
}

/// Answers the last question of a conversation. The place is held until that is over.
pub(super) async fn answer(
    chat: Arc<Chat>,
    mut conversation: Conversation,
    place: Slot,
    show: UnboundedSender<StreamedEvent>,
) {
    let asker = Client(show);
    let incident = conversation.incident.as_ref().map(ToString::to_string);
    asker.show(&conversation, Event::Conversation { id: conversation.id.to_string(), incident });
    let ended = steps(&chat, &mut conversation, &asker).await;
    // Free before the end is shown: whoever hears it may ask the next question.
    drop(place);
    match ended {
        Ok(()) => {
            let answered = conversation.exchanges.last().and_then(|asked| Some((asked, asked.end.as_ref()?)));
            let Some((asked, end)) = answered else { return };
            let rulings = match end {
                AnswerOutcome::Proposed { incident, .. } => chat.ruled(incident).await,
                _ => Vec::new(),
            };
            let (answer, calls, tokens) = (AnswerView::from(end), asked.usage.calls, asked.usage.tokens());
            asker.show(&conversation, Event::Answer { answer, rulings, calls, tokens });
        }
        Err(error) => asker.say(Event::Error { error: error.to_string() }),
    }
}

async fn steps(chat: &Chat, conversation: &mut Conversation, asker: &Client) -> Result<(), JournalError> {
    let services = &chat.services;
    services.tools.settled().await;
    services.store.note_tools(services.tools.as_ref()).await?;
    // Evidence comes before the first question about an incident.
    if let (Some(incident), 1) = (conversation.incident.clone(), conversation.exchanges.len()) {
        for tool in [own::INCIDENT, own::EXPLAIN] {
            look(chat, conversation, asker, own::is_about_incident(tool, &incident.0)).await?;
        }
    }
    for step in 1..=chat.limits.steps.max(1) {
        if asker.has_gone() {
            return end(chat, conversation, Fact::Interrupted { reason: UNHEARD.into() }).await;
        }
        let catalogue = own::with_record_tools(&services.tools.catalogue());
        let began = services.clock.now();
        let last = step >= chat.limits.steps;
        let spoke = ask(chat, conversation, asker, &catalogue, last).await;
        let took_ms = services.clock.ms_since(began);
        let mut spoke = match spoke {
            Ok(spoke) => spoke,
            Err((reason, usage)) => {
                return end(chat, conversation, Fact::Failed { reason, usage: Usage { took_ms, ..usage } }).await;
            }
        };
        spoke.usage.took_ms = took_ms;
        match std::mem::replace(&mut spoke.answer, ChatStep::Reply) {
            ChatStep::Reply => {
                let fact = Fact::Replied { text: spoke.text, usage: spoke.usage, original: spoke.original };
                return end(chat, conversation, fact).await;
            }
            ChatStep::Propose { .. } if asker.has_gone() => {
                let reason = "whoever asked has gone, so the change that the model wants was not proposed".into();
                return end(chat, conversation, Fact::Failed { reason, usage: spoke.usage }).await;
            }
            ChatStep::Propose { proposals } => {
                return chat.propose(conversation, proposals, spoke, Proposer::Model).await;
            }
            ChatStep::Look { calls } if last => {
                let tools: Vec<&str> = calls.iter().map(|asked| asked.call.tool.as_str()).collect();
                let reason = format!(
                    "the model came to no answer in {step} steps ([chat] steps); it wanted to look with {} next",
                    tools.join(", ")
                );
                return end(chat, conversation, Fact::Failed { reason, usage: spoke.usage }).await;
            }
            ChatStep::Look { calls } => {
                let text = spoke.text;
                let wanted = Fact::Wanted { calls: calls.clone(), text, usage: spoke.usage, original: spoke.original };
                services.store.converse(conversation, vec![wanted]).await?;
                for AskedCall { call, .. } in calls.into_iter().take(chat.limits.looks_per_step) {
                    if asker.has_gone() {
                        break;
                    }
                    look(chat, conversation, asker, call).await?;
                }
            }
        }
    }
    Ok(())
}

async fn ask(
    chat: &Chat,
    conversation: &Conversation,
    asker: &Client,
    catalogue: &Catalogue,
    last: bool,
) -> Result<crate::ports::ChatReply, (String, Usage)> {
    let words = |streamed: StreamPart| match streamed {
        StreamPart::Text(text) => asker.say(Event::Text { text }),
        StreamPart::Restart => asker.say(Event::Restart),
    };
    let (hearer, clock) = (asker.0.clone(), Arc::clone(&chat.services.clock));
    let unheard = async move {
        hearer.closed().await;
        clock.sleep(UNHEARD_FOR).await;
    };
    let unheard = unheard.boxed().shared();
    chat.services.model.converse(ChatRequest { conversation, catalogue, last, words: &words, unheard }).await
}

async fn end(chat: &Chat, conversation: &mut Conversation, fact: Fact) -> Result<(), JournalError> {
    chat.services.store.converse(conversation, vec![fact]).await
}

/// Makes a look, if no gate refuses it. One that failed or was refused is noted as well.
async fn look(chat: &Chat, conversation: &mut Conversation, asker: &Client, call: Call) -> Result<(), JournalError> {
    let services = &chat.services;
    let (tool, arguments) = (call.tool.clone(), call.arguments.clone());
    asker.say(Event::Look { tool: tool.clone(), arguments });
    let began = services.clock.now();
    let answer = admitted(chat, conversation, &call).await;
    let took_ms = services.clock.ms_since(began);
    let (ok, text, refused) = match answer {
        Ok(answer) => (answer.ok, answer.text, None),
        Err(LookError::Refused(by)) => (false, by.reason, Some(by.gate)),
        Err(LookError::Failed(error)) => (false, error.to_string(), None),
    };
    let looked = Fact::Looked { call, ok, text, took_ms, refused };
    services.store.converse(conversation, vec![looked]).await?;
    // As it was recorded: without secrets.
    if let Some(look) = conversation.open().and_then(|open| open.looks().last()) {
        let (refused, text) = (look.refused.clone(), truncate(&look.text, TOLD));
        asker.show(conversation, Event::Looked { tool, ok: look.ok, refused, text, took_ms });
    }
    Ok(())
}

async fn admitted(chat: &Chat, conversation: &Conversation, call: &Call) -> Result<ToolAnswer, LookError> {
    let services = &chat.services;
    let moment = services.moment();
    let context = moment.context();
    let catalogue = Arc::new(own::with_record_tools(context.catalogue));
    let context = crate::rules::Context { catalogue: &catalogue, ..context };
    let case = conversation.case();
    let permit = services.gate.admit_look(services.policies.as_ref(), &case, &Purpose::Model, call, &context)?;
    if own::is_own(permit.call()) {
        return Ok(own::look(Arc::clone(&chat.memory), permit.call().clone()).await?);
    }
    Ok(services.tools.look(&permit).await?)
}
