//! Remediations: one incident in; proposals and findings out, and perhaps actions of its own.

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
        world: "remediation-plugin",
        with: {
            "tidegate:plugin/types@0.1.0": crate::host::bindings::tidegate::plugin::types,
            "tidegate:plugin/log@0.1.0": crate::host::bindings::tidegate::plugin::log,
            "tidegate:plugin/settings@0.1.0": crate::host::bindings::tidegate::plugin::settings,
            "tidegate:plugin/http-client@0.1.0": crate::host::bindings::tidegate::plugin::http_client,
            "tidegate:plugin/signer@0.1.0": crate::host::bindings::tidegate::plugin::signer,
            "tidegate:plugin/state@0.1.0": crate::host::bindings::tidegate::plugin::state,
            "tidegate:plugin/tools@0.1.0": crate::host::bindings::tidegate::plugin::tools,
        },
        additional_derives: [PartialEq],
        pub_export_macro: true,
        default_bindings_module: "tidegate_plugin::remediation::bindings",
    });
}

mod action;
mod subjects;

pub use action::{arguments, capability, no_action, own_call};
pub use bindings::exports::tidegate::plugin::remediation::{
    Action, Call, Capability, Finding, Guest, Incident, Planned, Proposal, Risk, Verification,
};
pub use subjects::{first_proposal, minutes_since};

pub use crate::host::{Alert, CallError, Labels, Moment, Status};

/// What a planning function returns.
pub type Plan = Result<Planned, CallError>;

/// The alerts of an incident that fire.
pub fn firing(incident: &Incident) -> impl Iterator<Item = &Alert> {
    incident.alerts.iter().filter(|alert| matches!(alert.status, Status::Firing))
}

impl Alert {
    /// The value of a label.
    pub fn label_value(&self, wanted: &str) -> Option<&str> {
        self.labels.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
    }
}

/// Makes a plugin of a function `fn(&Incident, &Settings) -> Plan` and the type of its settings:
/// `remediation!(plan, Settings)`. One with actions of its own names besides
/// `fn(&Settings) -> Result<Vec<Capability>, CallError>` and
/// `fn(&str, &Action, &Settings) -> Result<String, CallError>`, whose first argument is the attempt's id:
/// `remediation!(plan, Settings, capabilities, execute)`. Adds the tests that run the cases of `testdata/` and compare
/// the settings with the manifest; for them `Settings` derives `schemars::JsonSchema` in tests.
#[macro_export]
macro_rules! remediation {
    ($plan:path, $settings:ty) => {
        $crate::remediation!(
            @ $plan,
            $settings,
            |_: &$settings| Ok(Vec::new()),
            |_: &str, what: &$crate::remediation::Action, _: &$settings| Err($crate::remediation::no_action(what))
        );
    };
    ($plan:path, $settings:ty, $capabilities:path, $execute:path) => {
        $crate::remediation!(@ $plan, $settings, $capabilities, $execute);
    };
    (@ $plan:expr, $settings:ty, $capabilities:expr, $execute:expr) => {
        #[allow(unsafe_code, missing_docs, reason = "the boundary to the host is made of raw pointers")]
        mod tidegate_export {
            use super::*;
            use $crate::remediation::{Action, CallError, Capability, Guest, Incident, Planned};

            pub(crate) struct Plugin;

            impl Guest for Plugin {
                fn capabilities() -> Result<Vec<Capability>, CallError> {
                    $crate::panics::are_logged();
                    ($capabilities)(&$crate::settings::read::<$settings>()?)
                }

                fn plan(what: Incident) -> Result<Planned, CallError> {
                    $crate::panics::are_logged();
                    ($plan)(&what, &$crate::settings::read::<$settings>()?)
                }

                fn execute(attempt_id: String, what: Action) -> Result<String, CallError> {
                    $crate::panics::are_logged();
                    ($execute)(&attempt_id, &what, &$crate::settings::read::<$settings>()?)
                }
            }

            $crate::remediation::bindings::export!(Plugin with_types_in $crate::remediation::bindings);

            #[cfg(test)]
            #[test]
            fn testdata() {
                let (plan, execute) = (<Plugin as Guest>::plan, <Plugin as Guest>::execute);
                $crate::golden::remediation(env!("CARGO_MANIFEST_DIR"), &plan, &execute);
            }

            #[cfg(test)]
            #[test]
            fn settings() {
                $crate::golden::settings::<$settings>(env!("CARGO_MANIFEST_DIR"));
            }
        }
    };
}
