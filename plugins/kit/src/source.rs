//! Sources: one request in, alerts out.

pub mod aws;
mod body;
mod build;
mod change;
pub mod cloudevents;
pub mod event;
pub mod fields;
pub mod kubernetes;
pub mod link;
pub mod nagios;
mod offset;
mod packed;
pub mod pattern;
pub mod placeholder;
mod read;
mod sentence;
pub mod severity;
mod tagged;
pub mod tags;
mod time;
pub mod usual;

/// The contract's types and imports, as `wit-bindgen` makes them.
#[allow(
    unsafe_code,
    missing_docs,
    missing_debug_implementations,
    clippy::all,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "generated; the boundary to the host is made of raw pointers"
)]
pub mod bindings {
    wit_bindgen::generate!({
        path: "../../wit/v0.1",
        world: "source-plugin",
        with: {
            "tidegate:plugin/types@0.1.0": crate::host::bindings::tidegate::plugin::types,
            "tidegate:plugin/log@0.1.0": crate::host::bindings::tidegate::plugin::log,
            "tidegate:plugin/settings@0.1.0": crate::host::bindings::tidegate::plugin::settings,
        },
        pub_export_macro: true,
        default_bindings_module: "tidegate_plugin::source::bindings",
    });
}

pub use crate::host::bindings::tidegate::plugin::{log, settings};
pub use crate::host::{Alert, CallError, Moment, Status};
pub use bindings::exports::tidegate::plugin::source::{Decoded, Guest, Inbound, LeftOut, Reply};
pub use build::STATE;
pub use fields::Fields;
pub use offset::utc_offset;
pub use packed::base64;
pub use sentence::first_sentence;
pub use time::{millis, with_zone};

pub use crate::json::{Node, parse};

/// What a decoding function returns: what it takes, or a sentence that names the place of what cannot be read.
pub type Decoding = Result<Decoded, String>;

/// The error of a setting; the reason begins with its name.
pub fn misconfigured(reason: impl std::fmt::Display) -> CallError {
    CallError::Misconfigured(format!("settings: {reason}"))
}

/// Makes a plugin of a function `fn(&Inbound) -> Decoding`, or of one that takes the settings as JSON text
/// besides: `source!(decode, settings)` with `fn(&Inbound, &str) -> Result<Decoded, CallError>`, or of one that
/// takes them as a struct: `source!(decode, Settings)` with `fn(&Inbound, &Settings) -> Result<Decoded, CallError>`.
/// Adds the test that runs the cases of `testdata/`, and for a struct the one that compares it with the manifest;
/// for that `Settings` derives `schemars::JsonSchema` in tests.
#[macro_export]
macro_rules! source {
    ($decode:path) => {
        $crate::source!(@ |request: &$crate::source::Inbound, _: &dyn Fn() -> String| {
            $decode(request).map_err($crate::source::CallError::InvalidInput)
        });
    };
    ($decode:path, settings) => {
        $crate::source!(@ |request: &$crate::source::Inbound, settings: &dyn Fn() -> String| {
            $decode(request, &settings())
        });
    };
    ($decode:path, $settings:ty) => {
        $crate::source!(@ |request: &$crate::source::Inbound, settings: &dyn Fn() -> String| {
            $decode(request, &$crate::settings::parse::<$settings>(&settings())?)
        });

        #[cfg(test)]
        #[test]
        fn tidegate_settings() {
            $crate::golden::settings::<$settings>(env!("CARGO_MANIFEST_DIR"));
        }
    };
    (@ $decode:expr) => {
        #[allow(unsafe_code, missing_docs, reason = "the boundary to the host is made of raw pointers")]
        mod tidegate_export {
            use super::*;

            struct Plugin;

            impl $crate::source::Guest for Plugin {
                fn decode(
                    request: $crate::source::Inbound,
                ) -> Result<$crate::source::Decoded, $crate::source::CallError> {
                    $crate::panics::are_logged();
                    ($decode)(&request, &$crate::source::settings::get)
                }
            }

            $crate::source::bindings::export!(Plugin with_types_in $crate::source::bindings);

            #[cfg(test)]
            #[test]
            fn testdata() {
                $crate::golden::source(env!("CARGO_MANIFEST_DIR"), &|request, settings| {
                    ($decode)(request, &|| settings.to_string())
                });
            }
        }
    };
}
