//! Fields of the containers of a Deployment, changed through whichever tool there is.

use serde_json::{Map, Value, json};
use tidegate_plugin::kubernetes::write::{self, Change, Writer};
use tidegate_plugin::kubernetes::{object, quote};
use tidegate_plugin::remediation::Call;

use crate::symptom::Container;
use crate::workload::Case;

/// A container in the Deployment's template. What a pod runs may be of an older one.
pub(super) fn template<'a>(deployment: &'a Value, container: &Container) -> Option<&'a Value> {
    let containers = object::list(deployment, &format!("/spec/template/spec/{}", container.list));
    containers.iter().find(|one| object::text(one, "/name") == container.name)
}

/// Sets fields of one container; `back` is what they were, null where they were not.
///
/// # Errors
/// Says why that cannot be done.
pub(super) fn set(
    case: &Case<'_>,
    deployment: &Value,
    container: &Container,
    fields: &Value,
    back: &Value,
) -> Result<Change, String> {
    let writer = Writer::of(case.cluster.server).ok_or_else(|| Writer::missing(case.cluster.server))?;
    let (tool, arguments, back) = match writer {
        Writer::Patch(tool) => (tool, patch(case, container, fields), patch(case, container, back)),
        Writer::Whole(tool) => {
            let (arguments, back) = write::whole(deployment, |template| {
                write::set_container(template, container.list, &container.name, fields);
            })?;
            (tool, arguments, back)
        }
    };
    Ok(Change { call: Call { tool: tool.clone(), arguments }, back: Call { tool, arguments: back } })
}

/// A patch after which the container has these fields too.
fn patch(case: &Case<'_>, container: &Container, fields: &Value) -> String {
    let mut one = Map::from_iter([("name".to_string(), json!(container.name))]);
    one.extend(fields.as_object().cloned().unwrap_or_default());
    strategic(case, &json!({ (container.list): [one] }))
}

/// The arguments of a strategic merge patch of a deployment's pods, whose containers are matched by name.
pub(super) fn strategic(case: &Case<'_>, spec: &Value) -> String {
    json!({
        "resourceType": "deployment",
        "name": case.name,
        "namespace": case.namespace,
        "patchType": "strategic",
        "patchData": {"spec": {"template": {"spec": spec}}},
    })
    .to_string()
}

/// `container web of deployment/shop/web`.
pub(super) fn words(case: &Case<'_>, container: &Container) -> String {
    format!("container {} of {}", quote::short(&container.name), case.target())
}
