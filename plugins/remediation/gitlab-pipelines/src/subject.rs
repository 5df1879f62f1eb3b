//! Which pipeline an alert is about.

use tidegate_plugin::kubernetes::quote;
use tidegate_plugin::looks::Looks;
use tidegate_plugin::remediation::Alert;

use crate::settings::{Service, Settings};

/// What an alert names.
pub(crate) enum Subject<'a> {
    Pipeline {
        project: &'a str,
        id: u64,
    },
    /// A job, whose pipeline it is about.
    Job {
        project: &'a str,
        id: u64,
    },
    /// A service that is deployed to an environment.
    Service {
        name: &'a str,
        service: &'a Service,
    },
}

impl Subject<'_> {
    /// What it is called, for people.
    pub fn about(&self) -> String {
        match self {
            Self::Pipeline { project, id } => target(project, *id),
            Self::Job { project, id } => format!("job/{project}/{id}"),
            Self::Service { name, .. } => format!("service/{name}"),
        }
    }
}

/// Reads an alert. What is about a project that is not allowed says so, because it reads like an oversight.
pub(crate) fn of<'a>(alert: &'a Alert, settings: &'a Settings, looks: &Looks) -> Option<Subject<'a>> {
    let told = alert.annotations.iter().find(|(name, _)| name == "pipeline").and_then(|(_, value)| number(value));
    let link = alert.link.as_deref().unwrap_or_default();
    let named = alert.label_value("project").and_then(|path| {
        let pipeline = told.filter(|_| path.contains('/')).or_else(|| page(link, path, "pipelines"));
        let found = pipeline.map(|id| (id, true)).or_else(|| Some((page(link, path, "jobs")?, false)))?;
        Some((path, found))
    });
    if let Some((path, (id, is_pipeline))) = named {
        let Some(project) = settings.project(path) else {
            let text = "the project is not one of projects, so its pipelines are not looked at";
            looks.found(format!("project/{}", quote::short(path)), text, vec![]);
            return None;
        };
        return Some(if is_pipeline { Subject::Pipeline { project, id } } else { Subject::Job { project, id } });
    }
    let (name, service) = settings.services.get_key_value(alert.label_value(&settings.service_label)?)?;
    Some(Subject::Service { name, service })
}

/// `pipeline/group/name/1`, for people.
pub(crate) fn target(project: &str, id: u64) -> String {
    format!("pipeline/{project}/{id}")
}

/// The number in `https://…/group/name/-/jobs/1`. Whose address it is does not matter, since only the number is taken
/// from it, and GitLab is asked about that.
fn page(link: &str, project: &str, what: &str) -> Option<u64> {
    let (before, rest) = link.split_once(&format!("/-/{what}/"))?;
    let path = before.split_once("://")?.1.to_ascii_lowercase();
    let own = path.ends_with(&format!("/{}", project.to_ascii_lowercase()));
    number(rest.split(['/', '?', '#']).next()?).filter(|_| own)
}

fn number(text: &str) -> Option<u64> {
    text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::page;

    #[test]
    fn only_a_page_of_the_project_counts() {
        for (link, want) in [
            ("https://gitlab.com/acme/shop/web/-/pipelines/17", Some(17)),
            ("https://git.example/gitlab/Acme/shop/web/-/pipelines/17/builds", Some(17)),
            ("https://gitlab.com/acme/shop/other/-/pipelines/17", None),
            ("https://gitlab.com/acme/shop/web/-/jobs/17", None),
            ("https://gitlab.com/acme/shop/web/-/pipelines/+7", None),
            ("https://gitlab.com/acme/shop/web/-/pipelines/", None),
            ("", None),
        ] {
            assert_eq!(page(link, "acme/shop/web", "pipelines"), want, "{link}");
        }
    }
}
