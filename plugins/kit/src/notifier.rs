//! Notifiers: one message in, one delivery out.

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
            "tidegate:plugin/mail@0.1.0": crate::host::bindings::tidegate::plugin::mail,
            "tidegate:plugin/bus@0.1.0": crate::host::bindings::tidegate::plugin::bus,
            "tidegate:plugin/state@0.1.0": crate::host::bindings::tidegate::plugin::state,
        },
        additional_derives: [PartialEq],
        pub_export_macro: true,
        default_bindings_module: "tidegate_plugin::notifier::bindings",
    });
}

mod chat;
mod follow_up;
mod issue;
mod mention_on;
mod notification;
mod prometheus;
mod reference;
mod short;
mod ticket;
mod whole;

pub use bindings::exports::tidegate::plugin::notifier::{
    Action, Cause, Guest, Link, Notification, Object, Occasion, Purpose, Sent, Stage,
};
pub use follow_up::sent_once;
pub use issue::{issue_text, marked_issue};
pub use mention_on::MentionOn;
pub use notification::{Button, Mention, Tone};
pub use prometheus::{object, rfc3339};
pub use reference::reference;
pub use ticket::{Ticket, Tracker, marker, record};

/// What a notifying function returns: a reference to what it has shown, where that can be changed later.
pub type Delivery = Result<Option<String>, CallError>;

pub use crate::host::{Alert, CallError, Labels, Moment, Status};

/// Makes a plugin of a function `fn(&Notification, &Settings) -> Delivery` and the type of its settings:
/// `notifier!(notify, Settings)`. Adds the tests that run the cases of `testdata/`, hold the `renderings/` and
/// compare the settings with the manifest; for them `Settings` derives `schemars::JsonSchema` in tests.
#[macro_export]
macro_rules! notifier {
    ($notify:path, $settings:ty) => {
        #[allow(unsafe_code, missing_docs, reason = "the boundary to the host is made of raw pointers")]
        mod tidegate_export {
            use super::*;

            pub(crate) struct Plugin;

            impl $crate::notifier::Guest for Plugin {
                fn notify(message: $crate::notifier::Notification) -> $crate::notifier::Delivery {
                    $crate::panics::are_logged();
                    $notify(&message, &$crate::settings::read::<$settings>()?)
                }
            }

            $crate::notifier::bindings::export!(Plugin with_types_in $crate::notifier::bindings);

            #[cfg(test)]
            #[test]
            fn testdata() {
                let notify = <Plugin as $crate::notifier::Guest>::notify;
                $crate::golden::notifier(env!("CARGO_MANIFEST_DIR"), &notify);
            }

            #[cfg(test)]
            #[test]
            fn settings() {
                $crate::golden::settings::<$settings>(env!("CARGO_MANIFEST_DIR"));
            }
        }
    };
}
