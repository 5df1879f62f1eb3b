//! Errors in the words of the Kubernetes API: clients decide by `reason` and `code`, and tools print
//! `message` to people and models.

use serde_json::{Value, json};

use super::resources::Resource;

/// A refused request: the HTTP status and the `Status` object that explains it.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// The HTTP status.
    pub code: u16,
    /// The `Status` object.
    pub body: Value,
}

impl Refusal {
    /// A refusal without details about one object.
    pub fn new(code: u16, reason: &str, message: impl Into<String>) -> Self {
        let message: String = message.into();
        Self {
            code,
            body: json!({
                "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
                "message": message, "reason": reason, "code": code,
            }),
        }
    }

    fn about(mut self, resource: &Resource, name: &str) -> Self {
        let details = json!({ "name": name, "group": resource.group, "kind": resource.plural });
        super::json::set(&mut self.body, "/details", details);
        self
    }

    /// 404: no such object.
    pub fn not_found(resource: &Resource, name: &str) -> Self {
        let message = format!("{} \"{name}\" not found", resource.qualified());
        Self::new(404, "NotFound", message).about(resource, name)
    }

    /// 409: the object is there already.
    pub fn already_exists(resource: &Resource, name: &str) -> Self {
        let message = format!("{} \"{name}\" already exists", resource.qualified());
        Self::new(409, "AlreadyExists", message).about(resource, name)
    }

    /// 409: somebody else changed the object.
    pub fn conflict(resource: &Resource, name: &str) -> Self {
        let message = format!(
            "Operation cannot be fulfilled on {} \"{name}\": the object has been modified; \
             please apply your changes to the latest version and try again",
            resource.qualified()
        );
        Self::new(409, "Conflict", message).about(resource, name)
    }

    /// 403 as the role-based authorizer words it.
    pub fn forbidden(resource: &Resource, verb: &str, namespace: &str, name: &str) -> Self {
        let subject = match name {
            "" => format!("{} is forbidden", resource.qualified()),
            _ => format!("{} \"{name}\" is forbidden", resource.qualified()),
        };
        let scope = match namespace {
            "" => "at the cluster scope".to_owned(),
            _ => format!("in the namespace \"{namespace}\""),
        };
        let message = format!(
            "{subject}: User \"tester\" cannot {verb} resource \"{}\" in API group \"{}\" {scope}",
            resource.plural, resource.group
        );
        Self::new(403, "Forbidden", message).about(resource, name)
    }

    /// 422: the object would not be valid.
    pub fn invalid(resource: &Resource, name: &str, why: &str) -> Self {
        let kind = match resource.group {
            "" => resource.kind.to_owned(),
            group => format!("{}.{group}", resource.kind),
        };
        let message = format!("{kind} \"{name}\" is invalid: {why}");
        let mut refusal = Self::new(422, "Invalid", message).about(resource, name);
        // Tools print the causes, not the message.
        let (field, detail) = why.split_once(": ").unwrap_or(("", why));
        let cause = json!({ "reason": "FieldValueInvalid", "field": field, "message": detail });
        super::json::set(&mut refusal.body, "/details/causes", json!([cause]));
        super::json::set(&mut refusal.body, "/details/kind", resource.kind);
        refusal
    }

    /// 410: what it goes on from is forgotten.
    pub fn expired(message: &str) -> Self {
        Self::new(410, "Expired", message)
    }

    /// 401: nobody knows who asks.
    pub fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized")
    }

    /// 504: a version that the API has not come to.
    pub fn too_large_version(asked: u64, current: u64) -> Self {
        Self::new(504, "Timeout", format!("Too large resource version: {asked}, current: {current}"))
    }

    /// 400: the request makes no sense.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// 404 for a path that no resource has.
    pub fn no_such_path() -> Self {
        Self::new(404, "NotFound", "the server could not find the requested resource")
    }

    /// 405: the resource has no such verb.
    pub fn method_not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource";
        Self::new(405, "MethodNotAllowed", message)
    }

    /// 415: the body is in an encoding that this API does not read.
    pub fn unsupported_media_type(found: &str) -> Self {
        let message =
            format!("the body of the request was in an unknown format - accepted media types do not include: {found}");
        Self::new(415, "UnsupportedMediaType", message)
    }
}
