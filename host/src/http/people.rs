//! `GET /v1/people` and `POST /v1/people/{name}/sign-out`: who there is, and ending the sessions of others.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};

use super::Shared;
use crate::domain::person::fold;

/// `GET /v1/people`: nothing of it proves anything.
pub async fn list(State(state): State<Arc<Shared>>) -> Json<Value> {
    let (config, book) = (state.callers.config(), state.callers.book());
    let names = config.users.keys().chain(book.accounts.keys());
    let names: std::collections::BTreeSet<&String> = names.collect();
    let shown = names.into_iter().map(|name| {
        let (access, account) = (config.access_of(&book, name), book.accounts.get(name));
        let tokens = book.tokens.iter().filter(|token| token.owner == *name).map(|token| {
            json!({
                "id": token.id, "label": token.label, "scopes": token.scopes, "made": token.made,
                "expires": token.expires, "used": state.callers.used().at(&token.id),
            })
        });
        json!({
            "name": name,
            "access": access.grants(),
            "password": account.is_some_and(|account| account.password.is_some()),
            "disabled": account.is_some_and(|account| account.disabled),
            "tokens": tokens.collect::<Vec<_>>(),
            "sessions": state.pages.sessions_of(&fold(name)),
        })
    });
    Json(json!({ "people": shown.collect::<Vec<_>>() }))
}

/// `POST /v1/people/{name}/sign-out`: ends all sessions of somebody.
pub async fn sign_out(State(state): State<Arc<Shared>>, Path(name): Path<String>) -> Json<Value> {
    Json(json!({ "ended": state.pages.end_all_of(&fold(&name)) }))
}
