//! `/alerts`: reading what fires. What is shown of it has a bound; what is looked at is what is live.

use axum::http::Uri;
use axum::response::Response;
use serde::Deserialize;

use super::asking::Asking;
use super::look::{listed, word};
use crate::backend::alerts::AlertQuery;
use crate::domain::Matcher;
use crate::http::answer::Failure;
use crate::http::list;
use crate::page::{self, AlertSelection};

/// Alerts of one page.
const PAGE: usize = 100;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Words {
    matchers: String,
    severity: String,
    silenced: String,
    by: String,
    skip: usize,
}

fn selection(uri: &Uri) -> Result<AlertSelection, Failure> {
    let words: Words = list::query(uri)?;
    let held = match words.silenced.as_str() {
        "" => None,
        "yes" => Some(true),
        "no" => Some(false),
        other => return Err(Failure::invalid(format!("silenced: {other:?} is neither yes nor no"))),
    };
    Ok(AlertSelection {
        matchers: Matcher::parse_all(&words.matchers).map_err(Failure::invalid)?,
        severity: word("severity", &words.severity)?,
        held,
        by: words.by.trim().to_string(),
        skip: words.skip,
    })
}

/// `GET /alerts`.
pub async fn list(asking: Asking) -> Response {
    let read = async {
        let selection = selection(&asking.uri)?;
        let AlertSelection { matchers, severity, held, by, skip } = selection.clone();
        let access = asking.viewer.caller.access().clone();
        let wanted = AlertQuery { access, matchers, severity, held, by, skip, most: PAGE, ..AlertQuery::default() };
        let firing = listed(&asking.state, move |backend, cancellation| Ok(backend.firing(&wanted, cancellation)));
        Ok::<_, Failure>((firing.await?, selection))
    };
    asking.answers(read.await, |(firing, selection), frame| page::alerts(firing, selection, frame))
}
