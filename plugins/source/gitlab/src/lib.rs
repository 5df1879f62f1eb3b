//! Source for GitLab: webhooks of pipelines, jobs and deployments, and alerts in the form that GitLab's own alert
//! endpoint takes.
//!
//! A failure fires, and the next success of the same thing on the same branch resolves it.

mod alert;
mod hook;

use std::borrow::Cow;

use tidegate_plugin::source::{Decoded, Decoding, Inbound, Node, parse};

tidegate_plugin::source!(decode);

fn decode(request: &Inbound) -> Decoding {
    let value = parse(&request.body)?;
    let body = Node::root(&value).need_object()?;
    let kind = body.any_of(&["object_kind", "event_name", "event_type"]).unwrap_or_default();
    let read = match &*kind {
        "pipeline" => hook::pipeline,
        "build" | "job" => hook::job,
        "deployment" => hook::deployment,
        // Pushes, issues and whatever else somebody may have ticked.
        _ if !kind.is_empty() || request.header("x-gitlab-event").is_some() => return Ok(Decoded::nothing()),
        _ if body.get("title").exists() => alert::decode,
        _ => return Err(foreign(body)),
    };
    Ok(Decoded::of_items([body], read, name))
}

fn foreign(body: Node<'_>) -> String {
    let reason = body.get("object_kind").expected("pipeline, build or deployment");
    format!("{reason}; only GitLab's webhooks and alerts with a title can be read")
}

fn name<'a>(body: Node<'a>) -> Option<Cow<'a, str>> {
    body.any_of(&["object_attributes.name", "build_name", "environment", "title"])
}
