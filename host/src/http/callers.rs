//! Who calls: by a token of their own, or by the one proof that callers of the API share.

use axum::http::HeaderMap;
use base64::Engine;

use super::answer::Failure;
use super::authorization::authorization;
use super::proof::Proof;
use crate::config::{Config, Role};
use crate::domain::person;
use crate::domain::{Person, Proven};
use crate::gate::People;
use crate::token::{self, Hash};

/// Who calls the API, and what they may do.
#[derive(Clone)]
pub struct Caller {
    /// The person, if the proof names one.
    person: Option<Proven>,
    /// Whether they may change anything.
    pub acts: bool,
}

impl Caller {
    /// Somebody who was not asked for a proof, or whose proof names nobody.
    pub fn unnamed() -> Self {
        Self { person: None, acts: true }
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

/// A token that somebody has.
struct Entry {
    hash: Hash,
    name: String,
    role: Role,
}

/// Everybody who can call.
pub struct Callers {
    shared: Option<Proof>,
    tokens: Vec<Entry>,
    people: People,
}

impl Callers {
    /// The users of a configuration, and the proof that callers share.
    pub fn new(config: &Config, shared: Option<Proof>) -> Self {
        let entries = config.users.iter().flat_map(|(name, user)| {
            user.tokens.iter().map(|hash| Entry { hash: hash.clone(), name: name.clone(), role: user.role })
        });
        Self { shared, tokens: entries.collect(), people: config.people() }
    }

    /// Whether nobody need prove anything.
    pub fn are_open(&self) -> bool {
        self.shared.is_none() && self.tokens.is_empty()
    }

    /// Who a request to the API comes from; none when nobody need prove anything.
    ///
    /// # Errors
    /// When a proof is wanted and this is none, or it is one for sending alerts alone.
    pub fn caller(&self, headers: &HeaderMap) -> Result<Option<Caller>, Failure> {
        if let Some(entry) = self.owner(headers) {
            if entry.role == Role::Sender {
                return Err(Failure::forbidden("this token may send alerts and nothing else"));
            }
            let person = self.people.prove(&entry.name, person::Proof::Token(entry.hash.id()));
            return Ok(Some(Caller { person, acts: entry.role == Role::Responder }));
        }
        match &self.shared {
            Some(proof) => {
                proof.header_alone(headers)?;
                let user = proof.user().and_then(|user| self.people.prove(user, person::Proof::Password));
                Ok(Some(Caller { person: user, ..Caller::unnamed() }))
            }
            None if self.tokens.is_empty() => Ok(None),
            None => Err(Failure::unauthorized(
                "this needs a token of yours in Authorization: Bearer …; commands take it from TIDEGATE_USER_TOKEN",
                "Bearer realm=\"tidegate\"",
            )),
        }
    }

    /// Whether a request carries the token of somebody who may send alerts.
    pub fn sends(&self, headers: &HeaderMap) -> bool {
        self.owner(headers).is_some_and(|entry| entry.role == Role::Sender)
    }

    /// The person whose token this is, if they may answer questions.
    pub fn answering(&self, token: &str) -> Option<Proven> {
        let entry = self.entry(token).filter(|entry| entry.role == Role::Responder)?;
        self.people.prove(&entry.name, person::Proof::Token(entry.hash.id()))
    }

    /// The person for whom alone a link was made.
    pub fn linked(&self, name: &str) -> Option<Proven> {
        self.people.prove(name, person::Proof::Link)
    }

    fn owner(&self, headers: &HeaderMap) -> Option<&Entry> {
        let (scheme, credentials) = authorization(headers)?;
        if scheme.eq_ignore_ascii_case("bearer") {
            return self.entry(credentials);
        }
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let decoded = base64::engine::general_purpose::STANDARD.decode(credentials).ok()?;
        let decoded = String::from_utf8(decoded).ok()?;
        let (name, token) = decoded.split_once(':')?;
        self.entry(token).filter(|entry| entry.name == name)
    }

    /// Looks at every token, so that the time tells nothing.
    fn entry(&self, token: &str) -> Option<&Entry> {
        if !token::is_token(token) {
            return None;
        }
        let given = Hash::of(token);
        self.tokens.iter().fold(None, |found, entry| if entry.hash.matches(&given) { Some(entry) } else { found })
    }
}
