//! Source for Dynatrace: the custom integration, whose payload each environment writes itself.

mod entities;
mod problem;
mod severity;

use tidegate_plugin::source::{Decoded, Decoding, Inbound};

tidegate_plugin::source!(decode);

fn decode(request: &Inbound) -> Decoding {
    Decoded::of_body(&request.body, problem::read, |body| body.first(&["ProblemTitle", "title"]))
}
