//! What `wit-bindgen` makes of the contract.
#![allow(
    unsafe_code,
    missing_docs,
    clippy::all,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "generated; the boundary to the host is made of raw pointers"
)]

use crate::Webhook;

wit_bindgen::generate!({
    path: "../../../wit/v0.1",
    world: "notifier-plugin",
});

export!(Webhook);
