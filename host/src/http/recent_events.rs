//! `GET /api/v1/events` and `GET /api/v1/events/{subject}`: the latest events, as ops-server lists those of its stream.
//!
//! Here these are the latest that came in since the start, whatever they meant: enough to see what a rule would hear.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::Uri;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::Failure;
use super::{Shared, list};
use crate::domain::event::{Envelope, Event, Pattern};
use crate::redact::redact_json;

/// Entries of a page at most.
const PAGE: usize = 1_000;

#[derive(Deserialize)]
struct EventQuery {
    #[serde(default)]
    search: String,
    /// Milliseconds since 1970.
    start_time: Option<i64>,
    max_length: Option<usize>,
    page: Option<usize>,
    page_size: Option<usize>,
}

impl EventQuery {
    fn read(uri: &Uri) -> Result<Self, Failure> {
        let wanted: Self = list::query(uri)?;
        if wanted.page == Some(0) || wanted.page_size.is_some_and(|size| !(1..=PAGE).contains(&size)) {
            return Err(Failure::invalid(format!("`page` is at least 1, and `page_size` from 1 to {PAGE}")));
        }
        Ok(wanted)
    }

    /// One page of a list, in the envelope of ops-server.
    fn page(&self, all: Vec<Value>) -> Response {
        let (page, page_size) = (self.page.unwrap_or(1), self.page_size.unwrap_or(10));
        let total = all.len();
        let skipped = page.saturating_sub(1).saturating_mul(page_size);
        let list: Vec<Value> = all.into_iter().skip(skipped).take(page_size).collect();
        let data = json!({ "page_size": page_size, "page": page, "list": list, "total": total });
        Json(json!({ "code": 0, "data": data, "message": "success" })).into_response()
    }
}

/// `GET /api/v1/events`.
pub async fn subjects(State(state): State<Arc<Shared>>, uri: Uri) -> Response {
    let wanted = match EventQuery::read(&uri) {
        Ok(wanted) => wanted,
        Err(failure) => return failure.enveloped(),
    };
    let subjects = state.backend.event_subjects(&wanted.search.to_lowercase());
    wanted.page(subjects.into_iter().map(Value::from).collect())
}

/// `GET /api/v1/events/{subject}`; in a subject `*` stands for one word and `>` for the rest.
pub async fn of_subject(State(state): State<Arc<Shared>>, Path(subject): Path<String>, uri: Uri) -> Response {
    let read = || {
        let wanted = EventQuery::read(&uri)?;
        let pattern = Pattern::parse(&subject.to_lowercase()).map_err(Failure::invalid)?;
        let since = wanted.start_time.map(Timestamp::from_millisecond).transpose();
        let since = since.map_err(|_| Failure::invalid("`start_time` is milliseconds since 1970"))?;
        Ok::<_, Failure>((wanted, pattern, since))
    };
    let (wanted, pattern, since) = match read() {
        Ok(read) => read,
        Err(failure) => return failure.enveloped(),
    };
    let found = state.backend.recent_events(&pattern, since, wanted.max_length.unwrap_or(PAGE).min(PAGE));
    wanted.page(found.iter().map(|came| shown(&came.event, came.at)).collect())
}

fn shown(event: &Event, at: Timestamp) -> Value {
    let Envelope { id, source, kind, subject, cluster, time, data, .. } = &event.said;
    json!({
        "subject": subject,
        "event": {
            "specversion": "1.0", "id": id, "source": source, "type": kind, "subject": subject,
            "time": time.map(|time| time.to_string()), "cluster": cluster, "data": without_secrets(data),
        },
        "time": at.strftime("%Y-%m-%d %H:%M:%S").to_string(),
    })
}

/// The data with secrets taken out of each text: variables and outputs of scripts travel in events.
fn without_secrets(data: &Value) -> Value {
    let mut data = data.clone();
    redact_json(&mut data);
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_of_scripts_are_not_shown() {
        let data = json!({ "variables": { "DB_PASSWORD": "correct-horse", "HOST": "db-02" }, "n": [1, "password=correct-horse"] });
        let shown = without_secrets(&data).to_string();
        assert!(!shown.contains("correct-horse") && shown.contains("db-02"), "{shown}");
    }

    #[test]
    fn pages_have_bounds() {
        let read = |query: &str| EventQuery::read(&format!("/api/v1/events{query}").parse().unwrap());
        assert!(read("?page_size=0").is_err() && read("?page=0").is_err() && read("?page_size=2000").is_err());
        assert!(read("?search=a&timeout=10&page=99").is_ok_and(|wanted| wanted.page(Vec::new()).status() == 200));
    }
}
