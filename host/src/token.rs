//! Tokens of people and senders: how they are made, recognised and kept.
//!
//! `tg_p_` and 36 letters: 30 drawn by the operating system (178 bits) and 6 that follow from them, so
//! that a typing error is told from a wrong token. Only the SHA-256 is kept: what cannot be guessed
//! needs no slow hash, and a slow one would let strangers keep the host busy.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::random;
use crate::secret::Secret;

const PREFIX: &str = "tg_p_";
const DRAWN: usize = 30;
const CHECK: usize = 6;
const HASHED: &str = "sha256:";
const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A new token. Shown once, kept nowhere.
///
/// # Errors
/// When the operating system has no randomness to give.
pub fn generate() -> Result<Secret, String> {
    let mut letters = String::with_capacity(DRAWN);
    while letters.len() < DRAWN {
        let drawn = random::unguessable()?;
        // 248 is the largest multiple of 62 in a byte: every letter is equally likely.
        let fair = drawn.iter().filter(|byte| **byte < 248).filter_map(|byte| LETTERS.get(usize::from(byte % 62)));
        letters.extend(fair.take(DRAWN - letters.len()).map(|letter| char::from(*letter)));
    }
    Ok(Secret::new(format!("{PREFIX}{letters}{}", check(&letters))))
}

/// Letters that follow from the drawn ones.
fn check(letters: &str) -> String {
    let digest = Sha256::digest(letters.as_bytes());
    let letters = digest.iter().take(CHECK).filter_map(|byte| LETTERS.get(usize::from(byte % 62)));
    letters.map(|letter| char::from(*letter)).collect()
}

/// Whether a text is written as a token is, be it a good one or not.
pub fn is_token(text: &str) -> bool {
    let Some(letters) = text.strip_prefix(PREFIX) else { return false };
    let (drawn, given) = letters.split_at_checked(DRAWN).unwrap_or_default();
    letters.bytes().all(|byte| byte.is_ascii_alphanumeric()) && !given.is_empty() && check(drawn) == given
}

/// The same text without what is written as a token is, or nearly so: so much that the rest could be guessed.
pub fn strip(text: &str) -> String {
    let mut left = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(PREFIX) {
        let (before, found) = rest.split_at(at);
        let letters = found.strip_prefix(PREFIX).unwrap_or_default();
        let end = letters.find(|letter: char| !letter.is_ascii_alphanumeric()).unwrap_or(letters.len());
        let (letters, behind) = letters.split_at(end);
        left.push_str(before);
        left.push_str(PREFIX);
        left.push_str(if letters.len() < DRAWN / 2 { letters } else { "…" });
        rest = behind;
    }
    left + rest
}

/// What the configuration keeps of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hash([u8; 32]);

impl Hash {
    /// Of a token.
    pub fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }

    /// Reads `sha256:` and 64 hex digits.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = hex::decode(text.strip_prefix(HASHED)?).ok()?;
        Some(Self(bytes.try_into().ok()?))
    }

    /// Whether both are the same; takes as long whatever they are.
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }

    /// A name for the token in the journal, from which it cannot be had.
    pub fn id(&self) -> String {
        hex::encode(self.0).chars().take(12).collect()
    }
}

impl std::fmt::Display for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{HASHED}{}", hex::encode(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_recognised_and_its_hash_survives_the_configuration() {
        let (one, other) = (generate().unwrap(), generate().unwrap());
        assert_ne!(one.expose(), other.expose());
        assert_eq!(one.expose().len(), 41);
        assert!(is_token(one.expose()));
        let hash = Hash::of(one.expose());
        assert_eq!(Hash::parse(&hash.to_string()), Some(hash.clone()));
        assert!(hash.matches(&Hash::of(one.expose())) && !hash.matches(&Hash::of(other.expose())));
    }

    #[test]
    fn what_is_mistyped_is_no_token() {
        let good = generate().unwrap();
        let good = good.expose();
        let swapped: String = {
            let mut bytes = good.as_bytes().to_vec();
            bytes[10] = if bytes[10] == b'A' { b'B' } else { b'A' };
            String::from_utf8(bytes).unwrap()
        };
        let upper = good.replace("tg_p_", "TG_P_");
        let (cut, longer, spaced) = (&good[..40], format!("{good}a"), format!("{good} "));
        for wrong in [swapped.as_str(), cut, &longer, &spaced, &upper, "", "tg_p_", "tg_p_ä", "hunter2"] {
            assert!(!is_token(wrong), "{wrong}");
        }
        for wrong in ["", "sha256:", "sha256:00", "md5:00", &"0".repeat(64), &format!("sha256:{}", "g".repeat(64))] {
            assert_eq!(Hash::parse(wrong), None, "{wrong}");
        }
    }
}
