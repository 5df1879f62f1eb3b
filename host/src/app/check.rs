//! `check`: all that a start would load is loaded, and nothing is started. What is wrong with one part hides nothing of the others; what
//! rests on a part of the configuration that could not be read is left out, because it would only be wrong for that.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::launch::{self, load_plugins_over, load_policies, plugin_names, problems_at};
use super::sources::AllSources;
use super::{audit, bus, knowledge, options, people, routes, startup_summary, watch};
use crate::author::cases;
use crate::backend::{CheckReport, Progress};
use crate::clock::SystemClock;
use crate::config::{Config, Problem};
use crate::domain::control;
use crate::environment::{Environment, ProcessEnvironment};
use crate::journal::{Memory, Reader};
use crate::plugin::{self, NoEgress, Plugins};
use crate::policy::LivePolicies;
use crate::ports::{Clock, Sources};
use crate::tools;

/// Loads everything, and says what there is and all that is wrong.
pub async fn run(config: &Config, progress: &Progress) -> CheckReport {
    let mut checked = CheckReport { problems: config.missing_secrets(&ProcessEnvironment), ..CheckReport::default() };
    progress("policies …");
    let policies = if config.is_usable("policies") { of_policies(config, &mut checked) } else { None };
    progress("plugins …");
    // Compiled plugins are kept beside the journal.
    if config.is_usable("plugins.path") && config.is_usable("journal") {
        of_plugins(config, policies.as_ref(), &mut checked).await;
    }
    if knows_who_gets_in(config) {
        checked.problems.extend(config.unguarded_links());
    }
    if config.is_usable("approvals") {
        checked.problems.extend(config.links(&ProcessEnvironment).err());
    }
    of_knowledge(config, &mut checked);
    checked.loaded.push(startup_summary::model(config));
    checked.loaded.extend(startup_summary::scheduled_jobs(config));
    match crate::accounts::read(&config.accounts_file()) {
        Ok(book) => {
            let known = || had_accounts(config).unwrap_or(true);
            checked.loaded.push(startup_summary::sign_in(config, &book, known));
        }
        Err(error) => checked.loaded.push(format!("sign-in: {error}")),
    }
    progress("tools …");
    if config.is_usable("tools") {
        of_tools(config, &mut checked);
    }
    checked
}

/// Whether the journal knows of accounts that the host has kept.
///
/// # Errors
/// When there is a journal and it cannot be read.
pub fn had_accounts(config: &Config) -> Result<bool, String> {
    let reader = config.journal.exists().then(|| Reader::open(&config.journal)).transpose();
    let reader = reader.map_err(|error| error.to_string())?;
    let stream = reader.map(|reader| reader.stream(control::STREAM)).transpose();
    let stream = stream.map_err(|error| error.to_string())?;
    Ok(audit::latest_change(&stream.unwrap_or_default()) > 0)
}

/// Whether it is known who must prove what, and who is there to do so.
fn knows_who_gets_in(config: &Config) -> bool {
    ["server", "users", "access", "sign_in"].into_iter().all(|section| config.is_read(section))
}

fn of_policies(config: &Config, checked: &mut CheckReport) -> Option<LivePolicies> {
    let loaded = load_policies(config).map_err(|problems| checked.problems.extend(problems.0)).ok()?;
    checked.loaded.push(format!("policies: {}", loaded.describe()));
    checked.problems.extend(problems_at(config, &["policies", "path"], lines(loaded.problems())));
    if knows_who_gets_in(config) && config.is_read("people") {
        checked.problems.extend(people::unmet(config, &loaded.set()));
    }
    Some(loaded)
}

async fn of_plugins(config: &Config, policies: Option<&LivePolicies>, checked: &mut CheckReport) {
    let state = Arc::new(Memory::new());
    let ways = (Arc::new(NoEgress), Arc::new(NoEgress));
    let (plugins, mut problems) = match load_plugins_over(config, &ProcessEnvironment, ways, state).await {
        Ok(loaded) => loaded,
        Err(problems) => return checked.problems.extend(problems.0),
    };
    checked.loaded.push(format!("plugins: {}", plugin_names(&plugins)));
    match cases::sample_message() {
        Ok(message) => problems.extend(plugins.rehearse(&message, SystemClock.now()).await),
        Err(problem) => checked.problems.push(Problem::general(problem)),
    }
    if let Some(policies) = policies {
        of_routes(config, policies, &plugins, checked);
    }
    checked.problems.extend(config.unknown_sources(&launch::source_names(&plugins)));
    let (buses, wrong) = bus::check(config, &launch::source_names(&plugins));
    checked.loaded.extend(buses);
    checked.problems.extend(wrong);
    // Secrets that have no value are told at their places.
    let others = problems.into_iter().filter(|problem| !problem.of_secret);
    let others: Vec<Problem> = others.map(|problem| placed(config, &problem)).collect();
    let sources = AllSources::new(Arc::new(plugins)).names();
    checked.loaded.extend(config.ways_in(&sources));
    if knows_who_gets_in(config) && config.is_read("sources") {
        checked.problems.extend(config.exposure(&sources));
    }
    checked.problems.extend(others);
}

fn of_routes(config: &Config, policies: &LivePolicies, plugins: &Plugins, checked: &mut CheckReport) {
    // What was meant to be a target is no name that nobody has.
    let mut targets: BTreeSet<String> = plugins.target_names();
    targets.extend(config.unread_names("notifiers").map(|name| name.split('.').next().unwrap_or(name).to_string()));
    let routes = routes::of(&policies.set(), &targets);
    checked.loaded.extend(routes.told);
    checked.problems.extend(problems_at(config, &["policies", "path"], routes.problems));
}

fn of_knowledge(config: &Config, checked: &mut CheckReport) {
    if config.knowledge.folders.is_empty() {
        return;
    }
    let at = |texts| problems_at(config, &["knowledge", "folders"], texts);
    match knowledge::check(config) {
        Ok((found, problems)) => {
            checked.loaded.push(found);
            checked.problems.extend(at(problems));
        }
        Err(error) => checked.problems.extend(at(vec![error])),
    }
}

fn of_tools(config: &Config, checked: &mut CheckReport) {
    let found = tools::check(&options::tools(config), &|name| ProcessEnvironment.get(name));
    let servers = if found.servers.is_empty() { "none".to_string() } else { found.servers.join(", ") };
    checked.loaded.push(format!("tool servers: {servers}"));
    let (watched, unreachable) = watch::check(config, &found.servers);
    checked.loaded.extend(watched);
    checked.problems.extend(unreachable);
    checked.problems.extend(watch::check_inspections(config, &found.servers));
    checked.problems.extend(problems_at(config, &["tools", "servers"], found.problems));
}

/// What is wrong with a plugin or a target, where the configuration speaks of it.
fn placed(config: &Config, problem: &plugin::Problem) -> Problem {
    let plugin::Problem { subject, text, .. } = problem;
    let section = subject.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    if let Some((section, name)) = section.and_then(|section| section.split_once('.')) {
        return config.problem(&[section, name], text);
    }
    let told = problem.to_string();
    let target = subject.strip_prefix("notifier ").and_then(|rest| rest.split(' ').next());
    match (target, subject.split(' ').next()) {
        (Some(target), _) if config.notifiers.contains_key(target) => config.problem(&["notifiers", target], told),
        (None, Some(name)) if config.plugins.each.contains_key(name) => config.problem(&["plugins", name], told),
        _ => Problem::general(told),
    }
}

/// Each text as one line.
fn lines(texts: Vec<String>) -> Vec<String> {
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    texts.iter().map(|text| text.lines().map(words).collect::<Vec<_>>().join(", ")).collect()
}
