//! What binds a sign-in to the browser that began it. All of it stands in the browser's cookie, which only this process can make,
//! so that strangers who begin without end fill nothing here and take nobody's place.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::random;
use crate::secret::Secret;

/// How long somebody may take at the provider.
pub const LASTS: SignedDuration = SignedDuration::from_mins(10);
/// Used ones that are remembered. A code is good once at the provider besides.
const REMEMBERED: usize = 8192;

/// Makes tickets, and knows its own.
pub struct Tickets {
    key: [u8; 32],
    used: Mutex<HashMap<[u8; 32], Timestamp>>,
}

/// A sign-in that was begun.
pub struct Ticket {
    id: [u8; 32],
    /// The path where it goes on.
    pub to: String,
}

/// What goes to the provider and must come back from it.
pub struct Words {
    /// In the address.
    pub state: String,
    /// In the token.
    pub nonce: String,
    /// Shown to the provider when the code is exchanged.
    pub verifier: Secret,
}

impl Tickets {
    /// None yet.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub fn new() -> Result<Self, String> {
        Ok(Self { key: random::unguessable()?, used: Mutex::default() })
    }

    /// What belongs to a name under a label; nobody else can say it.
    fn of(&self, label: &str, name: &[u8]) -> [u8; 32] {
        // Of any length a key is one.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.key) else { return [0; 32] };
        mac.update(label.as_bytes());
        mac.update(&[0]);
        mac.update(name);
        mac.finalize().into_bytes().into()
    }

    /// Begins a sign-in: what the browser keeps, and what goes to the provider.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub fn make(&self, to: &str, now: Timestamp) -> Result<(String, Words), String> {
        let ticket = Ticket { id: random::unguessable()?, to: to.to_string() };
        let text = format!("{}.{}.{}", hex::encode(ticket.id), now.as_second(), URL_SAFE_NO_PAD.encode(to));
        let mac = hex::encode(self.of("ticket", text.as_bytes()));
        Ok((format!("{text}.{mac}"), self.words(&ticket)))
    }

    /// What went to the provider with it.
    pub fn words(&self, ticket: &Ticket) -> Words {
        let word = |label| URL_SAFE_NO_PAD.encode(self.of(label, &ticket.id));
        Words { state: word("state"), nonce: word("nonce"), verifier: Secret::new(word("verifier")) }
    }

    /// The sign-in of a cookie, while it lasts.
    pub fn read(&self, cookie: &str, now: Timestamp) -> Option<Ticket> {
        let (text, mac) = cookie.rsplit_once('.')?;
        let mut given = [0; 32];
        hex::decode_to_slice(mac, &mut given).ok()?;
        let own: bool = given.ct_eq(&self.of("ticket", text.as_bytes())).into();
        let mut parts = text.split('.').filter(|_| own);
        let (id, began, to) = (parts.next()?, parts.next()?, parts.next()?);
        let mut ticket = Ticket { id: [0; 32], to: String::from_utf8(URL_SAFE_NO_PAD.decode(to).ok()?).ok()? };
        hex::decode_to_slice(id, &mut ticket.id).ok()?;
        let began = Timestamp::from_second(began.parse().ok()?).ok()?;
        (now.duration_since(began).abs() < LASTS).then_some(ticket)
    }

    /// Uses it up; false where that was done before.
    pub fn spend(&self, ticket: &Ticket, now: Timestamp) -> bool {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.retain(|_, at| now.duration_since(*at).abs() < LASTS);
        if used.len() >= REMEMBERED && !used.contains_key(&ticket.id) {
            let oldest = used.iter().min_by_key(|(_, at)| **at).map(|(id, _)| *id);
            oldest.map(|id| used.remove(&id));
        }
        used.insert(ticket.id, now).is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_good_here_once_and_for_a_while() {
        let (tickets, others) = (Tickets::new().unwrap(), Tickets::new().unwrap());
        let at = |second| Timestamp::from_second(second).unwrap();
        let (cookie, words) = tickets.make("/i/é?a=b", at(0)).unwrap();
        let ticket = tickets.read(&cookie, at(599)).unwrap();
        assert_eq!((ticket.to.as_str(), tickets.words(&ticket).state), ("/i/é?a=b", words.state.clone()));
        assert!(words.state != words.nonce && words.nonce != words.verifier.expose() && words.state.len() == 43);
        assert!(tickets.read(&cookie, at(600)).is_none() && others.read(&cookie, at(1)).is_none());
        let other = URL_SAFE_NO_PAD.encode("https://evil.example");
        let parts: Vec<&str> = cookie.split('.').collect();
        let changed = [parts[0], parts[1], &other, parts[3]].join(".");
        for bad in
            [changed.as_str(), "", ".", "a.b.c.d", &cookie[1..], &cookie[..cookie.len() - 1], &format!("{cookie}0")]
        {
            assert!(tickets.read(bad, at(1)).is_none(), "{bad}");
        }
        assert!(tickets.spend(&ticket, at(1)) && !tickets.spend(&ticket, at(2)));
        assert_ne!(tickets.make("/", at(0)).unwrap().0, tickets.make("/", at(0)).unwrap().0);
    }
}
