//! Source for Argo CD Notifications: the state of an Application, or alerts in the form of Alertmanager's API.
//!
//! A message is about an Application as it is now, whatever trigger sent it. So each says of all three things that
//! can be wrong with one (its health, its last sync, its comparison with Git) whether they are.

mod application;
mod flat;
mod pushed;

use tidegate_plugin::json::Value;
use tidegate_plugin::source::{Decoding, Inbound, Node, parse};

tidegate_plugin::source!(decode);

fn decode(request: &Inbound) -> Decoding {
    let value = parse(&request.body).map_err(template)?;
    let body = Node::root(&value);
    if value.is_array() {
        return Ok(pushed::decode(body));
    }
    let body = body.need_object().map_err(template)?;
    if application::is(body) {
        return application::decode(body).map_err(template);
    }
    match flat::application(body) {
        Some(same) => application::decode(Node::root(&Value::from(&same))).map_err(template),
        None => Err(template(body.get("app").expected("an Application"))),
    }
}

/// The body is the user's, so a mistake in it is mended there.
fn template(reason: String) -> String {
    format!("{reason}; use the template of the README of the source argocd in argocd-notifications-cm")
}
