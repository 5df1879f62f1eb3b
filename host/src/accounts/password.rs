//! Passwords: what is kept of one, and whether it is the right one. Both take a while and much memory, on purpose.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};

use crate::random;

/// Letters of a password at least, and bytes at most.
pub const SHORTEST: usize = 12;
/// Longer ones are refused, not cut.
pub const LONGEST: usize = 1024;

/// What OWASP names for Argon2id: 19 MiB, two passes, one lane.
const MEMORY: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// What stands in the place of a password that there is not, so that both take the same time.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGhhcyB0aGlz$Y4KzzIgUErd7/K7tAmABwA2eMCXmbCD25+kvB5hRRio";

fn hasher() -> Result<Argon2<'static>, String> {
    let params = Params::new(MEMORY, PASSES, LANES, None).map_err(|error| error.to_string())?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Why a text cannot be a password, if it cannot.
pub fn unfit(password: &str) -> Option<String> {
    if password.len() > LONGEST {
        return Some(format!("a password has {LONGEST} bytes at most"));
    }
    (password.chars().count() < SHORTEST).then(|| {
        format!("a password has {SHORTEST} letters or more; several words are easier to keep than odd letters")
    })
}

/// What is kept of a password.
///
/// # Errors
/// When the operating system has no randomness or no memory to give.
pub fn hash(password: &str) -> Result<String, String> {
    let salt = random::unguessable()?;
    let salt = salt.get(..16).unwrap_or_default();
    let hash: PasswordHash =
        hasher()?.hash_password_with_salt(password.as_bytes(), salt).map_err(|error| error.to_string())?;
    Ok(hash.to_string())
}

/// Whether it is the password of which this is kept. Where nothing is kept it is not, and that takes as long.
pub fn is_right(password: &str, kept: Option<&str>) -> bool {
    let parsed = PasswordHash::new(kept.unwrap_or(NOBODY));
    let (Ok(parsed), Ok(hasher)) = (parsed, hasher()) else { return false };
    let same = password.len() <= LONGEST && hasher.verify_password(password.as_bytes(), &parsed).is_ok();
    same && kept.is_some()
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_password_is_kept_as_a_hash_of_its_own_and_nobody_has_none() {
        let (one, two) = (hash("correct horse battery").unwrap(), hash("correct horse battery").unwrap());
        assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$") && one != two, "{one}");
        assert!(is_right("correct horse battery", Some(&one)) && !is_right("correct horse batterz", Some(&one)));
        assert!(!is_right("", Some(&one)) && !is_right("x", Some("no hash")));
        let took = |kept: Option<&str>| {
            let began = Instant::now();
            assert!(!is_right("wrong horse battery", kept));
            began.elapsed().as_secs_f64()
        };
        let (known, unknown) = (took(Some(&one)), took(None));
        assert!(unknown > known / 4.0 && unknown < known * 4.0, "{known} {unknown}");
    }

    #[test]
    fn what_is_short_is_none() {
        assert!(unfit("hunter2").is_some() && unfit("päss wörter!").is_none() && unfit(&"x".repeat(1025)).is_some());
    }
}
