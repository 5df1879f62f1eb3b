//! Takes a path of the API apart. Knows nothing about what is stored.

use super::resources::{self, Resource};

/// What a path points at.
#[derive(Debug, Clone)]
pub struct Target {
    /// The kind.
    pub resource: &'static Resource,
    /// The namespace; empty for all, and for kinds without namespaces.
    pub namespace: String,
    /// The object's name; empty for the whole collection.
    pub name: String,
    /// `scale`, `log`, `status`, or empty.
    pub subresource: String,
}

impl Target {
    /// Parses `/api/v1/…` and `/apis/<group>/<version>/…`; none when no resource lives there.
    pub fn parse(path: &str) -> Option<Self> {
        let mut parts = path.trim_matches('/').split('/');
        let group = match parts.next()? {
            "api" => "",
            "apis" => parts.next()?,
            _ => return None,
        };
        let version = parts.next()?;
        let rest: Vec<&str> = parts.collect();
        let target = match rest.as_slice() {
            // A namespace is an object itself, unless a collection follows it.
            ["namespaces", namespace, plural, rest @ ..] if *plural != "status" && *plural != "finalize" => {
                Self::within(group, plural, namespace, rest)
            }
            [plural, rest @ ..] => Self::within(group, plural, "", rest),
            [] => None,
        };
        target.filter(|target| target.resource.version == version)
    }

    fn within(group: &str, plural: &str, namespace: &str, rest: &[&str]) -> Option<Self> {
        let resource = resources::find(group, plural)?;
        let (name, subresource) = match rest {
            [] => ("", ""),
            [name] => (*name, ""),
            [name, subresource] => (*name, *subresource),
            _ => return None,
        };
        let known = subresource.is_empty() || resource.subresources.contains(&subresource);
        let scoped = resource.namespaced || namespace.is_empty();
        (known && scoped).then(|| Self {
            resource,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            subresource: subresource.to_owned(),
        })
    }
}

/// The verb that role-based access control would check.
pub fn verb(method: &str, target: &Target, watch: bool) -> &'static str {
    match (method, target.name.is_empty()) {
        ("GET", _) if watch => "watch",
        ("GET", true) => "list",
        ("GET", false) => "get",
        ("POST", _) => "create",
        ("PUT", _) => "update",
        ("PATCH", _) => "patch",
        ("DELETE", true) => "deletecollection",
        ("DELETE", false) => "delete",
        _ => "unknown",
    }
}
