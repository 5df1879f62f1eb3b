//! Entries of conversations. A conversation is held by whoever answers its last question and by nobody else, so that
//! however many there are cost no memory.

use std::sync::Arc;

use super::{Store, blocked, redacted, seal, unwritable};
use crate::domain::conversation::{self, Conversation, ConversationId};
use crate::domain::{Entry, Fact, Incident, IncidentId, Sealed};
use crate::ports::JournalError;

impl Store {
    /// Begins a conversation. When this returns, that is durable.
    ///
    /// # Errors
    /// When the journal does not take it.
    pub async fn begin_conversation(&self, began: conversation::Fact) -> Result<Conversation, JournalError> {
        let id = loop {
            let id = ConversationId::new(self.clock.now(), self.random.next());
            if self.journal.stream(&id.0)?.is_empty() {
                break id;
            }
        };
        let entry = Entry { at: self.clock.now(), fact: redacted::conversation(began) };
        let none = || JournalError("a conversation begins with its beginning".into());
        let conversation = Conversation::begin(id, &entry).ok_or_else(none)?;
        let sealed = Sealed::new(&conversation.id.0, 1, &entry).map_err(unwritable)?;
        let (append, mark) = {
            let mut live = self.live();
            self.whole()?;
            (self.journal.append(vec![sealed]), live.mark(true, &[]))
        };
        self.durable(append, &[], mark).await?;
        Ok(conversation)
    }

    /// A conversation as the journal has it; none where there is none of this name.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn conversation(&self, id: &ConversationId) -> Result<Option<Conversation>, JournalError> {
        if !id.0.starts_with(conversation::PREFIX) {
            return Ok(None);
        }
        Conversation::read(&self.journal.stream(&id.0)?).map_err(JournalError)
    }

    /// Appends facts to a conversation that nobody else holds. When this returns they are durable and in it.
    ///
    /// # Errors
    /// When the journal does not take them; the conversation must then be read anew.
    pub async fn converse(
        &self,
        conversation: &mut Conversation,
        facts: Vec<conversation::Fact>,
    ) -> Result<(), JournalError> {
        let (append, mark) = {
            let mut live = self.live();
            self.whole()?;
            let sealed = self.said(conversation, facts)?;
            (self.journal.append(sealed), live.mark(true, &[]))
        };
        self.durable(append, &[], mark).await
    }

    /// Opens an incident for what was proposed in a conversation, and appends to both in one append: no restart finds one
    /// without the other. The first of `facts` opens the incident.
    ///
    /// # Errors
    /// When the journal does not take it.
    pub async fn open_from(
        &self,
        conversation: &mut Conversation,
        said: conversation::Fact,
        (id, facts): (IncidentId, Vec<Fact>),
    ) -> Result<(), JournalError> {
        let (append, mark) = {
            let mut guard = self.live();
            self.whole()?;
            let live = &mut *guard;
            let now = self.clock.now();
            if live.incidents.contains_key(&id) {
                return Err(JournalError(format!("there is an incident {id} already")));
            }
            let mut sealed = self.said(conversation, vec![said])?;
            let mut facts = facts.into_iter().map(redacted::fact);
            let none = || JournalError("an incident begins with its opening".into());
            let opening = Entry { at: now, fact: facts.next().ok_or_else(none)? };
            let mut incident = Incident::open(id.clone(), &opening).ok_or_else(none)?;
            live.shared.incident(&mut incident);
            sealed.push(seal(&mut incident, &opening)?);
            let mut happened = vec![opening.fact];
            for mut fact in facts {
                live.shared.fact(&mut fact);
                let entry = Entry { at: now, fact };
                incident.apply(&entry);
                sealed.push(seal(&mut incident, &entry)?);
                happened.push(entry.fact);
            }
            live.history.note(&incident, &happened);
            live.index.insert(&incident);
            live.listing.note(&incident);
            live.incidents.insert(id.clone(), Arc::new(incident));
            blocked::block(live, std::slice::from_ref(&id), now, &mut sealed)?;
            (self.journal.append(sealed), live.mark(true, std::slice::from_ref(&id)))
        };
        self.durable(append, std::slice::from_ref(&id), mark).await?;
        self.wake(&id);
        Ok(())
    }

    /// An id that no incident has.
    pub fn free_id(&self) -> IncidentId {
        self.unused_id(&self.live(), self.clock.now())
    }

    /// Seals facts behind what a conversation has, and takes them into it.
    fn said(
        &self,
        conversation: &mut Conversation,
        facts: Vec<conversation::Fact>,
    ) -> Result<Vec<Sealed>, JournalError> {
        let now = self.clock.now();
        let mut sealed = Vec::with_capacity(facts.len());
        for fact in facts {
            let entry = Entry { at: now, fact: redacted::conversation(fact) };
            sealed.push(Sealed::new(&conversation.id.0, conversation.version + 1, &entry).map_err(unwritable)?);
            conversation.apply(&entry);
        }
        Ok(sealed)
    }
}
