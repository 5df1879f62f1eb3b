//! Source for New Relic: workflow webhooks, whose template each account may change, and the classic webhook channel.

mod classic;
mod issue;

use tidegate_plugin::source::{Alert, Decoded, Decoding, Inbound, Node};

tidegate_plugin::source!(decode);

fn decode(request: &Inbound) -> Decoding {
    Decoded::of_body(&request.body, read, |body| body.first(&["title", "condition_name"]))
}

fn read(body: Node<'_>) -> Result<Option<Alert>, String> {
    let body = body.need_object()?;
    let has = |keys: &[&str]| keys.iter().any(|key| body.get(key).exists());
    if has(&["current_state", "incident_id", "incident_url"]) {
        return Ok(classic::read(body));
    }
    if has(&["state", "issueUrl", "issueId", "priority", "alertConditionNames", "condition_name"]) {
        return Ok(Some(issue::read(body)));
    }
    // Deployment markers came to the same address.
    if has(&["deployment", "deployed_by"]) {
        return Ok(None);
    }
    Err(format!(
        "{}; keep `id`, `state`, `priority` and `title` in the payload template of the workflow's webhook",
        body.get("state").expected("the state of an issue")
    ))
}
