//! `POST /i/{id}`: what people say about an incident as a whole. It goes the same way as by the API.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::asking::Asking;
use super::look::story;
use super::sent::Sent;
use super::{Viewer, see_other};
use crate::backend::handling::HandlingRequest;
use crate::domain::entry::IncidentCommand;
use crate::http::Shared;
use crate::http::answer::Failure;
use crate::http::incidents::reading;
use crate::page::{self, FormError, IncidentPage};
use crate::ports::IncidentRecord;

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Words {
    says: String,
    version: String,
    person: String,
    comment: String,
}

/// `POST /i/{id}`.
pub async fn take(asking: Asking, Path(id): Path<String>, Sent(words): Sent<Words>) -> Response {
    let story = match story(&asking.state, id.clone()).await {
        Ok(story) if *story.incident.id.0 == *id => story,
        Ok(_) => {
            return asking.fails(&Failure::not_found(format!("a word needs the whole id of an incident, not {id}")));
        }
        Err(failure) => return asking.fails(&failure),
    };
    match heard(&asking.state, &asking.viewer, &story, words).await {
        Ok(to) => see_other(&format!("/i/{to}")),
        Err((status, why)) => refused(&asking, id, status, why).await,
    }
}

async fn heard(
    state: &Shared,
    viewer: &Viewer,
    story: &IncidentRecord,
    words: Words,
) -> Result<String, (StatusCode, FormError)> {
    let failed = |failure: Failure| (failure.status(), FormError::Host(failure.sentence().into()));
    let unknown = || failed(Failure::invalid(format!("says: {:?} is nothing that can be said", words.says)));
    let says = page::incident_word(&words.says).ok_or_else(unknown)?;
    // Whoever ends something has seen how it stands; a comment is none the worse for what happened meanwhile.
    let ends = matches!(says, IncidentCommand::Close | IncidentCommand::Rerun);
    if words.version.is_empty() || ends && words.version != page::seen_incident(&story.incident) {
        return Err((StatusCode::CONFLICT, FormError::Changed));
    }
    let Some(person) = viewer.caller.clone().known(Some(&words.person)) else {
        return Err((StatusCode::BAD_REQUEST, FormError::Nameless));
    };
    let incident = story.incident.id.to_string();
    let word = HandlingRequest { incident: incident.clone(), person, says, comment: words.comment };
    let heard = state.backend.say(word).await.map_err(|error| failed(Failure::from(error)))?;
    Ok(heard.goes_on_in.into_iter().next().unwrap_or(incident))
}

/// The incident as it stands now, with why a word was not taken.
async fn refused(asking: &Asking, id: String, status: StatusCode, why: FormError) -> Response {
    match whole(asking, id).await {
        Ok(whole) => {
            let whole = IncidentPage { refused: Some(why), ..whole };
            asking.says(status, |frame| page::incident(&whole, frame))
        }
        Err(failure) => asking.fails(&failure),
    }
}

/// An incident with its entries, and what silences it, as far as whoever asks may see that.
pub async fn whole(asking: &Asking, id: String) -> Result<IncidentPage, Failure> {
    let (story, access) = (story(&asking.state, id).await?, asking.viewer.caller().access().clone());
    reading(&asking.state, move |backend| {
        let cover = backend.cover(&story.incident, &access);
        Ok(IncidentPage { story, cover, refused: None })
    })
    .await
}
