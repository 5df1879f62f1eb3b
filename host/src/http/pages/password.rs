//! A name and a password become somebody who calls. Passwords are looked at on threads of their own, few at once, and whether
//! there is somebody of this name nobody learns: neither from the answer nor from the time it takes.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::accounts::password;
use crate::domain::person::fold;
use crate::http::Shared;
use crate::http::callers::Caller;
use crate::http::places::Peer;
use crate::page::SignIn;

/// Passwords that are looked at at once: each takes 19 MiB.
static PLACES: Semaphore = Semaphore::const_new(2);
/// How long one waits for the others.
const WAIT: Duration = Duration::from_secs(5);
/// Longer names are nobody's.
const LONGEST: usize = 100;

/// Who gives this name and password.
///
/// # Errors
/// What is said of it.
pub async fn caller(state: &Arc<Shared>, peer: Peer, name: &str, given: &str) -> Result<Caller, SignIn> {
    let (name, address) = (fold(name), format!("{peer:?}"));
    if name.len() > LONGEST || given.len() > password::LONGEST {
        return Err(SignIn::WrongPassword);
    }
    let pauses = &state.pages.pauses;
    // Few at once, so that those who come together do not all try before the first is known to be wrong.
    if pauses.wait(&name, &address, state.clock.now()).is_some() {
        return Err(SignIn::TooOften);
    }
    let Ok(Ok(place)) = tokio::time::timeout(WAIT, PLACES.acquire()).await else { return Err(SignIn::Unavailable) };
    if pauses.wait(&name, &address, state.clock.now()).is_some() {
        return Err(SignIn::TooOften);
    }
    let (of, text) = (Arc::clone(state), given.to_string());
    let work = tokio::task::spawn_blocking(move || {
        // Whoever hangs up frees no place before its memory is free, and has tried all the same.
        let _place = place;
        let kept = of.callers.password_of(&name);
        let right = password::is_right(&text, kept.as_deref());
        let caller = kept.filter(|_| right).and_then(|kept| of.callers.by_password(&name, &kept));
        match caller {
            Some(_) => of.pages.pauses.right(&name, &address),
            None => of.pages.pauses.wrong(&name, &address, of.clock.now()),
        }
        caller
    });
    work.await.ok().flatten().ok_or(SignIn::WrongPassword)
}
