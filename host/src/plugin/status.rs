//! How each plugin is.

use std::sync::Arc;

use super::error::Problem;
use super::imports::Binding;
use super::installed::Installed;
use super::kind::Kind;
use super::registry::Plugins;

/// How a plugin is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its kind.
    pub kind: Kind,
    /// `bundled`, or its folder.
    pub from: String,
    /// Whether it can be called: of a bundled one that no configuration names, the code is loaded when it is.
    pub usable: bool,
    /// Digest of its component; none unless it is loaded.
    pub sha256: Option<String>,
    /// Version of the contract; none unless it is loaded.
    pub lane: Option<&'static str>,
    /// Whether it imports WASI, in which there is nothing for it.
    pub wasi: bool,
    /// Why it is not used, or what was last wrong with it or one of its targets.
    pub problems: Vec<String>,
    /// What it asks for and is not granted.
    pub unmet: Vec<String>,
    /// The targets, source or tools that it offers.
    pub offers: Vec<String>,
}

impl Plugins {
    /// Names of all source plugins, also of those that cannot be used.
    pub fn source_names(&self) -> Vec<String> {
        let sources = self.installed.iter().filter(|(_, one)| one.package().manifest.kind == Kind::Source);
        sources.map(|(name, _)| name.clone()).collect()
    }

    /// Why a source plugin that there is cannot be used; none where it can, and where there is none.
    pub fn unusable_source(&self, name: &str) -> Option<String> {
        let one = self.installed.get(name)?;
        if one.package().manifest.kind != Kind::Source || self.sources.contains_key(name) {
            return None;
        }
        let subject = one.package().manifest.label();
        let told =
            self.problems.iter().filter(|problem| problem.subject == subject).map(|problem| problem.text.clone());
        let told: Vec<String> = told.collect();
        let needs = format!("it needs settings, see its README and [plugins.{name}]");
        Some(format!(
            "source {name} is there and cannot be used: {}",
            if told.is_empty() { needs } else { told.join("; ") }
        ))
    }

    /// Why a target that the configuration has cannot be used; none where it can, and where there is none.
    pub fn unusable_target(&self, name: &str) -> Option<String> {
        if self.targets.contains_key(name) {
            return None;
        }
        let (of_target, of_table) = (format!("notifier {name} ("), format!("[notifiers.{name}]"));
        let is_its = |subject: &str| subject.starts_with(&of_target) || subject == of_table;
        let told: Vec<String> = self
            .problems
            .iter()
            .filter(|problem| is_its(&problem.subject))
            .map(|problem| problem.text.clone())
            .collect();
        (!told.is_empty()).then(|| told.join("; "))
    }

    /// Names of the targets that can be used.
    pub fn usable_targets(&self) -> Vec<String> {
        self.targets.keys().cloned().collect()
    }

    /// The name of the plugin behind a target.
    pub fn plugin_of(&self, target: &str) -> Option<String> {
        Some(self.targets.get(target)?.installed.package().manifest.name.clone())
    }

    /// What was wrong at the start.
    pub fn start_problems(&self) -> &[Problem] {
        &self.problems
    }

    /// How each plugin is, by name.
    pub fn status(&self) -> Vec<Status> {
        self.installed.values().map(|one| self.status_of(one)).collect()
    }

    fn status_of(&self, one: &Arc<Installed>) -> Status {
        let package = one.package();
        let manifest = &package.manifest;
        let loaded = one.loaded();
        let own: Vec<_> = self.units_of(one).collect();
        let label = manifest.label();
        let mut problems = one.problems();
        // Those of its targets and grants, which are no problem of the component alone.
        let of_target = format!("({label})");
        let told = self.problems.iter().filter_map(|problem| match &problem.subject {
            subject if *subject == label => Some(problem.text.clone()),
            subject => subject.ends_with(&of_target).then(|| problem.to_string()),
        });
        let told: Vec<String> = told.filter(|text| !problems.contains(text)).collect();
        problems.extend(told);
        problems.extend(own.iter().filter_map(|(name, unit)| {
            let problem = unit.problem()?;
            Some(if **name == manifest.name { problem } else { format!("{name}: {problem}") })
        }));
        let mut unmet: Vec<String> = own.iter().flat_map(|(_, unit)| unmet(&unit.binding())).collect();
        unmet.dedup();
        Status {
            name: manifest.name.clone(),
            version: manifest.version.clone(),
            kind: manifest.kind,
            from: match &package.folder {
                Some(folder) => folder.display().to_string(),
                None => "bundled".to_string(),
            },
            usable: !own.is_empty() && one.problems().is_empty(),
            sha256: loaded.as_ref().map(|loaded| loaded.sha256.clone()),
            wasi: loaded.as_ref().is_some_and(|loaded| loaded.wasi),
            lane: loaded.as_ref().map(|loaded| loaded.lane.as_str()),
            problems,
            unmet,
            offers: own
                .iter()
                .flat_map(|(name, unit)| match manifest.kind {
                    Kind::Remediation => unit.tools().iter().map(|tool| tool.name.clone()).collect(),
                    _ => vec![(*name).clone()],
                })
                .collect(),
        }
    }
}

fn unmet(binding: &Binding) -> Vec<String> {
    binding.grants.unmet(binding.mail.as_ref(), binding.bus.as_ref())
}
