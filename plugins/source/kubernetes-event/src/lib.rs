//! Source for Events of Kubernetes: `v1` and `events.k8s.io/v1`, one by one, in lists, as a watch streams them, or as
//! eventrouter, kubernetes-event-exporter and Knative wrap them.
//!
//! An event's type is not its severity, and most events are no alert: [`reason`] says which ones are.

mod event;
mod reason;
mod settings;
mod wrap;

use tidegate_plugin::json;
use tidegate_plugin::source::{CallError, Decoded, Inbound};

use settings::Settings;

tidegate_plugin::source!(decode, settings);

fn decode(request: &Inbound, settings: &str) -> Result<Decoded, CallError> {
    let settings = Settings::read(settings)?;
    let documents = json::documents(&request.body).map_err(CallError::InvalidInput)?;
    let events: Vec<_> = json::items(&documents).into_iter().flat_map(wrap::events).collect();
    Decoded::of_some(events, |one| event::read(one, &settings), |one| one.event.get("reason").text())
        .map_err(CallError::InvalidInput)
}
