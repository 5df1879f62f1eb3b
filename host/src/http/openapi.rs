//! `GET /v1/openapi.json`: the API as OpenAPI 3.1, made of the types that answer and of one row an operation.
//!
//! `host/openapi.json` is the same as a file, for those who generate clients; a test holds it against this, every route of the
//! router against the rows, and every row of the file before against those of now: clients of before go on to work.

mod describe;
mod operations;
mod schemas;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use axum::Json;
use serde_json::Value;

/// The document.
pub static DOCUMENT: LazyLock<Value> = LazyLock::new(describe::document);

/// `GET /v1/openapi.json`.
pub async fn serve() -> Json<&'static Value> {
    Json(&DOCUMENT)
}
