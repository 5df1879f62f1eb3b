//! The verbs of the API on stored objects. Every refusal leaves the cluster as it was.

mod options;
mod read;
mod write;

pub use options::{seconds, version};
pub use read::{chosen, in_group, in_scope};
use serde_json::Value;
pub use write::selector;

use super::route::Target;
use super::status::Refusal;
use super::store::Cluster;
use super::{discovery, table};
use crate::Request;

/// A good answer.
#[derive(Debug)]
pub enum Answer {
    /// An object, with its HTTP status.
    Object(u16, Value),
    /// Plain text.
    Text(String),
    /// A stream of changes, which the caller reads from the log.
    Watch(Target),
}

/// Answers one request.
pub fn answer(cluster: &mut Cluster, request: &Request) -> Result<Answer, Refusal> {
    if let Some(document) = discovery::answer(request) {
        return document;
    }
    // The client asks whether it may.
    if request.path.starts_with("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews") {
        return Ok(write::access_review(request, !cluster.settings.narrow));
    }
    let target = Target::parse(&request.path).ok_or_else(Refusal::no_such_path)?;
    let one = !target.name.is_empty();
    if request.method == "GET" && !one {
        options::check(request)?;
    }
    match (request.method.as_str(), target.subresource.as_str(), one) {
        ("GET", "", _) if read::wants_watch(request) => Ok(Answer::Watch(target)),
        ("GET", "", false) if cluster.settings.narrow && target.resource.namespaced && target.namespace.is_empty() => {
            Err(Refusal::forbidden(target.resource, "list", "", ""))
        }
        ("GET", "", false) => read::list(cluster, request, &target),
        ("GET", "", true) | ("GET", "status", true) => {
            let object = read::get(cluster, &target)?;
            Ok(Answer::Object(200, table::one_if_asked(request, &target, object)))
        }
        ("GET", "log", true) => read::log(cluster, request, &target),
        ("GET", "scale", true) => Ok(Answer::Object(200, write::scale_of(&read::get(cluster, &target)?))),
        ("POST", "", false) => write::create(cluster, request, &target),
        ("PUT", "", true) => write::replace(cluster, request, &target),
        ("PATCH", "", true) => write::patch(cluster, request, &target),
        ("PUT" | "PATCH", "scale", true) => write::scale(cluster, request, &target),
        ("DELETE", "", true) => write::delete(cluster, request, &target),
        ("DELETE", "", false) => write::delete_all(cluster, request, &target),
        _ => Err(Refusal::method_not_allowed()),
    }
}

/// Whether `request` asks for a change that is kept.
pub fn changes_something(request: &Request) -> bool {
    let method = matches!(request.method.as_str(), "POST" | "PUT" | "PATCH" | "DELETE");
    let review = request.path.contains("/authorization.k8s.io/");
    method && !review && request.parameter("dryRun").is_empty()
}
