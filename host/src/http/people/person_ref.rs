//! PersonRef a path or a form means: by what somebody is known by, never by what they are called, because two may be called the same and
//! whoever is named by others says that themselves.

use crate::domain::person::fold;
use crate::domain::text::truncate;
use crate::http::Shared;
use crate::http::answer::Failure;

/// Somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PersonRef {
    /// Somebody whom the host knows itself.
    Here {
        /// The name.
        name: String,
        /// Whether the configuration speaks of them.
        configured: bool,
    },
    /// Somebody of whom others say who they are.
    Outside {
        /// What they are known by.
        id: String,
        /// What they were called.
        called: String,
    },
}

impl PersonRef {
    /// What they are known by (`Proven::id`).
    pub fn id(&self) -> String {
        match self {
            Self::Here { name, .. } => fold(name),
            Self::Outside { id, .. } => id.clone(),
        }
    }

    /// Whoever is meant. PersonRef the host knows itself is meant by the name, also in capital letters; whom others name by their id
    /// alone.
    ///
    /// # Errors
    /// When it is nobody.
    pub fn of(state: &Shared, key: &str) -> Result<Self, Failure> {
        let (config, book) = (state.callers.config(), state.callers.book());
        let names = || config.users.keys().chain(book.accounts.keys());
        let here = |name: &String| Self::Here { name: name.clone(), configured: config.users.contains_key(name) };
        if let Some(name) = names().find(|name| *name == key) {
            return Ok(here(name));
        }
        let seen = state.callers.visitors().all().remove(key).filter(|seen| seen.outside).map(|seen| seen.name);
        let kept = || book.outside.get(key).map(|known| known.name.clone());
        // Who was here long ago may be forgotten while a session of theirs goes on.
        let session = || (state.pages.sessions_of(key) > 0).then(|| key.to_string());
        let found = if let Some(called) = seen.or_else(kept) {
            Some(Self::Outside { id: key.into(), called })
        } else if let Some(name) = names().find(|name| fold(name) == fold(key)) {
            Some(here(name))
        } else {
            session().map(|called| Self::Outside { id: key.into(), called })
        };
        found.ok_or_else(|| {
            let key = truncate(key, 60);
            Failure::not_found(format!(
                "there is nobody called {key}; whom others name is meant by the `id` that GET /v1/people lists"
            ))
        })
    }
}
