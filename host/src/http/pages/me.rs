//! `/me`: one's own sessions and tokens.

use std::collections::HashMap;

use axum::http::StatusCode;
use axum::response::Response;
use jiff::SignedDuration;
use serde::Deserialize;

use super::asking::Asking;
use super::see_other;
use super::sent::Sent;
use crate::config::RoleSource;
use crate::domain::{Permission, Proven};
use crate::http::answer::Failure;
use crate::http::people::acts;
use crate::http::people::listed::{TokenView, tokens_of};
use crate::http::people::tokens::{self, Minted, USUAL};
use crate::page::{self, AccountPage, CreatedToken, FormError, RoleReason, SessionRow, TokenRow};

/// `GET /me`.
pub async fn show(asking: Asking) -> Response {
    me(&asking, StatusCode::OK, None, None)
}

/// A token as a page shows it.
pub fn row(token: TokenView) -> TokenRow {
    let TokenView { id, label, scopes, expires, used, .. } = token;
    TokenRow { id, label, scopes: scopes.into_iter().map(Permission::as_str).collect(), expires, used }
}

fn me(asking: &Asking, status: StatusCode, made: Option<CreatedToken>, refused: Option<FormError>) -> Response {
    let Asking { state, viewer, .. } = asking;
    let (caller, config, book) = (viewer.caller(), state.callers.config(), state.callers.book());
    let person = caller.proven();
    let may = match person {
        Some(person) => {
            config.why_of_person(&book, person).into_iter().map(|(grant, why)| (grant.to_string(), of(why))).collect()
        }
        None => caller.access().grants().iter().map(|grant| (grant.to_string(), RoleReason::Own)).collect(),
    };
    let own = tokens::owner(caller).ok();
    let scopes =
        own.map(|_| Permission::ALL.into_iter().filter(|one| caller.access().may(*one)).map(Permission::as_str));
    let (now, elapsed) = (state.clock.now(), state.clock.elapsed());
    let ago = |at: std::time::Duration| {
        let ago = SignedDuration::try_from(elapsed.saturating_sub(at)).unwrap_or_default();
        now.saturating_sub(ago).unwrap_or(now)
    };
    let sessions = person.map(|person| state.pages.sessions.list_of(&person.id())).unwrap_or_default();
    let sessions = sessions.into_iter().map(|session| SessionRow {
        here: viewer.session.as_ref().is_some_and(|key| key.public() == session.id),
        began: ago(session.began),
        used: ago(session.used),
        id: session.id,
    });
    let shown_me = AccountPage {
        name: person.map(Proven::shown),
        way: person.map_or("-", |person| person.proof().as_str()),
        may,
        groups: person.map(|person| person.groups().iter().cloned().collect()).unwrap_or_default(),
        sessions: sessions.collect(),
        tokens: own.map(|name| tokens_of(state, name).into_iter().map(row).collect()).unwrap_or_default(),
        scopes: scopes.map(Iterator::collect).unwrap_or_default(),
        ends: caller.ends().filter(|end| end.duration_since(now) < USUAL),
        made,
        refused,
    };
    asking.says(status, |frame| page::me(&shown_me, frame))
}

fn of(because: RoleSource) -> RoleReason {
    match because {
        RoleSource::Own => RoleReason::Own,
        RoleSource::Unsaid => RoleReason::Unsaid,
        RoleSource::Named => RoleReason::Named,
        RoleSource::Group(group) => RoleReason::Group(group),
    }
}

/// One of them is said, and with `make` what the token is to be.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Words {
    revoke: Option<String>,
    end: Option<String>,
    everywhere: Option<String>,
    make: Option<String>,
    lasts: String,
    label: String,
    /// Scopes that are chosen, by their words; and whatever else a form holds.
    #[serde(flatten)]
    more: HashMap<String, String>,
}

/// `POST /me`.
pub async fn change(asking: Asking, Sent(words): Sent<Words>) -> Response {
    match changed(&asking, words).await {
        // It is in this answer and nowhere else.
        Ok(Some(made)) => me(&asking, StatusCode::OK, Some(made), None),
        Ok(None) => see_other("/me"),
        Err(failure) => {
            let why = FormError::Host(failure.sentence().into());
            me(&asking, failure.status(), None, Some(why))
        }
    }
}

async fn changed(asking: &Asking, words: Words) -> Result<Option<CreatedToken>, Failure> {
    let (state, requester, caller) = (&asking.state, asking.requester(), asking.viewer.caller());
    match words {
        Words { revoke: Some(id), .. } => tokens::revoke_own(state, &requester, &id, false).await.map(|()| None),
        Words { end: Some(id), .. } => {
            let own = caller.proven().map(Proven::id).unwrap_or_default();
            let is_here = asking.viewer.session.as_ref().is_some_and(|key| key.public() == id);
            if !is_here {
                acts::may_end_sessions(caller)?;
            }
            let ended = state.pages.sessions.end_one_of(&own, &id);
            if ended { Ok(None) } else { Err(Failure::not_found("you have no such session any more")) }
        }
        Words { everywhere: Some(_), .. } => acts::sign_out_own(state, caller).map(|_| None),
        Words { make: Some(_), lasts, label, more, .. } => {
            let all = Permission::ALL.into_iter().map(Permission::as_str);
            let is_chosen = |scope: &&str| more.get(*scope).is_some_and(|said| said == "yes");
            let scopes: Vec<String> = all.filter(is_chosen).map(String::from).collect();
            let Minted { secret, capped, token } =
                tokens::mint(state, &requester, &scopes, Some(&lasts), &label).await?;
            let ends = token.expires.filter(|_| capped);
            Ok(Some(CreatedToken { secret: secret.expose().to_string(), ends }))
        }
        _ => Err(Failure::invalid("say one of: revoke, end, everywhere, make")),
    }
}
