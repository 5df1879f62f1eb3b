//! Source for Splunk Observability, once SignalFx: notifications of detectors.

mod incident;
mod signal;

use tidegate_plugin::source::{Decoded, Decoding, Inbound};

tidegate_plugin::source!(decode);

fn decode(request: &Inbound) -> Decoding {
    Decoded::of_body(&request.body, incident::read, |body| body.first(&["rule", "detector"]))
}
