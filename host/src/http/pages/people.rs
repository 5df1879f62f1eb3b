//! `/people`: who there is, for admins.

use std::collections::HashMap;

use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::Response;

use super::asking::Asking;
use super::me::row;
use super::see_other;
use super::sign::form;
use crate::domain::person::fold;
use crate::http::answer::Failure;
use crate::http::people::acts::{self, Making, by};
use crate::http::people::listed::{PersonView, everybody};
use crate::page::{self, People, PersonRow, Refused};

/// `GET /people`.
pub async fn show(asking: Asking) -> Response {
    people(&asking, StatusCode::OK, None)
}

fn people(asking: &Asking, status: StatusCode, refused: Option<Refused>) -> Response {
    let Asking { state, viewer, .. } = asking;
    let own = viewer.caller().proven();
    let row = |view: PersonView| {
        let key = view.id.clone().unwrap_or_else(|| view.name.clone());
        PersonRow {
            oneself: own.is_some_and(|own| own.id() == key || view.id.is_none() && own.id() == fold(&view.name)),
            key,
            from: view.from,
            may: view.access.iter().map(ToString::to_string).collect(),
            role: view.role,
            places: view.places.iter().map(|bounds| bounds.to_string().replace(' ', ",")).collect(),
            groups: view.groups.into_iter().collect(),
            disabled: view.disabled,
            tokens: view.tokens.into_iter().map(row).collect(),
            sessions: view.sessions,
            seen: view.seen,
            name: view.name,
        }
    };
    let all = People { all: everybody(state).into_iter().map(row).collect(), refused };
    asking.says(status, |frame| page::people(&all, frame))
}

/// `POST /people`.
pub async fn change(asking: Asking, request: Request) -> Response {
    let Asking { state, viewer, .. } = &asking;
    let by = by(state, viewer.caller(), &request);
    let words: HashMap<String, String> = match form(state, request).await {
        Ok(words) => words,
        Err(response) => return *response,
    };
    let said = |name: &str| words.get(name).map(String::as_str).unwrap_or_default();
    let list = |name: &str, by: &[char]| -> Vec<String> {
        said(name).split(by).map(|one| one.trim().to_string()).filter(|one| !one.is_empty()).collect()
    };
    let (name, role) = (said("name").trim(), said("role").to_string());
    let (groups, places) = (list("groups", &[',', '\n', '\r']), list("places", &['\n', '\r']));
    let done = if words.contains_key("revoke") {
        acts::revoke(state, by, said("revoke"), name).await
    } else {
        match said("act") {
            "make" => {
                let password = Some(said("password").to_string());
                acts::make(state, by, name, Making { password, role, groups, places }).await
            }
            "set" => match acts::edit_of(Some(&role), Some(groups), Some(places), None) {
                Ok(edit) => acts::change(state, by, name, edit).await,
                Err(failure) => Err(failure),
            },
            act @ ("disable" | "enable") => match acts::edit_of(None, None, None, Some(act == "disable")) {
                Ok(edit) => acts::change(state, by, name, edit).await,
                Err(failure) => Err(failure),
            },
            "sign_out" => acts::sign_out(state, name).map(|_| ()),
            _ => Err(Failure::invalid("say one of: make, set, disable, enable, sign_out, revoke")),
        }
    };
    match done {
        Ok(()) => see_other("/people"),
        Err(failure) => {
            let why = Refused::Host(failure.sentence().into());
            people(&asking, failure.status(), Some(why))
        }
    }
}
