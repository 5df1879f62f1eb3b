//! An image that cannot be pulled: set one that can.
//!
//! The best evidence for an image is a pod that runs with it now; the next best is a tag that is
//! right but for a stray end. Without either nothing is proposed.

use serde_json::{Map, Value, json};
use tidegate_plugin::kubernetes::write::{self, Writer};
use tidegate_plugin::kubernetes::{object, quote, verify};
use tidegate_plugin::remediation::{Call, CallError, Proposal};

use super::containers::strategic;
use super::revision::{self, Revision};
use super::{Finding, manager_words, pod_words};
use crate::image::{self, Fault};
use crate::symptom::{Container, Symptom};
use crate::workload::Case;

/// One container and the image it should run.
struct Repair<'a> {
    container: &'a Container,
    image: String,
    because: String,
}

/// Proposes one patch for all containers of a Deployment whose images cannot be pulled.
pub(super) fn propose(
    case: &Case<'_>,
    deployment: &Value,
    findings: &[Finding<'_>],
) -> Result<Option<Proposal>, CallError> {
    // A pod of an older revision is on its way out; its image is no longer asked for.
    let current = |container: &Container| {
        object::template_image(deployment, container.list, &container.name) == Some(&container.image)
    };
    let mut broken: Vec<(&Value, &Container)> = Vec::new();
    for finding in findings {
        if let Symptom::Image(container) = &finding.symptom
            && current(container)
            && !broken.iter().any(|(_, known)| known.name == container.name && known.list == container.list)
        {
            broken.push((finding.pod, container));
        }
    }
    if broken.is_empty() {
        return Ok(None);
    }
    let revisions = revision::history(case, deployment)?;
    let mut repairs = Vec::new();
    let mut evidence = Vec::new();
    let mut causes = Vec::new();
    for (pod, container) in broken {
        let messages = messages(case, pod, container)?;
        let Some(repair) = repair(container, &revisions, &messages) else {
            // Half a repair leaves the pods as broken as before.
            tell_unknown(case, pod, container, &messages);
            return Ok(None);
        };
        let words = messages.first().map(|message| quote::marked(message)).unwrap_or_default();
        evidence.push(format!(
            "{}: container {} waits with {} for the image {}",
            pod_words(case, pod),
            quote::short(&container.name),
            container.reason,
            quote::marked(&container.image)
        ));
        evidence.push(format!("the node says {words}"));
        evidence.push(repair.because.clone());
        causes.push(format!(
            "the image {} of container {} cannot be pulled",
            quote::marked(&container.image),
            quote::short(&container.name)
        ));
        repairs.push(repair);
    }
    evidence.extend(manager_words(case));
    let Some(writer) = Writer::of(case.cluster.server) else {
        let missing = Writer::missing(case.cluster.server);
        case.found(format!("{}; {missing}", causes.join("; ")), evidence);
        return Ok(None);
    };
    let reason = repairs
        .iter()
        .map(|r| {
            format!(
                "{} to {} instead of {}",
                quote::short(&r.container.name),
                r.image,
                quote::marked(&r.container.image)
            )
        })
        .collect::<Vec<_>>()
        .join(" and ");
    let new: Vec<_> = repairs.iter().map(|r| (r.container.list, r.container.name.as_str(), r.image.as_str())).collect();
    let old: Vec<_> =
        repairs.iter().map(|r| (r.container.list, r.container.name.as_str(), r.container.image.as_str())).collect();
    let (tool, arguments, back) = match writer {
        Writer::Patch(tool) => (tool, patch(case, &new), patch(case, &old)),
        Writer::Whole(tool) => {
            let written = write::whole(deployment, |template| {
                new.iter().for_each(|(list, name, image)| write::set_image(template, list, name, image));
            });
            match written {
                Ok((arguments, back)) => (tool, arguments, back),
                Err(why) => {
                    case.found(format!("{}; {why}", causes.join("; ")), evidence);
                    return Ok(None);
                }
            }
        }
    };
    Ok(Some(Proposal {
        call: Call { tool: tool.clone(), arguments },
        target: case.target(),
        reason: format!("set the image of container {reason}, so that the pods of {} can start", case.target()),
        evidence,
        root_cause: causes.join("; "),
        verify: verify::rollout(&case.cluster, deployment, &new),
        undo: Some(Call { tool, arguments: back }),
        extra: vec![],
    }))
}

/// Tells what is wrong, where no repair is known.
fn tell_unknown(case: &Case<'_>, pod: &Value, container: &Container, messages: &[String]) {
    let why = match image::fault(messages.iter().map(String::as_str)) {
        Fault::Transport => "the registry or the way to it is at fault, and another image would not help",
        Fault::Access => "the registry does not let the node in, or has no such image",
        Fault::Reference => {
            "it is not found, and neither an earlier revision that runs nor the tag says what was meant"
        }
    };
    let (image, name) = (quote::marked(&container.image), quote::short(&container.name));
    let waits = format!("{} waits with {}", pod_words(case, pod), container.reason);
    let said = messages.first().map(|message| format!("the node says {}", quote::marked(message)));
    let evidence = [waits].into_iter().chain(said).collect();
    case.found(format!("the image {image} of container {name} cannot be pulled: {why}"), evidence);
}

/// What the runtime said. The back-off that follows the first failures hides their reason; the
/// events still have it.
fn messages(case: &Case<'_>, pod: &Value, container: &Container) -> Result<Vec<String>, CallError> {
    let mut messages = Vec::new();
    if container.message.contains("Back-off") || container.message.is_empty() {
        let warnings = case.cluster.warnings(&case.namespace, object::name(pod))?;
        messages.extend(warnings.into_iter().filter(|text| text.contains("Failed to pull")).take(3));
    }
    messages.push(if container.message.is_empty() { container.reason.clone() } else { container.message.clone() });
    Ok(messages)
}

fn repair<'a>(container: &'a Container, revisions: &[Revision], messages: &[String]) -> Option<Repair<'a>> {
    let fault = image::fault(messages.iter().map(String::as_str));
    if fault == Fault::Transport {
        return None;
    }
    let running = revisions.iter().filter(|revision| revision.ready() > 0).find_map(|revision| {
        let image = revision.image(container.list, &container.name)?;
        (image != container.image && image::is_reference(image)).then_some((revision, image))
    });
    if let Some((revision, image)) = running {
        let because = format!(
            "revision {} (ReplicaSet {}) has {} ready pods with the image {image}",
            revision.number,
            quote::short(object::name(&revision.set)),
            revision.ready()
        );
        return Some(Repair { container, image: image.to_string(), because });
    }
    // What the registry does not let us see is not mended by another tag.
    let image = (fault == Fault::Reference).then(|| image::without_stray_end(&container.image))??;
    let because = format!(
        "the tag {} ends in punctuation; without it, it is {} (whether the registry has it shows when it is pulled)",
        quote::marked(image::tag(&container.image)),
        image::tag(&image)
    );
    Some(Repair { container, image, because })
}

/// A strategic merge patch: containers are matched by name and keep everything else.
fn patch(case: &Case<'_>, images: &[(&str, &str, &str)]) -> String {
    let mut spec = Map::new();
    for (list, name, image) in images {
        let entry = spec.entry((*list).to_string()).or_insert_with(|| json!([]));
        if let Some(containers) = entry.as_array_mut() {
            containers.push(json!({"name": name, "image": image}));
        }
    }
    strategic(case, &Value::Object(spec))
}
