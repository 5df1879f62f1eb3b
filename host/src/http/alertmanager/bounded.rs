//! Lists of `/api/v2` are whole, as Alertmanager's are, up to a bound in bytes: a client cannot ask for the rest, so that what is left
//! out is counted in a header and in the log, and the list itself stays one that every client reads.

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::http::answer::Failure;

/// Bytes of the items of one answer: some fifty thousand alerts.
pub const BYTES: usize = 32 << 20;

/// How many items an answer does not hold.
const LEFT_OUT: HeaderName = HeaderName::from_static("x-tidegate-left-out");

/// What is left of the bound of an answer.
pub struct Room {
    bytes: usize,
    left_out: usize,
}

/// An answer that is written already.
pub struct List {
    text: String,
    left_out: usize,
}

impl Room {
    /// An answer of so many bytes at most.
    pub fn of(bytes: usize) -> Self {
        Self { bytes, left_out: 0 }
    }

    /// Whether there is room for an item. Behind one that has none there is none, so that what is left out is the end of the list.
    pub fn takes(&mut self, item: &RawValue) -> bool {
        let size = item.get().len() + 1;
        if self.left_out > 0 || size > self.bytes {
            self.left_out += 1;
            return false;
        }
        self.bytes -= size;
        true
    }

    /// The answer that holds these.
    ///
    /// # Errors
    /// When they cannot be written as JSON.
    pub fn list(self, items: &impl Serialize) -> Result<List, Failure> {
        let text = serde_json::to_string(items).map_err(unwritten)?;
        Ok(List { text, left_out: self.left_out })
    }
}

impl List {
    /// As it is sent.
    pub fn answer(self) -> Response {
        let head = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
        let mut response = (head, self.text).into_response();
        if self.left_out > 0 {
            let left_out = self.left_out;
            tracing::warn!(
                left_out,
                bytes = BYTES,
                "a list of /api/v2 is longer than its bound; filters make it shorter"
            );
            response.headers_mut().insert(LEFT_OUT, HeaderValue::from(left_out));
        }
        response
    }
}

/// Why there is no answer.
pub fn unwritten(error: serde_json::Error) -> Failure {
    Failure::internal(format!("a list cannot be written as JSON: {error}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_beyond_the_bound_is_counted_and_the_list_is_one() {
        let items: Vec<Box<RawValue>> =
            (0..10).map(|n| serde_json::value::to_raw_value(&json!({ "n": n })).unwrap()).collect();
        let mut room = Room::of(30);
        let taken: Vec<&Box<RawValue>> = items.iter().filter(|item| room.takes(item)).collect();
        let response = room.list(&taken).unwrap().answer();
        assert_eq!((taken.len(), &response.headers()["x-tidegate-left-out"]), (3, &HeaderValue::from(7)));
        let whole = Room::of(BYTES).list(&items).unwrap().answer();
        assert!(whole.headers().get("x-tidegate-left-out").is_none());
    }
}
