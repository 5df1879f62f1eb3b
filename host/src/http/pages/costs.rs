//! `/costs` and `/inspections`: what was spent and saved, what came, and what looks by the clock.

use axum::response::Response;
use serde::Deserialize;

use super::asking::Asking;
use super::look::listed;
use crate::http::answer::Failure;
use crate::http::list;
use crate::page::{self, CostsPage, Inspections};

/// Days that are shown where the address names none.
const DAYS: u32 = 7;
/// Days that are kept to be counted.
const MOST: u32 = 31;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Words {
    days: Option<u32>,
}

/// `GET /costs`.
pub async fn costs(asking: Asking) -> Response {
    let read = async {
        let days = list::query::<Words>(&asking.uri)?.days.unwrap_or(DAYS);
        if !(1..=MOST).contains(&days) {
            return Err(Failure::invalid(format!("days: from 1 to {MOST}")));
        }
        listed(&asking.state, move |backend, cancellation| {
            let costs = backend.costs(days, cancellation).map_err(Failure::unavailable)?;
            Ok(CostsPage { costs, days, tallies: backend.tallies(), lasted: backend.lasted() })
        })
        .await
    };
    asking.answers(read.await, page::costs)
}

/// `GET /inspections`.
pub async fn inspections(asking: Asking) -> Response {
    let read = listed(&asking.state, |backend, _| {
        Ok(Inspections { inspections: backend.inspections(), schedules: backend.schedules() })
    });
    asking.answers(read.await, page::inspections)
}
