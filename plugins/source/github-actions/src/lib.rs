//! Source for GitHub: workflow runs, their jobs, checks, commit statuses and deployments, by webhook.
//!
//! A failure fires, and the next success of the same thing on the same branch resolves it. What neither failed nor
//! succeeded (cancelled, skipped, still running) says nothing.

mod run;
mod state;

use std::borrow::Cow;

use tidegate_plugin::source::{Decoded, Decoding, Inbound, Node};

tidegate_plugin::source!(decode);

/// The events that make alerts, and the member of the body that only they have.
const EVENTS: [(&str, &str); 6] = [
    ("workflow_run", "workflow_run"),
    ("workflow_job", "workflow_job"),
    ("check_run", "check_run"),
    ("check_suite", "check_suite"),
    ("deployment_status", "deployment_status"),
    ("status", "context"),
];

fn decode(request: &Inbound) -> Decoding {
    let value = request.any_form(&["payload"])?;
    let body = Node::root(&value).need_object()?;
    let told = request.header("x-github-event").map(str::trim);
    let known = EVENTS.iter().find(|(_, member)| body.get(member).exists()).map(|(event, _)| *event);
    let Some(event) = told.or(known) else {
        // Every other event of GitHub names who caused it, or is the ping.
        let github = ["sender", "hook_id", "repository"].iter().any(|member| body.get(member).exists());
        return if github { Ok(Decoded::nothing()) } else { Err(foreign(body)) };
    };
    let read = match event {
        "workflow_run" => run::workflow_run,
        "workflow_job" => run::workflow_job,
        "check_run" => run::check_run,
        "check_suite" => run::check_suite,
        "deployment_status" => state::deployment_status,
        "status" => state::commit_status,
        // The ping, and events that nobody meant to send here: GitHub must not think that they failed.
        _ => return Ok(Decoded::nothing()),
    };
    Ok(Decoded::of_items([body], read, name))
}

fn foreign(body: Node<'_>) -> String {
    format!(
        "{}: expected an event of GitHub; send it from a webhook of GitHub (content type application/json)",
        body.place()
    )
}

fn name<'a>(body: Node<'a>) -> Option<Cow<'a, str>> {
    let paths = ["workflow.name", "workflow_job.name", "check_run.name", "check_suite.app.name", "context"];
    body.any_of(&paths)
}
