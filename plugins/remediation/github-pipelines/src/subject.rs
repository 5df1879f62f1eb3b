//! Which run an alert is about.

use tidegate_plugin::kubernetes::quote;
use tidegate_plugin::looks::Looks;
use tidegate_plugin::remediation::Alert;

use crate::settings::{Service, Settings};

/// What an alert names.
pub(crate) enum Subject<'a> {
    /// A run that the link of the alert leads to.
    Run { repository: &'a str, id: u64 },
    /// A service that a workflow deploys.
    Service { name: &'a str, service: &'a Service },
}

impl Subject<'_> {
    /// What it is called, for people.
    pub fn about(&self) -> String {
        match self {
            Self::Run { repository, id } => target(repository, *id),
            Self::Service { name, .. } => format!("service/{name}"),
        }
    }
}

/// Reads an alert. What is about a repository that is not allowed says so, because it reads like an oversight.
pub(crate) fn of<'a>(alert: &'a Alert, settings: &'a Settings, looks: &Looks) -> Option<Subject<'a>> {
    let named = alert.label_value("repository").and_then(|name| Some((name, run(alert.link.as_deref()?, name)?)));
    if let Some((name, id)) = named {
        let Some(repository) = settings.repository(name) else {
            let text = "the repository is not one of repositories, so its runs are not looked at";
            looks.found(format!("repository/{}", quote::short(name)), text, vec![]);
            return None;
        };
        if alert.label_value("fork").is_some() {
            let text = "it runs what a fork wrote, so nothing is proposed";
            looks.found(target(repository, id), text, vec![]);
            return None;
        }
        return Some(Subject::Run { repository, id });
    }
    let (name, service) = settings.services.get_key_value(alert.label_value(&settings.service_label)?)?;
    Some(Subject::Service { name, service })
}

/// `run/owner/name/1`, for people.
pub(crate) fn target(repository: &str, id: u64) -> String {
    format!("run/{repository}/{id}")
}

/// The run of this repository that an address leads to: `https://…/owner/name/actions/runs/1/job/2`. Whose address it
/// is does not matter, since only the number is taken from it, and GitHub is asked about that.
fn run(link: &str, repository: &str) -> Option<u64> {
    let (_, path) = link.split_once("://")?.1.split_once('/')?;
    let rest = path.get(repository.len()..)?.strip_prefix("/actions/runs/")?;
    let own = path.get(..repository.len())?.eq_ignore_ascii_case(repository);
    let digits = rest.split(['/', '?', '#']).next()?;
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| own && plain)
}

#[cfg(test)]
mod tests {
    use super::run;

    #[test]
    fn only_a_run_of_the_repository_is_one() {
        for (link, want) in [
            ("https://github.com/acme/web/actions/runs/17", Some(17)),
            ("https://ghe.example/Acme/Web/actions/runs/17/job/3?pr=1", Some(17)),
            ("https://github.com/acme/other/actions/runs/17", None),
            ("https://github.com/acme/web/actions/runs/", None),
            ("https://github.com/acme/web/actions/runs/+1", None),
            ("https://github.com/acme/web/actions/runs/99999999999999999999", None),
            ("https://github.com/acme/web", None),
            ("https://github.com", None),
            ("acme/web/actions/runs/17", None),
            ("https://github.com/不不不不/actions/runs/1", None),
        ] {
            assert_eq!(run(link, "acme/web"), want, "{link}");
        }
    }
}
