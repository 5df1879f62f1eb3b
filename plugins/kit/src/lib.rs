//! What plugins of tidegate are written with: the contract as Rust types, and what every plugin of a
//! kind needs besides.
//!
//! A plugin depends on this crate with the one feature of its kind and calls the macro of that
//! kind: [`source!`], [`notifier!`] or `remediation!`. What touches the host is made by the macro, so
//! that the plugin's own code is plain functions, and its tests run without a sandbox.

#[cfg(feature = "notifier")]
pub mod bus;
pub mod form;
#[cfg(not(target_arch = "wasm32"))]
pub mod golden;
#[cfg(feature = "http")]
pub mod host;
#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "http")]
pub mod json;
#[cfg(feature = "remediation")]
pub mod kubernetes;
#[cfg(feature = "http")]
pub mod link;
#[cfg(feature = "remediation")]
pub mod looks;
#[cfg(feature = "notifier")]
pub mod mail;
#[cfg(feature = "notifier")]
pub mod markdown;
#[cfg(target_arch = "wasm32")]
mod memory;
#[cfg(feature = "notifier")]
pub mod notifier;
#[cfg(feature = "http")]
pub mod panics;
#[cfg(feature = "remediation")]
pub mod remediation;
#[cfg(feature = "http")]
pub mod settings;
#[cfg(feature = "source")]
pub mod source;
#[cfg(feature = "http")]
pub mod text;
