//! `/me`: one's own sessions and tokens.

use std::collections::HashMap;

use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::SignedDuration;

use super::asking::Asking;
use super::see_other;
use super::sign::form;
use crate::config::Because;
use crate::domain::Permission;
use crate::http::answer::Failure;
use crate::http::people::acts::{self, by};
use crate::http::people::listed::{TokenView, tokens_of};
use crate::page::{self, MayBecause, Me, Refused, SessionRow, TokenRow};

/// `GET /me`.
pub async fn show(asking: Asking) -> Response {
    me(&asking, StatusCode::OK, None, None)
}

/// A token as a page shows it.
pub fn row(token: TokenView) -> TokenRow {
    let TokenView { id, label, scopes, expires, used, .. } = token;
    TokenRow { id, label, scopes: scopes.into_iter().map(Permission::as_str).collect(), expires, used }
}

fn me(asking: &Asking, status: StatusCode, made: Option<String>, refused: Option<Refused>) -> Response {
    let Asking { state, viewer, .. } = asking;
    let (caller, config, book) = (viewer.caller(), state.callers.config(), state.callers.book());
    let person = caller.proven();
    let may = match person {
        Some(person) => {
            config.why_of_person(&book, person).into_iter().map(|(grant, why)| (grant.to_string(), of(why))).collect()
        }
        None => caller.access().grants().iter().map(|grant| (grant.to_string(), MayBecause::Own)).collect(),
    };
    let own = acts::owner(caller).ok();
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
    let shown_me = Me {
        name: person.map(|person| person.name().to_string()),
        way: person.map_or("-", |person| person.proof().as_str()),
        may,
        groups: person.map(|person| person.groups().iter().cloned().collect()).unwrap_or_default(),
        sessions: sessions.collect(),
        tokens: own.map(|name| tokens_of(state, name).into_iter().map(row).collect()).unwrap_or_default(),
        scopes: scopes.map(Iterator::collect).unwrap_or_default(),
        made,
        refused,
    };
    asking.says(status, |frame| page::me(&shown_me, frame))
}

fn of(because: Because) -> MayBecause {
    match because {
        Because::Own => MayBecause::Own,
        Because::Unsaid => MayBecause::Unsaid,
        Because::Named => MayBecause::Named,
        Because::Group(group) => MayBecause::Group(group),
    }
}

/// `POST /me`.
pub async fn change(asking: Asking, request: Request) -> Response {
    let Asking { state, viewer, .. } = &asking;
    let by = by(state, viewer.caller(), &request);
    let words: HashMap<String, String> = match form(state, request).await {
        Ok(words) => words,
        Err(response) => return *response,
    };
    let said = |name: &str| words.get(name).map(String::as_str);
    let done = if let Some(id) = said("revoke") {
        acts::revoke_own(state, by, viewer.caller(), id).await.map(|()| None)
    } else if let Some(id) = said("end") {
        let own = viewer.caller().proven().map(|person| person.id()).unwrap_or_default();
        let is_here = viewer.session.as_ref().is_some_and(|key| key.public() == id);
        match acts::may_end_sessions(viewer.caller()) {
            Err(failure) if !is_here => Err(failure),
            _ if state.pages.sessions.end_one_of(&own, id) => Ok(None),
            _ => Err(Failure::not_found("you have no such session any more")),
        }
    } else if said("everywhere").is_some() {
        acts::sign_out_own(state, viewer.caller()).map(|_| None)
    } else if said("make").is_some() {
        let scopes: Vec<String> = Permission::ALL
            .into_iter()
            .map(Permission::as_str)
            .filter(|scope| said(scope) == Some("yes"))
            .map(String::from)
            .collect();
        let (length, label) = (said("lasts").unwrap_or("90d"), said("label").unwrap_or_default());
        let minted = acts::mint(state, by, viewer.caller(), &scopes, length, label).await;
        minted.map(|(secret, _)| Some(secret.expose().to_string()))
    } else {
        Err(Failure::invalid("say one of: revoke, end, everywhere, make"))
    };
    match done {
        // It is in this answer and nowhere else.
        Ok(Some(made)) => me(&asking, StatusCode::OK, Some(made), None),
        Ok(None) => see_other("/me"),
        Err(failure) => {
            let why = Refused::Host(failure.sentence().into());
            me(&asking, failure.status(), None, Some(why))
        }
    }
}
