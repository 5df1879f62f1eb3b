//! Who calls, and what they may do.

use jiff::Timestamp;

use crate::domain::text::letters::visible_line;
use crate::domain::text::truncate;
use crate::domain::{Access, Permission, Person, Proven, Role};
use crate::http::answer::Failure;
use crate::redact::redact;
use crate::token;

/// Bytes of a name that somebody has typed, as far as it is written down.
const TYPED: usize = 64;

/// Who somebody says that they are who is not let in: a name that nothing proves. A token in the wrong field is kept nowhere.
pub fn typed(name: &str) -> Option<Person> {
    let name = name.trim();
    let person = Person::typed(truncate(&token::strip(&redact(&visible_line(name))), TYPED));
    Some(person).filter(|person| !person.is_nameless() && !token::is_token(name))
}

/// Who calls, and what they may do.
#[derive(Clone)]
pub struct Caller {
    /// The person, if the proof names one.
    pub(super) person: Option<Proven>,
    pub(super) access: Access,
    /// Since when their password is the one that they gave.
    pub(super) since: Option<Timestamp>,
    /// When what they show is good no more, where it ends.
    pub(super) ends: Option<Timestamp>,
}

impl Caller {
    /// Somebody who was not asked for a proof, or whose proof names nobody.
    pub fn unnamed() -> Self {
        Self { person: None, access: Access::of(Role::Admin), since: None, ends: None }
    }

    /// Somebody of whom nobody has found out who it is: they may do nothing.
    pub fn nobody() -> Self {
        Self { person: None, access: Access::default(), since: None, ends: None }
    }

    /// What they may do.
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// When the token that they show ends, if it is one that does.
    pub fn ends(&self) -> Option<Timestamp> {
        self.ends
    }

    /// Their name, for people.
    pub fn called(&self) -> String {
        self.person.as_ref().map_or("whoever calls".into(), Proven::shown)
    }

    /// Why they may not do something: what they may do, and who may more.
    pub fn refusal(&self, wanted: Permission) -> String {
        match self.access.role() {
            Some(role) if role.may(wanted) => {
                let (who, does, scope) = (self.called(), wanted.does(), wanted.as_str());
                format!("{who} may {does}, but not with this token: it lacks the scope {scope}")
            }
            Some(Role::Viewer) => format!("{} may look and change nothing; {}", self.called(), wanted.who_may()),
            Some(role) => format!("{} has the role {role}; {}", self.called(), wanted.who_may()),
            None => format!("{} has no role; {}", self.called(), wanted.who_may()),
        }
    }

    /// The name that was proven, if one was.
    pub fn proven(&self) -> Option<&Proven> {
        self.person.as_ref()
    }

    /// Whether both are the same person; those of whom nothing is known are one.
    pub fn is_same_as(&self, other: &Self) -> bool {
        self.person.as_ref().map(Proven::id) == other.person.as_ref().map(Proven::id)
    }

    /// Who speaks: the name that was proven, or the one that was typed.
    pub fn person(self, said: Option<&str>) -> Result<Person, Failure> {
        let known = self.known(said);
        known.ok_or_else(|| Failure::invalid("person: is missing; the journal keeps who said so"))
    }

    /// The same; none where there is no name at all.
    pub fn known(self, said: Option<&str>) -> Option<Person> {
        match self.person {
            Some(person) => Some(person.saying(said).into()),
            None => said.map(Person::typed).filter(|person| !person.is_nameless()),
        }
    }
}
