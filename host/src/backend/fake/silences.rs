//! Silences of the fake: judged by their matchers alone, as nothing fires here.

use futures::future::BoxFuture;
use jiff::Timestamp;

use super::Fake;
use crate::backend::silences::{SilenceDraft, SilenceError, SilenceView, Silencing};
use crate::domain::silence::{HiddenCount, Preview, SilenceState, by_itself};
use crate::domain::{Access, Permission, Person, Role, Silence, SilenceId};

/// What the gate of the fake says no to.
const FORBIDDEN: &str = "payments";

impl Silencing for Fake {
    fn silences(&self, access: &Access) -> Vec<SilenceView> {
        let mut all = self.silences.lock().unwrap().clone();
        all.retain(|view| access.may_cover(Permission::Look, &view.silence.matchers));
        all
    }

    fn silence(&self, id: &str, access: &Access) -> Option<SilenceView> {
        self.silences(access).into_iter().find(|view| *view.silence.id.0 == *id)
    }

    fn silences_in(&self, states: &[SilenceState], most: usize, access: &Access) -> (Vec<SilenceView>, usize) {
        let mut all = self.silences(access);
        all.retain(|view| states.contains(&view.state));
        let count = all.len();
        all.truncate(most);
        (all, count)
    }

    fn preview(&self, draft: &SilenceDraft, _: &Access) -> Result<Preview, SilenceError> {
        if draft.matchers.is_empty() {
            return Err(SilenceError::Invalid("a silence needs at least one matcher".into()));
        }
        let forbidden = draft.matchers.iter().any(|matcher| matcher.value() == FORBIDDEN);
        Ok(Preview {
            of: 4,
            broad: by_itself(&draft.matchers).then(|| "no matcher says what it is about".into()),
            refused: forbidden.then(|| "gate money says no".into()),
            ..Preview::default()
        })
    }

    fn set_silence(&self, draft: SilenceDraft) -> BoxFuture<'_, Result<SilenceId, SilenceError>> {
        let done = self.preview(&draft, &Access::of(Role::Viewer)).and_then(|preview| {
            if draft.comment.trim().is_empty() {
                return Err(SilenceError::Invalid("comment: is missing".into()));
            }
            match (preview.refused, preview.broad) {
                (Some(refused), _) => Err(SilenceError::Refused(refused)),
                (None, Some(broad)) if !draft.broad => Err(SilenceError::Broad(broad)),
                _ => Ok(self.keep(&draft)),
            }
        });
        Box::pin(std::future::ready(done))
    }

    fn expire_silence(&self, id: &str, _: Person) -> BoxFuture<'_, Result<(), SilenceError>> {
        for view in self.silences.lock().unwrap().iter_mut().filter(|view| *view.silence.id.0 == *id) {
            view.state = SilenceState::Expired;
        }
        Box::pin(std::future::ready(Ok(())))
    }
}

impl Fake {
    fn keep(&self, draft: &SilenceDraft) -> SilenceId {
        let mut all = self.silences.lock().unwrap();
        let mut silence = Silence {
            id: SilenceId::new(all.len() as u64, 7),
            matchers: draft.matchers.clone(),
            starts_at: draft.starts_at.unwrap_or(Timestamp::UNIX_EPOCH),
            ends_at: draft.ends_at,
            updated_at: Timestamp::UNIX_EPOCH,
            person: draft.person.clone(),
            changed_by: None,
            comment: draft.comment.clone(),
        };
        if let Some(known) = all.iter().position(|view| draft.id.as_deref() == Some(&*view.silence.id.0)) {
            let known = all.remove(known).silence;
            silence.is_changed(&known);
            silence.id = known.id;
        }
        let id = silence.id.clone();
        let (state, covers, hidden) = (SilenceState::Active, Preview::default(), HiddenCount::default());
        all.push(SilenceView { silence, state, covers, hidden });
        id
    }
}
