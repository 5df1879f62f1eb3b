//! What a tidegate plugin in Rust stands on. See `README.md` for a complete plugin of each kind.

pub mod host;
pub mod settings;

#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "http")]
pub mod link;
#[cfg(feature = "http")]
pub mod text;

#[cfg(feature = "notifier")]
pub mod markdown;
#[cfg(feature = "notifier")]
pub mod notifier;

#[cfg(all(feature = "golden", not(target_family = "wasm")))]
pub mod golden;
