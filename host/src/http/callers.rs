//! Who calls: by a token of their own, or by the one proof that callers of the API share; and what they may do.
//!
//! What the configuration and the file of accounts say is put together anew whenever the file is another one.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use axum::http::HeaderMap;
use base64::Engine;
use jiff::Timestamp;

use super::answer::Failure;
use super::authorization::authorization;
use super::oidc::Identity;
use super::proof::Proof;
use super::proxy::Named;
use crate::accounts::{Accounts, Book, Used, Visitors};
use crate::config::{Config, NotLetIn};
use crate::domain::person::{self, fold};
use crate::domain::text::cut;
use crate::domain::text::letters::visible_line;
use crate::domain::{Access, Permission, Person, Proven, Role};
use crate::gate::People;
use crate::redact::redact;
use crate::token::{self, Hash};

/// Bytes of a name that somebody has typed, as far as it is written down.
const TYPED: usize = 64;

/// Who somebody says that they are who is not let in: a name that nothing proves. A token in the wrong field is kept nowhere.
pub fn typed(name: &str) -> Option<Person> {
    let name = name.trim();
    let person = Person::typed(cut(&token::taken_out(&redact(&visible_line(name))), TYPED));
    Some(person).filter(|person| !person.is_nameless() && !token::is_token(name))
}

/// Who calls, and what they may do.
#[derive(Clone)]
pub struct Caller {
    /// The person, if the proof names one.
    person: Option<Proven>,
    access: Access,
    /// Since when their password is the one that they gave.
    since: Option<Timestamp>,
    /// When what they show is good no more, where it ends.
    ends: Option<Timestamp>,
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

/// A token that somebody has.
struct Entry {
    hash: Hash,
    name: String,
    /// What it permits of what its owner may do; none for all.
    scopes: Option<BTreeSet<Permission>>,
    expires: Option<Timestamp>,
    /// Whether its uses are kept.
    noted: bool,
}

/// What is known as long as the file of accounts is the same.
struct Known {
    edition: u64,
    book: Arc<Book>,
    tokens: Vec<Entry>,
    people: People,
}

impl Known {
    fn new(config: &Config, book: Arc<Book>, edition: u64) -> Self {
        let entry = |name: &String, hash: &Hash| Entry {
            hash: hash.clone(),
            name: name.clone(),
            scopes: None,
            expires: None,
            noted: false,
        };
        let of_users = config.users.iter().flat_map(|(name, user)| user.tokens.iter().map(|hash| entry(name, hash)));
        let kept = book.tokens.iter().filter_map(|token| {
            let scopes = (!token.scopes.is_empty()).then(|| token.scopes.clone());
            Some(Entry { scopes, expires: token.expires, noted: true, ..entry(&token.owner, &token.hash()?) })
        });
        let tokens = of_users.chain(kept).collect();
        Self { edition, tokens, people: config.people_of(&book), book }
    }

    /// Looks at every token, so that the time tells nothing.
    fn entry(&self, token: &str) -> Option<&Entry> {
        if !token::is_token(token) {
            return None;
        }
        let given = Hash::of(token);
        self.tokens.iter().fold(None, |found, entry| if entry.hash.matches(&given) { Some(entry) } else { found })
    }

    fn access(&self, config: &Config, entry: &Entry) -> Access {
        let access = config.access_of(&self.book, &entry.name);
        match &entry.scopes {
            Some(scopes) => access.only(scopes.iter().copied()),
            None => access,
        }
    }
}

/// Everybody who can call.
pub struct Callers {
    shared: Option<Proof>,
    config: Config,
    accounts: Accounts,
    used: Used,
    visitors: Visitors,
    known: RwLock<Arc<Known>>,
    /// Whether a proof is demanded. It stays so, whatever becomes of the file.
    demands: AtomicBool,
}

impl Callers {
    /// The users of a configuration, the accounts of its file, and the proof that callers share.
    ///
    /// # Errors
    /// When the file cannot be read: a sentence.
    pub fn new(config: &Config, shared: Option<Proof>) -> Result<Self, String> {
        let file = config.accounts_file();
        let accounts = Accounts::open(&file)?;
        let (book, edition) = accounts.now();
        let demands = shared.is_some() || config.demands_proof() || book.proves();
        Ok(Self {
            shared,
            known: RwLock::new(Arc::new(Known::new(config, book, edition))),
            config: config.clone(),
            accounts,
            used: Used::beside(&file),
            visitors: Visitors::beside(&file),
            demands: AtomicBool::new(demands),
        })
    }

    fn known(&self) -> Arc<Known> {
        Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes over what the file of accounts says now. Where that is something else, the people there are since, and what was changed.
    pub fn refresh(&self) -> Option<(People, Vec<String>)> {
        let (book, edition) = self.accounts.now();
        if self.known().edition == edition {
            return None;
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.edition == edition {
            return None;
        }
        if book.proves() {
            self.demands.store(true, Ordering::Relaxed);
        }
        let changes = self.accounts.take_changes();
        *known = Arc::new(Known::new(&self.config, book, edition));
        Some((known.people.clone(), changes))
    }

    /// Whether the file of accounts is there.
    pub fn have_file(&self) -> bool {
        self.accounts.is_there()
    }

    /// The journal knows of accounts, and there is no file of them: nobody gets in as if there had never been any.
    pub fn were_there(&self) {
        self.demands.store(true, Ordering::Relaxed);
        self.accounts.were_there();
        // It is said now; whoever comes next takes it over.
        drop(self.accounts.now());
    }

    /// Whether there were accounts, and the file of them is gone.
    pub fn are_lost(&self) -> bool {
        !self.have_file() && self.problem().is_some()
    }

    /// The only one whom the host knows itself who may say who there is.
    pub fn last_admin(&self, now: Timestamp) -> Option<String> {
        self.config.last_admin(&self.book(), now)
    }

    /// Whose proof a request shows that is not taken, or who it says that it is: for the record of what was tried, and nothing else.
    pub fn tried(&self, headers: &HeaderMap) -> Option<Person> {
        let known = self.known();
        if let Some(entry) = owner(&known, headers) {
            let shown = Proven::new(&entry.name, person::Proof::Token(entry.hash.id()), BTreeSet::new());
            return shown.map(Person::from);
        }
        typed(&basic(headers)?.0)
    }

    /// What is not as it should be.
    pub fn problem(&self) -> Option<String> {
        self.accounts.problem()
    }

    /// Whether nobody need prove anything.
    pub fn are_open(&self) -> bool {
        !self.demands.load(Ordering::Relaxed)
    }

    /// Whether somebody signs in with a password.
    pub fn have_passwords(&self) -> bool {
        self.known().book.accounts.values().any(|account| account.password.is_some())
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// What the file of accounts says.
    pub fn book(&self) -> Arc<Book> {
        Arc::clone(&self.known().book)
    }

    /// When a token was last used.
    pub fn used(&self) -> &Used {
        &self.used
    }

    /// Who was here, and when.
    pub fn visitors(&self) -> &Visitors {
        &self.visitors
    }

    /// Somebody is here.
    pub fn saw(&self, caller: &Caller, now: Timestamp) {
        if let Some(person) = &caller.person {
            self.visitors.note(person, now);
        }
    }

    /// Writes down when tokens were last used, and who was here.
    ///
    /// # Errors
    /// When that cannot be written: a sentence.
    pub fn save_used(&self) -> Result<(), String> {
        let book = self.book();
        let visitors = self.visitors.save();
        self.used.save(|id| book.tokens.iter().any(|token| token.id == id)).and(visitors)
    }

    /// Who a request to the API comes from; none when nobody need prove anything.
    ///
    /// # Errors
    /// When a proof is wanted and this is none, or it is one for sending alerts alone.
    pub fn caller(&self, headers: &HeaderMap, now: Timestamp) -> Result<Option<Caller>, Failure> {
        let known = self.known();
        if let Some(entry) = owner(&known, headers) {
            return self.of_entry(&known, entry, now).map(Some);
        }
        match &self.shared {
            Some(proof) => {
                proof.header_alone(headers)?;
                let user = proof.user().and_then(|user| known.people.prove(user, person::Proof::Password));
                Ok(Some(self.of_shared(&known, user)))
            }
            None if self.are_open() => Ok(None),
            None if self.are_lost() => {
                Err(Failure::unauthorized(self.problem().unwrap_or_default(), "Bearer realm=\"tidegate\""))
            }
            None => Err(Failure::unauthorized(
                "this needs a token of yours in the header Authorization, behind the word Bearer; commands take it from TIDEGATE_USER_TOKEN",
                "Bearer realm=\"tidegate\"",
            )),
        }
    }

    fn of_shared(&self, known: &Known, person: Option<Proven>) -> Caller {
        let user = person.as_ref().filter(|user| self.config.users.keys().any(|name| fold(name) == user.id()));
        let access = user.map(|user| self.config.access_of(&known.book, user.name()));
        Caller { access: access.unwrap_or_else(|| Access::of(Role::Admin)), person, since: None, ends: None }
    }

    fn of_entry(&self, known: &Known, entry: &Entry, now: Timestamp) -> Result<Caller, Failure> {
        let challenge = "Bearer realm=\"tidegate\", error=\"invalid_token\"";
        if let Some(expired) = entry.expires.filter(|expires| *expires <= now) {
            let text = format!("this token expired at {expired}; `tidegate token new {}` makes another", entry.name);
            return Err(Failure::unauthorized(text, challenge));
        }
        let access = known.access(&self.config, entry);
        if access.sends_only() {
            return Err(Failure::forbidden("this token may send alerts and nothing else"));
        }
        let person = known.people.prove(&entry.name, person::Proof::Token(entry.hash.id()));
        if access.grants().is_empty() || person.is_none() {
            return Err(Failure::unauthorized("whose token this is, is not let in any more", challenge));
        }
        if entry.noted {
            self.used.note(&entry.hash.id(), now);
        }
        Ok(Caller { person, access, since: None, ends: entry.expires })
    }

    /// Somebody whom the proxy names; none where they are not let in.
    pub fn by_proxy(&self, named: &Named) -> Option<Caller> {
        let (person, access) = self.config.named_by_proxy(&self.known().book, &named.name, &named.groups)?;
        Some(Caller { person: Some(person), access, since: None, ends: None })
    }

    /// Somebody whom the provider knows; they may do nothing where none of their groups has a role.
    ///
    /// # Errors
    /// Why they are not let in.
    pub fn by_provider(&self, identity: &Identity) -> Result<Caller, NotLetIn> {
        let (groups, known) = (identity.groups.clone().unwrap_or_default(), self.known());
        let named = self.config.named_by_provider(&known.book, &identity.subject, &identity.name, &groups);
        named.map(|(person, access)| Caller { person: Some(person), access, since: None, ends: None })
    }

    /// Somebody whom the provider knows, whether they are let in or not.
    pub fn identified(&self, identity: &Identity) -> Option<Person> {
        let issuer = self.config.server.oidc.as_ref().map(|oidc| oidc.issuer_text.clone())?;
        let proof = person::Proof::Oidc { issuer, subject: identity.subject.clone() };
        let groups = identity.groups.iter().flatten().map(|group| fold(group)).collect();
        Proven::new(&identity.name, proof, groups).map(Person::from)
    }

    /// Whether a request carries the token of somebody who may send alerts.
    pub fn sends(&self, headers: &HeaderMap, now: Timestamp) -> bool {
        let known = self.known();
        owner(&known, headers).is_some_and(|entry| {
            entry.expires.is_none_or(|expires| now < expires) && known.access(&self.config, entry).sends_only()
        })
    }

    /// Whose token it is, if they may answer questions.
    pub fn answering(&self, token: &str, now: Timestamp) -> Option<Caller> {
        let known = self.known();
        let caller = self.of_entry(&known, known.entry(token)?, now).ok()?;
        Some(caller).filter(|caller| caller.access.may(Permission::Approve))
    }

    /// The person for whom alone a link was made, if they may answer questions.
    pub fn linked(&self, name: &str) -> Option<Caller> {
        let known = self.known();
        let person = known.people.prove(name, person::Proof::Link)?;
        let access = self.config.access_of(&known.book, person.name());
        Some(Caller { person: Some(person), access, since: None, ends: None })
            .filter(|caller| caller.access.may(Permission::Approve))
    }

    /// What is kept of somebody's password, if they can come in with one.
    pub fn password_of(&self, name: &str) -> Option<String> {
        let known = self.known();
        known.book.accounts.get(name).filter(|account| !account.disabled).and_then(|account| account.password.clone())
    }

    /// Somebody who has given this password, as it is kept.
    pub fn by_password(&self, name: &str, kept: &str) -> Option<Caller> {
        let known = self.known();
        let account = known.book.accounts.get(name).filter(|account| !account.disabled)?;
        // It may have been changed while it was looked at.
        if account.password.as_deref() != Some(kept) {
            return None;
        }
        let person = known.people.prove(name, person::Proof::Password)?;
        let access = self.config.access_of(&known.book, name);
        Some(Caller { person: Some(person), access, since: account.since, ends: None })
            .filter(|caller| caller.access.may(Permission::Look))
    }

    /// Somebody whose request goes on, with what they may do now; none where they are not let in any more.
    pub fn goes_on(&self, caller: &Caller, now: Timestamp) -> Option<Caller> {
        let Some(person) = &caller.person else { return Some(caller.clone()) };
        match person.proof() {
            person::Proof::Link => Some(caller.clone()),
            person::Proof::Proxy => {
                let kept_out = self.known().book.keeps_out(&person.id());
                (!kept_out).then(|| caller.clone())
            }
            _ => self.still(caller, now),
        }
    }

    /// Somebody who came in a while ago, with what they may do now; none where they would not come in any more.
    pub fn still(&self, caller: &Caller, now: Timestamp) -> Option<Caller> {
        let known = self.known();
        let Some(person) = &caller.person else { return self.shared.as_ref().map(|_| caller.clone()) };
        match person.proof() {
            person::Proof::Token(id) => {
                let entry =
                    known.tokens.iter().find(|entry| entry.hash.id() == *id && fold(&entry.name) == person.id())?;
                self.of_entry(&known, entry, now).ok()
            }
            person::Proof::Password => {
                let shared = self.shared.as_ref().and_then(Proof::user).is_some_and(|user| fold(user) == person.id());
                if shared && caller.since.is_none() {
                    let person = known.people.prove(person.name(), person::Proof::Password);
                    return person.map(|person| self.of_shared(&known, Some(person)));
                }
                let account = known.book.accounts.get(person.name())?;
                let same = account.since == caller.since;
                same.then(|| self.by_password(person.name(), account.password.as_deref()?)).flatten()
            }
            person::Proof::Oidc { issuer, subject } => {
                let trusted = self.config.server.oidc.as_ref().is_some_and(|oidc| oidc.issuer_text == *issuer);
                let named = self
                    .config
                    .named_by_provider(&known.book, subject, person.name(), person.groups())
                    .ok()
                    .filter(|_| trusted);
                let caller =
                    named.map(|(person, access)| Caller { person: Some(person), access, since: None, ends: None });
                caller.filter(|caller| caller.access.may(Permission::Look))
            }
            person::Proof::Link | person::Proof::Proxy => None,
        }
    }
}

/// The token that a request carries, as a bearer's or as the password of its owner.
fn owner<'a>(known: &'a Known, headers: &HeaderMap) -> Option<&'a Entry> {
    let (scheme, credentials) = authorization(headers)?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return known.entry(credentials);
    }
    let (name, token) = basic(headers)?;
    known.entry(&token).filter(|entry| entry.name == name)
}

/// The name and the password that a request carries.
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let (scheme, credentials) = authorization(headers)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = base64::engine::general_purpose::STANDARD.decode(credentials).ok()?;
    let decoded = String::from_utf8(decoded).ok()?;
    decoded.split_once(':').map(|(name, password)| (name.to_string(), password.to_string()))
}
