//! Silences of the running host: what may be made is checked here, what holds is the record's.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use jiff::Timestamp;

use super::App;
use crate::backend::silences::{SilenceDraft, SilenceError, SilenceView, Silencing};
use crate::domain::control::Control;
use crate::domain::silence::{CoveringSilence, MATCHERS, MOST, Preview, SilenceState};
use crate::domain::{Access, Incident, Permission, Person, Role, Silence, SilenceEvent, SilenceId};
use crate::pipeline::{self, Services};
use crate::rules::SilenceLimits;

/// How often what was hidden is looked at, to be recorded.
const COUNTING: Duration = Duration::from_secs(60);
/// Longest comment.
const COMMENT: usize = 4_096;

/// Records now and then how much silences have hidden, until the host ends.
pub async fn count(services: Arc<Services>) {
    loop {
        services.clock.sleep(COUNTING).await;
        for event in services.store.uncounted() {
            if services.store.control(Control::Silence(Box::new(event))).await.is_err() {
                break;
            }
        }
    }
}

/// How many silences there are, by where they stand.
pub fn metrics(services: &Services) -> String {
    let (silences, now) = (services.store.silences(), services.clock.now());
    let mut text =
        String::from("# HELP tidegate_silences Silences made at run time.\n# TYPE tidegate_silences gauge\n");
    for state in [SilenceState::Active, SilenceState::Pending, SilenceState::Expired] {
        let count = silences.all().filter(|silence| silence.state(now) == state).count();
        text.push_str(&format!("tidegate_silences{{state=\"{}\"}} {count}\n", state.as_str()));
    }
    text
}

impl App {
    fn now(&self) -> Timestamp {
        self.services.clock.now()
    }

    fn view(&self, silence: &Silence, incidents: &[Arc<Incident>], access: &Access) -> SilenceView {
        let state = silence.state(self.now());
        let active = state == SilenceState::Active;
        let covers = if active { Preview::of(&silence.matchers, incidents, access) } else { Preview::default() };
        SilenceView { silence: silence.clone(), state, covers, hidden: self.services.store.hidden_by(&silence.id) }
    }

    /// The silence that a draft would be now.
    fn drafted(&self, draft: &SilenceDraft, now: Timestamp) -> Result<Silence, SilenceError> {
        let invalid = |text: &str| SilenceError::Invalid(text.into());
        // Who changes one that is in force need not know when it began.
        let known = draft.id.as_deref().and_then(|id| self.services.store.silences().get(id).cloned());
        let begun = known.as_ref().filter(|known| known.state(now) != SilenceState::Expired);
        let starts_at = draft.starts_at.or(begun.map(|known| known.starts_at)).unwrap_or(now);
        if draft.matchers.is_empty() {
            return Err(invalid("a silence needs at least one matcher"));
        }
        if draft.matchers.len() > MATCHERS {
            return Err(SilenceError::Invalid(format!("a silence has {MATCHERS} matchers at most")));
        }
        if draft.matchers.iter().all(|matcher| matcher.takes("")) {
            return Err(invalid("at least one matcher must not match the empty string"));
        }
        if draft.ends_at <= starts_at {
            return Err(invalid("start time must be before end time"));
        }
        if draft.ends_at <= now {
            return Err(invalid("end time can't be in the past"));
        }
        if draft.person.is_nameless() {
            return Err(invalid("person: is missing; the journal keeps who wants a silence"));
        }
        if draft.comment.trim().is_empty() {
            return Err(invalid("comment: is missing; say why nobody wants to hear of these alerts"));
        }
        if draft.comment.len() > COMMENT {
            return Err(SilenceError::Invalid(format!("a comment has {COMMENT} bytes at most")));
        }
        let id = draft.id.clone().unwrap_or_default();
        Ok(Silence {
            id: SilenceId(id.into()),
            matchers: draft.matchers.clone(),
            starts_at,
            ends_at: draft.ends_at,
            updated_at: now,
            person: draft.person.clone(),
            changed_by: None,
            comment: draft.comment.clone(),
        })
    }

    /// What a silence would cover, and what speaks against it.
    fn judged(&self, silence: &Silence, access: &Access) -> Preview {
        let mut preview = self.services.store.preview(&silence.matchers, access);
        let asked =
            SilenceLimits { matchers: &silence.matchers, length: silence.ends_at.duration_since(silence.starts_at) };
        preview.refused = self.services.policies.against_silence(&asked).map(|against| against.to_string());
        preview
    }

    async fn set(&self, draft: SilenceDraft) -> Result<SilenceId, SilenceError> {
        self.restoration.check().map_err(SilenceError::Unavailable)?;
        // What is checked must still be so when it is recorded.
        let _one_at_a_time = self.silencing.lock().await;
        let now = self.now();
        let mut silence = self.drafted(&draft, now)?;
        let silences = self.services.store.silences();
        let known = match &draft.id {
            Some(id) => {
                let none = || SilenceError::NotFound(format!("there is no silence {id}"));
                Some(silences.get(id).ok_or_else(none)?)
            }
            None => None,
        };
        if let (Some(read), Some(known)) = (&draft.read, known)
            && read != known.as_ref()
        {
            let text = format!("silence {} was changed or has ended meanwhile; look at it again", known.id);
            return Err(SilenceError::Changed(text));
        }
        let goes_on = known.is_some_and(|known| known.becomes(&silence, now));
        match known.filter(|_| goes_on) {
            Some(known) => silence.is_changed(known),
            None => silence.starts_at = silence.starts_at.max(now),
        }
        let preview = self.judged(&silence, &Access::of(Role::Viewer));
        if let Some(refused) = preview.refused {
            return Err(SilenceError::Refused(refused));
        }
        if let (Some(broad), false) = (&preview.broad, draft.broad) {
            return Err(SilenceError::Broad(format!(
                "this silence is too broad to be made in one step: {broad}; narrow it, or say that it is meant"
            )));
        }
        let replaced = known.filter(|known| !goes_on && known.state(now) != SilenceState::Expired);
        if !goes_on && replaced.is_none() && silences.standing(now) >= MOST {
            return Err(SilenceError::Refused(format!(
                "there are {MOST} silences that are not over, and more are not taken; expire some first"
            )));
        }
        if let Some(known) = replaced {
            self.record(SilenceEvent::Expired { id: known.id.clone(), person: silence.person.clone() }, known).await?;
        }
        if !goes_on {
            silence.id = SilenceId::new(self.services.random.next(), self.services.random.next());
        }
        let id = silence.id.clone();
        let (covers, broad) = (preview.alerts, preview.broad.is_some());
        let known = known.cloned();
        self.record(
            SilenceEvent::Set { silence: silence.clone(), covers, broad },
            known.as_deref().unwrap_or(&silence),
        )
        .await?;
        let person = silence.changed_by.as_ref().unwrap_or(&silence.person);
        tracing::info!(silence = %id, person = %person, covers, "a silence was set");
        Ok(id)
    }

    /// Records what happened to a silence, and has all looked after that it has to do with.
    async fn record(&self, event: SilenceEvent, silence: &Silence) -> Result<(), SilenceError> {
        let done = pipeline::apply_control(&self.services, Control::Silence(Box::new(event))).await;
        if let Err(error) = done {
            self.runner.check_journal();
            return Err(SilenceError::Unavailable(error.to_string()));
        }
        self.services.store.wake_covered(silence);
        Ok(())
    }

    async fn expire(&self, id: &str, person: Person) -> Result<(), SilenceError> {
        self.restoration.check().map_err(SilenceError::Unavailable)?;
        let _one_at_a_time = self.silencing.lock().await;
        let silences = self.services.store.silences();
        let none = || SilenceError::NotFound(format!("there is no silence {id}"));
        let known = silences.get(id).ok_or_else(none)?;
        if known.state(self.now()) == SilenceState::Expired {
            return Err(SilenceError::Invalid(format!("silence {id} already expired")));
        }
        self.record(SilenceEvent::Expired { id: known.id.clone(), person: person.clone() }, known).await?;
        tracing::info!(silence = id, person = %person, "a silence was ended");
        Ok(())
    }
}

/// Whether somebody may look at all that a silence can cover.
fn sees(access: &Access, silence: &Silence) -> bool {
    access.may_cover(Permission::Look, &silence.matchers)
}

impl Silencing for App {
    fn silences(&self, access: &Access) -> Vec<SilenceView> {
        let (silences, incidents) = (self.services.store.silences(), self.services.store.all());
        let seen = silences.all().filter(|silence| sees(access, silence));
        let mut all: Vec<SilenceView> = seen.map(|silence| self.view(silence, &incidents, access)).collect();
        all.sort_by_key(|view| (view.state as u8, view.silence.ends_at));
        all
    }

    fn silence(&self, id: &str, access: &Access) -> Option<SilenceView> {
        let incidents = self.services.store.all();
        let silences = self.services.store.silences();
        silences.get(id).filter(|silence| sees(access, silence)).map(|silence| self.view(silence, &incidents, access))
    }

    fn silences_in(&self, states: &[SilenceState], most: usize, access: &Access) -> (Vec<SilenceView>, usize) {
        let (silences, now) = (self.services.store.silences(), self.now());
        let wanted = |silence: &&Arc<Silence>| states.contains(&silence.state(now)) && sees(access, silence);
        let mut all: Vec<&Arc<Silence>> = silences.all().filter(wanted).collect();
        all.sort_by_key(|silence| match silence.state(now) {
            // Of what is over the newest is wanted.
            SilenceState::Expired => (2, -silence.ends_at.as_second()),
            SilenceState::Pending => (1, silence.starts_at.as_second()),
            SilenceState::Active => (0, silence.ends_at.as_second()),
        });
        let count = all.len();
        let incidents = self.services.store.all();
        (all.into_iter().take(most).map(|silence| self.view(silence, &incidents, access)).collect(), count)
    }

    fn cover(&self, incident: &Incident, access: &Access) -> Option<CoveringSilence> {
        let mut cover = self.services.store.silences().over(incident, self.now())?;
        cover.silences.retain(|silence| sees(access, silence));
        Some(cover)
    }

    fn preview(&self, draft: &SilenceDraft, access: &Access) -> Result<Preview, SilenceError> {
        Ok(self.judged(&self.drafted(draft, self.now())?, access))
    }

    fn set_silence(&self, draft: SilenceDraft) -> BoxFuture<'_, Result<SilenceId, SilenceError>> {
        Box::pin(self.set(draft))
    }

    fn expire_silence(&self, id: &str, person: Person) -> BoxFuture<'_, Result<(), SilenceError>> {
        let id = id.to_string();
        Box::pin(async move { self.expire(&id, person).await })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Matcher;
    use crate::report::tests::stories;

    #[test]
    fn a_preview_says_what_goes_on_all_the_same() {
        let mut asking = stories::asked().incident;
        let labels = asking.labels();
        let matchers: Vec<Matcher> =
            labels.iter().map(|(name, value)| Matcher::new(name, value, false, true).unwrap()).collect();
        let preview = |incident: &Incident| {
            let preview = Preview::of(&matchers, &[Arc::new(incident.clone())], &Access::of(Role::Viewer));
            (preview.incidents, preview.going_on)
        };
        assert_eq!(preview(&asking), (0, 1), "a question that was asked stays open");
        asking.actions = Vec::new().into();
        assert_eq!(preview(&asking), (1, 0));
        for source in ["chat", "mcp"] {
            asking.source = source.into();
            assert_eq!(preview(&asking), (0, 1), "what people ask for they want to hear of, by a program as well");
        }
    }
}
