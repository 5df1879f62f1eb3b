//! What tests of the whole product share.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::type_complexity,
    reason = "code of tests: a panic here is a failed test"
)]

pub mod attack;
pub mod browser;
pub mod figures;
pub mod fuzz;
pub mod golden;
pub mod guests;
pub mod kinds;
pub mod nats;
pub mod nats_proxy;
pub mod oidc;
pub mod people;
pub mod permits;
pub mod process;
pub mod rig;
pub mod sim;
pub mod smtp;
pub mod soak;
pub mod wasi_guest;
