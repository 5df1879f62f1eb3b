//! `/audit`: reading what is shown there.

use axum::http::Uri;
use axum::response::Response;
use jiff::Timestamp;
use serde::Deserialize;

use super::asking::Asking;
use crate::domain::audit::{AuditOutcome, AuditQuery};
use crate::http::answer::Failure;
use crate::http::incidents::reading;
use crate::http::list;
use crate::page::{self, AuditFilter};

/// Rows of one page.
const PAGE: usize = 100;

/// What the address may say. A form sends what is left open as empty.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Words {
    person: String,
    outcome: String,
    since: String,
    until: String,
    before: String,
}

fn wanted(uri: &Uri) -> Result<(AuditFilter, AuditQuery), Failure> {
    let Words { person, outcome, since, until, before } = list::query(uri)?;
    let known = AuditOutcome::ALL.into_iter().find(|known| known.as_str() == outcome);
    if known.is_none() && !outcome.is_empty() {
        return Err(Failure::invalid(format!("there is no outcome {outcome:?}")));
    }
    let at = |what: &str, text: &str| {
        let wrong = |_| Failure::invalid(format!("{what}: {text:?} is no time such as 2026-01-31T08:00:00Z"));
        if text.trim().is_empty() { Ok(None) } else { text.trim().parse::<Timestamp>().map(Some).map_err(wrong) }
    };
    let number = |_| Failure::invalid(format!("before: {before:?} is no number"));
    let before = if before.is_empty() { None } else { Some(before.parse().map_err(number)?) };
    let (from, to) = (at("since", &since)?, at("until", &until)?);
    let name = Some(person.trim().to_string()).filter(|name| !name.is_empty());
    let wanted = AuditQuery { person: name, outcome: known, since: from, until: to, before, limit: PAGE + 1 };
    Ok((AuditFilter { person, outcome: known, since, until }, wanted))
}

/// `GET /audit`.
pub async fn show(asking: Asking) -> Response {
    let read = async {
        let (asked, wanted) = wanted(&asking.uri)?;
        let audited = reading(&asking.state, move |backend| backend.audited(&wanted).map_err(Failure::unavailable));
        Ok::<_, Failure>((audited.await?, asked))
    };
    asking.answers(read.await, |(views, asked), frame| {
        // One more says whether there are more.
        let (shown, more) = views.split_at_checked(PAGE).unwrap_or((views, &[]));
        let next = shown.last().filter(|_| !more.is_empty()).map(|view| view.n);
        page::audit(shown, asked, next, frame)
    })
}
