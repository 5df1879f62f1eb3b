//! What the looks show to be wrong, in English.

use super::count;
use crate::evidence::{Finding, Problem};
use crate::report::escape::Style;

/// One sentence.
pub(super) fn sentence(finding: &Finding, s: Style) -> String {
    let mut objects: Vec<String> = finding.objects.iter().map(|object| s.name(object)).collect();
    if finding.more > 0 {
        objects.push(format!("{} more", finding.more));
    }
    format!("{}: {}", objects.join(", "), problem(&finding.problem, s))
}

fn problem(problem: &Problem, s: Style) -> String {
    let quoted = |said: &str| if said.is_empty() { String::new() } else { format!(": {}", s.say(said)) };
    let restarts = |many: u64| if many == 0 { String::new() } else { format!(" after {}", count(many, "restart")) };
    match problem {
        Problem::ImageNotFound { image } => {
            format!("the image {} cannot be pulled: the registry has none of that name", s.name(image))
        }
        Problem::ImageDenied { image } => format!(
            "the image {} cannot be pulled: the registry lets nobody in without a right to it, or has none of that name",
            s.name(image)
        ),
        Problem::RegistryAway { image, said } => {
            format!(
                "the image {} cannot be pulled: the registry does not answer as it should{}",
                s.name(image),
                quoted(said)
            )
        }
        Problem::ImageNotPulled { image, said } => {
            format!("the image {} cannot be pulled{}", s.name(image), quoted(said))
        }
        Problem::ImageInvalid { image } => format!("{} is no reference of an image", s.name(image)),
        Problem::Crashes { container, code, restarts: many, said } => {
            let code = code.map(|code| format!(" with exit code {code}")).unwrap_or_default();
            format!("container {} ends again and again{code}{}{}", s.name(container), restarts(*many), quoted(said))
        }
        Problem::OutOfMemory { container, restarts: many } => {
            format!(
                "container {} was killed because it used more memory than its limit{}",
                s.name(container),
                restarts(*many)
            )
        }
        Problem::NotConfigured { container, said } => {
            format!("container {} cannot be made{}", s.name(container), quoted(said))
        }
        Problem::ClassMissing { class } => format!("it waits: the storage class {} does not exist", s.name(class)),
        Problem::ClaimWaits { said } => format!("it is not bound{}", quoted(said)),
        Problem::Unschedulable { said } => format!("no node takes it{}", quoted(said)),
        Problem::ProbeFails { said } => format!("a probe fails{}", quoted(said)),
        Problem::MountFails { said } => format!("a volume cannot be mounted{}", quoted(said)),
        Problem::NodeNotReady { said } => format!("the node is not ready{}", quoted(said)),
        Problem::NodePressure { what } => format!("the node reports {}", s.name(what)),
        Problem::NotCreated { said } => format!("what it should make is not made{}", quoted(said)),
        Problem::RolloutStuck { said } => format!("its rollout does not go on{}", quoted(said)),
        Problem::NoMetrics { said } => format!("the autoscaler cannot read what it scales by{}", quoted(said)),
        Problem::AtLimit { said } => format!("the autoscaler is at its limit{}", quoted(said)),
        Problem::JobFailed { said } => format!("the job has failed{}", quoted(said)),
        Problem::Evicted { said } => format!("it was evicted{}", quoted(said)),
    }
}
