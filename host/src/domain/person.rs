//! Somebody who says something to the host, and how it is known who that is.
//!
//! [`Proven`] and [`Typed`] are two types, so that what counts people cannot be handed a name that
//! somebody merely typed.
//!
//! ```compile_fail,E0308
//! use tidegate::domain::person::{Person, Proven};
//! fn count(_: &Proven) {}
//! count(&Person::typed("ada"));
//! ```
//!
//! ```
//! use tidegate::domain::person::{Person, Proven};
//! fn count(_: &Proven) {}
//! if let Some(proven) = Person::typed("ada").proven() {
//!     count(proven);
//! }
//! ```

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::text::letters::is_invisible;

/// How a name was proven.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// By a token of their own: its public id.
    Token(String),
    /// By the user and password of `server.auth`.
    Password,
    /// By a link that was made and delivered for them alone.
    Link,
    /// By a proxy in front of the host that is trusted to know.
    Proxy,
    /// By an identity provider: whose word it is, and what it calls the person, for good and nobody else. The name is one that
    /// it shows, and may change or be another's tomorrow.
    Oidc {
        /// The provider.
        issuer: String,
        /// The person there.
        subject: String,
    },
}

impl Proof {
    /// The word used in JSON and texts.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Token(_) => "token",
            Self::Password => "password",
            Self::Link => "link",
            Self::Proxy => "proxy",
            Self::Oidc { .. } => "oidc",
        }
    }
}

/// A person whose name was proven. Made where a proof is checked, and read back from the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    name: String,
    proof: Proof,
    groups: BTreeSet<String>,
    said: Option<String>,
}

impl Proven {
    /// The person whom a proof names, with the groups they were in then; none for a name without
    /// letters.
    pub fn new(name: &str, proof: Proof, groups: BTreeSet<String>) -> Option<Self> {
        (!fold(name).is_empty()).then(|| Self { name: name.to_string(), proof, groups, said: None })
    }

    /// The same person, who gave another name besides. It is kept for readers and counts for nothing.
    #[must_use]
    pub fn saying(self, said: Option<&str>) -> Self {
        let own = [fold(&self.name), fold(&self.shown())];
        let said = said.map(str::trim).filter(|said| !fold(said).is_empty() && !own.contains(&fold(said)));
        Self { said: said.map(str::to_string), ..self }
    }

    /// Who it is, however the name is spelled. Of whom a provider knows it is what that calls them: a blank stands in it, so that
    /// nobody can be called like that. Whom a proxy names is whoever is called exactly so here, and nobody whose name only looks
    /// like it.
    pub fn id(&self) -> String {
        match &self.proof {
            Proof::Oidc { issuer, subject } => outside_id(issuer, subject),
            Proof::Proxy => proxied_id(&self.name),
            Proof::Token(_) | Proof::Password | Proof::Link => fold(&self.name),
        }
    }

    /// Who else says who this is, in a word that stands beside the name wherever people read it: names that others give are theirs,
    /// and may look like one of this host's.
    pub fn via(&self) -> Option<&'static str> {
        match self.proof {
            Proof::Oidc { .. } => Some("sso"),
            Proof::Proxy => Some("proxy"),
            Proof::Token(_) | Proof::Password | Proof::Link => None,
        }
    }

    /// The name, and who says it where that is somebody else.
    pub fn shown(&self) -> String {
        match self.via() {
            Some(via) => format!("{} (via {via})", self.name),
            None => self.name.clone(),
        }
    }

    /// Whether somebody may be this person: the same one, or one of the same name, where two must be told apart for sure.
    pub fn may_be(&self, other: &Person) -> bool {
        other.proven().is_some_and(|other| other.id() == self.id()) || fold(other.name()) == fold(&self.name)
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it was proven.
    pub fn proof(&self) -> &Proof {
        &self.proof
    }

    /// The name that was given besides the proven one.
    pub fn said(&self) -> Option<&str> {
        self.said.as_deref()
    }

    /// The groups that they were in when they proved their name.
    pub fn groups(&self) -> &BTreeSet<String> {
        &self.groups
    }

    /// Whether they were in a group when they proved their name (see [`is_group`] for what is the same group).
    pub fn is_in(&self, group: &str) -> bool {
        is_in_group(&self.groups, group)
    }
}

/// A name that somebody typed and nothing proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Typed(String);

/// Somebody who says something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "PersonForm", into = "PersonForm")]
pub enum Person {
    /// The name was proven.
    Proven(Proven),
    /// The name is only typed.
    Typed(Typed),
}

impl Person {
    /// Somebody of whom only a typed name is known.
    pub fn typed(name: impl Into<String>) -> Self {
        Self::Typed(Typed(name.into().trim().to_string()))
    }

    /// The person, if the name was proven.
    pub fn proven(&self) -> Option<&Proven> {
        match self {
            Self::Proven(proven) => Some(proven),
            Self::Typed(_) => None,
        }
    }

    /// The name, for people to read.
    pub fn name(&self) -> &str {
        match self {
            Self::Proven(proven) => &proven.name,
            Self::Typed(Typed(name)) => name,
        }
    }

    /// The name, and who says it where that is somebody else than this host.
    pub fn shown(&self) -> String {
        self.proven().map_or_else(|| self.name().to_string(), Proven::shown)
    }

    /// Whether both are the same as far as anybody can tell: a typed name is never a proven person, whatever it says.
    pub fn is_same_as(&self, other: &Self) -> bool {
        self.key() == other.key()
    }

    /// A text that two have in common exactly if they are the same as far as anybody can tell, for indexes.
    pub fn key(&self) -> String {
        match self {
            Self::Proven(proven) => format!("proven {}", proven.id()),
            Self::Typed(Typed(name)) => format!("typed {}", fold(name)),
        }
    }

    /// Whether there is no name at all.
    pub fn is_nameless(&self) -> bool {
        fold(self.name()).is_empty()
    }
}

/// In English; other languages say `unproven` in their own words.
impl fmt::Display for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Proven(proven) => match &proven.said {
                Some(said) => write!(f, "{} (as {said})", proven.shown()),
                None => f.write_str(&proven.shown()),
            },
            Self::Typed(Typed(name)) => write!(f, "{name} (unproven)"),
        }
    }
}

impl From<Proven> for Person {
    fn from(proven: Proven) -> Self {
        Self::Proven(proven)
    }
}

/// What somebody is known by whom a provider knows.
pub fn outside_id(issuer: &str, subject: &str) -> String {
    format!("{issuer} {subject}")
}

/// What somebody is known by whom a proxy names. Case alone makes no other name of it; a blank does, which no name of this host has.
pub fn proxied_id(name: &str) -> String {
    name.trim().to_lowercase()
}

/// A name for comparisons: without case, blanks and letters that have no shape.
pub fn fold(name: &str) -> String {
    let seen = |c: &char| !c.is_whitespace() && !is_invisible(*c);
    name.chars().filter(seen).flat_map(char::to_lowercase).collect()
}

/// Longest name of a group in bytes.
const GROUP: usize = 256;

/// Whether a text can be the name of a group.
///
/// Names of groups are compared letter by letter, without case, whoever gives them: what merely looks like the name of a group, or is
/// one with something added, blanks included, has none of its rights. (What people are called is another matter: see [`fold`].)
pub fn is_group(name: &str) -> bool {
    !fold(name).is_empty() && name.len() <= GROUP && !name.chars().any(char::is_control)
}

/// A group's name as it is compared with others.
pub fn group_key(name: &str) -> String {
    name.to_lowercase()
}

/// Whether a group is among those of somebody, as groups are compared.
pub fn is_in_group<'a>(groups: impl IntoIterator<Item = &'a String>, group: &str) -> bool {
    groups.into_iter().any(|known| same_group(known, group))
}

/// Whether two names are those of one group.
pub fn same_group(one: &str, other: &str) -> bool {
    one == other || group_key(one) == group_key(other)
}

/// As it stands in the journal. Without a proof it is a typed name, and so is a bare text.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum PersonForm {
    Name(String),
    Person {
        name: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        proof: Option<Proof>,
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        groups: BTreeSet<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        said: Option<String>,
    },
}

impl From<PersonForm> for Person {
    fn from(written: PersonForm) -> Self {
        let (name, proof, groups, said) = match written {
            PersonForm::Name(name) => return Self::typed(name),
            PersonForm::Person { name, proof, groups, said } => (name, proof, groups, said),
        };
        let proven = proof.and_then(|proof| Proven::new(&name, proof, groups));
        proven.map_or_else(|| Self::typed(name), |proven| Self::Proven(Proven { said, ..proven }))
    }
}

impl From<Person> for PersonForm {
    fn from(person: Person) -> Self {
        match person {
            Person::Proven(Proven { name, proof, groups, said }) => {
                Self::Person { name, proof: Some(proof), groups, said }
            }
            Person::Typed(Typed(name)) => Self::Person { name, proof: None, groups: BTreeSet::new(), said: None },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_journal_keeps_how_a_name_is_known() {
        let token = Proven::new("Ada", Proof::Token("4f".into()), ["sre".to_string()].into()).unwrap();
        for person in [Person::typed("ada"), token.clone().into(), token.saying(Some("bob")).into()] {
            let text = serde_json::to_string(&person).unwrap();
            assert_eq!(serde_json::from_str::<Person>(&text).unwrap(), person, "{text}");
        }
        for typed in [r#""ada""#, r#"{"name":"ada"}"#, r#"{"name":"ada","groups":["sre"]}"#] {
            let person: Person = serde_json::from_str(typed).unwrap();
            assert_eq!((person.proven(), person.name()), (None, "ada"), "{typed}");
        }
        let nobody: Person = serde_json::from_str(r#"{"name":" \u200b","proof":"password"}"#).unwrap();
        assert!(nobody.proven().is_none() && nobody.is_nameless());
    }

    #[test]
    fn a_typed_name_is_no_proven_person() {
        let token = |name| Person::from(Proven::new(name, Proof::Token("4f".into()), BTreeSet::new()).unwrap());
        assert!(token("ada").is_same_as(&token("Ada")) && Person::typed("ada").is_same_as(&Person::typed(" ADA")));
        assert!(!token("ada").is_same_as(&token("bob")) && !Person::typed("ada").is_same_as(&Person::typed("bob")));
        assert!(!token("ada").is_same_as(&Person::typed("ada")) && !Person::typed("ada").is_same_as(&token("ada")));
    }

    #[test]
    fn whom_a_provider_knows_is_nobody_of_the_same_name() {
        let at = |subject: &str| {
            let proof = Proof::Oidc { issuer: "https://id.example".into(), subject: subject.into() };
            Proven::new("Ada", proof, BTreeSet::new()).unwrap()
        };
        let (here, there, other) = (Proven::new("ada", Proof::Password, BTreeSet::new()).unwrap(), at("7"), at("8"));
        assert!(there.id() == at("7").id() && there.id() != here.id() && there.id() != other.id());
        assert!(!Person::from(there.clone()).is_same_as(&here.clone().into()));
        // Where it must be somebody else for sure, one of the same name is not.
        assert!(there.may_be(&here.into()) && there.may_be(&other.into()) && !there.may_be(&Person::typed("bob")));
        let text = serde_json::to_string(&Person::from(there.clone())).unwrap();
        assert_eq!(serde_json::from_str::<Person>(&text).unwrap(), there.into(), "{text}");
    }

    #[test]
    fn a_name_that_others_give_is_shown_as_theirs_and_is_nobody_elses_for_looking_like_it() {
        let at = Proof::Oidc { issuer: "https://id.example".into(), subject: "7".into() };
        let person = |name: &str, proof| Person::from(Proven::new(name, proof, BTreeSet::new()).unwrap());
        assert_eq!(person("ada", at.clone()).to_string(), "ada (via sso)");
        assert_eq!(person("ada", Proof::Proxy).to_string(), "ada (via proxy)");
        let ops = Proven::new("ops", Proof::Proxy, BTreeSet::new()).unwrap().saying(Some("ann"));
        assert_eq!(Person::from(ops).to_string(), "ops (via proxy) (as ann)");
        let here = person("ada", Proof::Password);
        assert!(person("Ada", Proof::Proxy).is_same_as(&here), "a proxy names those whom the host knows");
        for other in ["a da", "a\u{200b}da", "\u{430}da", "ada.", "\u{ff41}da"] {
            assert!(!person(other, Proof::Proxy).is_same_as(&here), "{other:?}");
            assert!(!person(other, at.clone()).is_same_as(&here), "{other:?}");
        }
    }

    #[test]
    fn a_name_is_one_however_it_is_spelled_and_what_is_said_besides_is_only_shown() {
        for spelling in ["ada", " ADA\n", "a\u{200b}da", "A\u{fe0f}da"] {
            assert_eq!(Proven::new(spelling, Proof::Password, BTreeSet::new()).unwrap().id(), "ada");
        }
        let ops = Proven::new("ops", Proof::Password, BTreeSet::new()).unwrap().saying(Some("ann"));
        assert_eq!((ops.id().as_str(), Person::from(ops).to_string().as_str()), ("ops", "ops (as ann)"));
        assert_eq!(Person::typed("ann").to_string(), "ann (unproven)");
    }
}
