//! `/silences` and below: what is hidden, and how that is begun, changed and ended. A form makes nothing that was not looked at.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use serde::Deserialize;

use super::asking::Asking;
use super::look::listed;
use super::sent::{Sent, asked};
use super::{Viewer, see_other};
use crate::backend::silences::{SilenceDraft, SilenceError};
use crate::domain::parsed_time;
use crate::domain::silence::{Preview, SilenceState};
use crate::domain::{Matcher, Permission, Person};
use crate::http::access::within;
use crate::http::answer::Failure;
use crate::http::silences::{self, end, longer};
use crate::http::{Shared, list};
use crate::page::{self, Drafted, Fields, FormError, OneSilence, SilenceList};

/// Silences of one page.
const MOST: usize = 100;
/// How long a silence is where nobody says otherwise.
const LENGTH: &str = "2h";

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Wanted {
    state: Option<SilenceState>,
}

/// `GET /silences`.
pub async fn list(asking: Asking) -> Response {
    let read = async {
        let wanted = list::query::<Wanted>(&asking.uri)?.state;
        let access = asking.viewer.caller.access().clone();
        listed(&asking.state, move |backend, _| {
            let states = wanted.map_or_else(|| vec![SilenceState::Active, SilenceState::Pending], |state| vec![state]);
            let (views, count) = backend.silences_in(&states, MOST, &access);
            Ok(SilenceList { views, count, state: wanted })
        })
        .await
    };
    asking.answers(read.await, page::silences)
}

/// `GET /silences/new`: with a query, what that would cover.
pub async fn new(asking: Asking) -> Response {
    let mut fields: Fields = asked(&asking.uri);
    if fields.length.is_empty() && fields.until.is_empty() {
        fields.length = LENGTH.into();
    }
    draft(&asking, fields, StatusCode::OK, |drafted| drafted).await
}

/// `POST /silences/new`.
pub async fn make(asking: Asking, Sent(fields): Sent<Fields>) -> Response {
    let state = &asking.state;
    let refuse = |status, why: FormError| {
        draft(&asking, fields.clone(), status, move |drafted| Drafted { refused: Some(why), ..drafted })
    };
    let Some(person) = asking.viewer.caller.clone().known(Some(&fields.person)) else {
        return refuse(StatusCode::BAD_REQUEST, FormError::Nameless).await;
    };
    let draft_of = match drafted(&fields, person, state.clock.now()) {
        Ok(draft) => draft,
        Err(failure) => return refuse(failure.status(), FormError::Host(failure.sentence().into())).await,
    };
    if let Err(failure) = within(&asking.viewer.caller, Permission::Silence, &draft_of.matchers) {
        return refuse(failure.status(), FormError::Host(failure.sentence().into())).await;
    }
    if page::version(&seen(&draft_of.matchers, &fields)) != fields.seen {
        return draft(&asking, fields, StatusCode::CONFLICT, |drafted| Drafted { other: true, ..drafted }).await;
    }
    match state.backend.set_silence(draft_of).await {
        Ok(id) => see_other(&format!("/silences/{id}")),
        Err(error) => {
            let failure = Failure::from(error);
            refuse(failure.status(), FormError::Host(failure.sentence().into())).await
        }
    }
}

/// What somebody looks at before they make it.
fn seen(matchers: &[Matcher], fields: &Fields) -> (String, String, String, String) {
    let times = [&fields.from, &fields.until, &fields.length].map(|text| text.trim().to_string());
    let [from, until, length] = times;
    (crate::domain::matcher::format_all(matchers), from, until, length)
}

/// The silence that the fields describe.
fn drafted(fields: &Fields, person: Person, now: Timestamp) -> Result<SilenceDraft, Failure> {
    let matchers = Matcher::parse_all(&fields.matchers).map_err(Failure::invalid)?;
    let time = |what: &str, text: &str| match text.trim() {
        "" => Ok(None),
        text => parsed_time::timestamp(text)
            .map(Some)
            .ok_or_else(|| Failure::invalid(format!("{what}: {text:?} is no time such as \"2026-01-31T08:00:00Z\""))),
    };
    let (from, until) = (time("from", &fields.from)?, time("until", &fields.until)?);
    // Who says until when need not empty the other field.
    let length = Some(fields.length.trim()).filter(|length| !length.is_empty() && until.is_none());
    let ends_at = end(until, length, from.unwrap_or(now))?;
    Ok(SilenceDraft {
        id: None,
        read: None,
        matchers,
        starts_at: from,
        ends_at,
        person,
        comment: fields.comment.clone(),
        broad: fields.broad == "yes",
    })
}

/// The form with what it would cover now, and with what is said besides.
async fn draft(asking: &Asking, fields: Fields, status: StatusCode, with: impl FnOnce(Drafted) -> Drafted) -> Response {
    let shown_as = with(looked_at(&asking.state, &asking.viewer, fields).await);
    asking.says(status, |frame| page::new_silence(&shown_as, frame))
}

async fn looked_at(state: &Shared, viewer: &Viewer, fields: Fields) -> Drafted {
    if fields.matchers.trim().is_empty() {
        return Drafted { fields, ..Drafted::default() };
    }
    match preview(state, viewer, &fields).await {
        Ok(preview) => Drafted { fields, preview: Some(preview), ..Drafted::default() },
        Err(failure) => {
            let refused = Some(FormError::Host(failure.sentence().into()));
            Drafted { fields, refused, ..Drafted::default() }
        }
    }
}

async fn preview(state: &Shared, viewer: &Viewer, fields: &Fields) -> Result<(Preview, String), Failure> {
    // Looking needs no name and no reason.
    let mut draft = drafted(fields, Person::typed("preview"), state.clock.now())?;
    draft.comment = "preview".into();
    // What reaches beyond somebody's places they do not see.
    within(&viewer.caller, Permission::Look, &draft.matchers)?;
    let seen = page::version(&seen(&draft.matchers, fields));
    let access = viewer.caller.access().clone();
    let preview = listed(state, move |backend, _| Ok(backend.preview(&draft, &access)?)).await?;
    Ok((preview, seen))
}

/// `GET /silences/{id}`.
pub async fn one(asking: Asking, Path(id): Path<String>) -> Response {
    standing(&asking, id, StatusCode::OK, None).await
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Change {
    r#do: String,
    version: String,
    #[serde(rename = "for")]
    length: String,
    broad: String,
    person: String,
}

/// `POST /silences/{id}`.
pub async fn change(asking: Asking, Path(id): Path<String>, Sent(words): Sent<Change>) -> Response {
    match changed(&asking, &id, words).await {
        Ok(id) => see_other(&format!("/silences/{id}")),
        Err((status, why)) => standing(&asking, id, status, Some(why)).await,
    }
}

async fn changed(asking: &Asking, id: &str, words: Change) -> Result<String, (StatusCode, FormError)> {
    let state = &asking.state;
    let failed = |failure: Failure| (failure.status(), FormError::Host(failure.sentence().into()));
    let told = |error: SilenceError| failed(Failure::from(error));
    let known = silences::shown(state, id.to_string(), asking.viewer.caller()).await.map_err(failed)?;
    if page::seen_silence(&known) != words.version {
        return Err((StatusCode::CONFLICT, FormError::Changed));
    }
    let Some(person) = asking.viewer.caller.clone().known(Some(&words.person)) else {
        return Err((StatusCode::BAD_REQUEST, FormError::Nameless));
    };
    let id = known.silence.id.to_string();
    match words.r#do.as_str() {
        "expire" => state.backend.expire_silence(&id, person).await.map(|()| id).map_err(told),
        "extend" => {
            let ends_at = end(None, Some(&words.length), state.clock.now()).map_err(failed)?;
            let draft = longer(known, ends_at, String::new(), person, words.broad == "yes");
            state.backend.set_silence(draft).await.map(|id| id.to_string()).map_err(told)
        }
        other => Err(failed(Failure::invalid(format!("do: {other:?} is neither expire nor extend")))),
    }
}

/// A silence as it stands now, with what was wrong with a form.
async fn standing(asking: &Asking, id: String, status: StatusCode, refused: Option<FormError>) -> Response {
    match silences::shown(&asking.state, id.clone(), asking.viewer.caller()).await {
        // The address of a silence has its whole name.
        Ok(view) if *view.silence.id.0 != *id => see_other(&format!("/silences/{}", view.silence.id)),
        Ok(view) => {
            let one = OneSilence { view, refused };
            asking.says(status, |frame| page::silence(&one, frame))
        }
        Err(failure) => asking.fails(&failure),
    }
}
