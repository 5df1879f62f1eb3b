//! `/people`: who there is, for admins.

use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::asking::Asking;
use super::me::row;
use super::see_other;
use super::sent::Sent;
use crate::domain::person::fold;
use crate::http::answer::Failure;
use crate::http::people::acts::{self, NewAccount, Preconditions};
use crate::http::people::listed::{PersonView, everybody};
use crate::http::people::tokens;
use crate::page::{self, FormError, People, PersonRow};

/// `GET /people`.
pub async fn show(asking: Asking) -> Response {
    people(&asking, StatusCode::OK, None)
}

fn people(asking: &Asking, status: StatusCode, refused: Option<FormError>) -> Response {
    let Asking { state, viewer, .. } = asking;
    let own = viewer.caller().proven();
    let last = state.callers.last_admin(state.clock.now());
    let row = |view: PersonView| {
        let key = view.id.clone().unwrap_or_else(|| view.name.clone());
        PersonRow {
            tag: view.tag(),
            oneself: own.is_some_and(|own| own.id() == key || view.id.is_none() && own.id() == fold(&view.name)),
            last_admin: view.id.is_none() && last.as_ref() == Some(&view.name),
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
    let all = People { all: everybody(state).into_iter().map(row).collect(), open: state.callers.are_open(), refused };
    asking.says(status, |frame| page::people(&all, frame))
}

/// One thing is said of somebody: a token that is to end, or what is to be done.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Words {
    name: String,
    revoke: Option<String>,
    act: String,
    role: String,
    groups: String,
    places: String,
    password: String,
    last_admin: String,
    /// The tag of whom the form was shown of.
    read: String,
}

/// `POST /people`.
pub async fn change(asking: Asking, Sent(words): Sent<Words>) -> Response {
    match changed(&asking, words).await {
        Ok(()) => see_other("/people"),
        Err(failure) => {
            let why = FormError::Host(failure.sentence().into());
            people(&asking, failure.status(), Some(why))
        }
    }
}

async fn changed(asking: &Asking, words: Words) -> Result<(), Failure> {
    let (state, requester) = (&asking.state, asking.requester());
    let Words { name, revoke, act, role, groups, places, password, last_admin, read } = words;
    let (name, meant) = (name.trim(), last_admin == "yes");
    if let Some(id) = revoke {
        return tokens::revoke(state, &requester, &id, name, meant).await;
    }
    let list = |text: &str, by: &[char]| -> Vec<String> {
        text.split(by).map(|one| one.trim().to_string()).filter(|one| !one.is_empty()).collect()
    };
    let (groups, places) = (list(&groups, &[',', '\n', '\r']), list(&places, &['\n', '\r']));
    let edit = match act.as_str() {
        "make" => {
            let making = NewAccount { password: Some(password), role, groups, places };
            return acts::make(state, &requester, name, making).await;
        }
        "sign_out" => return acts::sign_out(state, name).map(|_| ()),
        "set" => acts::edit_of(Some(&role), Some(groups), Some(places), None)?,
        "disable" | "enable" => acts::edit_of(None, None, None, Some(act == "disable"))?,
        _ => return Err(Failure::invalid("say one of: make, set, disable, enable, sign_out, revoke")),
    };
    // A form says all of somebody anew, as they stood when it was shown.
    let read = Some(read).filter(|tag| !tag.is_empty()).map(|tag| (name.to_string(), tag));
    acts::change(state, &requester, name, edit, Preconditions { last_admin: meant, read }).await
}
