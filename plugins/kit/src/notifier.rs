//! A notifier: implement [`Guest`] and name the type in [`notifier!`](crate::notifier!).

#[allow(
    unsafe_code,
    missing_docs,
    clippy::all,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "generated; the boundary to the host is made of raw pointers"
)]
#[doc(hidden)]
pub mod bindings {
    wit_bindgen::generate!({
        path: "../../wit/v0.1",
        world: "notifier-plugin",
        with: {
            "tidegate:plugin/types@0.1.0": crate::host::bindings::tidegate::plugin::types,
            "tidegate:plugin/log@0.1.0": crate::host::bindings::tidegate::plugin::log,
            "tidegate:plugin/settings@0.1.0": crate::host::bindings::tidegate::plugin::settings,
            "tidegate:plugin/http-client@0.1.0": crate::host::bindings::tidegate::plugin::http_client,
            "tidegate:plugin/signer@0.1.0": crate::host::bindings::tidegate::plugin::signer,
            "tidegate:plugin/state@0.1.0": crate::host::bindings::tidegate::plugin::state,
        },
        additional_derives: [PartialEq],
        pub_export_macro: true,
        export_macro_name: "export_notifier",
        default_bindings_module: "tidegate_plugin::notifier::bindings",
    });
}

mod notification;

pub use bindings::exports::tidegate::plugin::notifier::{
    Action, Cause, Guest, Link, Notification, Object, Occasion, Purpose, Sent, Stage,
};
pub use notification::{Button, Mention, Tone};

pub use crate::host::{Alert, CallError, Labels, Moment, Status};

/// Makes a type that implements [`Guest`](crate::notifier::Guest) the plugin of this crate.
#[macro_export]
macro_rules! notifier {
    ($plugin:ident) => {
        #[allow(unsafe_code, reason = "generated; the boundary to the host is made of raw pointers")]
        const _: () = {
            $crate::notifier::bindings::export_notifier!($plugin with_types_in $crate::notifier::bindings);
        };
    };
}
