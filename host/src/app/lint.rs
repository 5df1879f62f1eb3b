//! `policy lint` without a running host: the tools are asked for on the spot, as far as they can be.

use std::sync::Arc;

use super::launch::{bundled, load_plugins};
use super::{known_tools, options, policies};
use crate::backend::Progress;
use crate::backend::policies::{LintReport, LintRequest};
use crate::config::{Config, Problems};
use crate::environment::{Environment, ProcessEnvironment};
use crate::journal::Memory;
use crate::network::Network;
use crate::plugin::{Kind, Manifest, Plugins, Problem};
use crate::policy::lint::{self, Inventory};
use crate::ports::Tools;
use crate::tools::{CheckReport, Composite, Jitter, Phase, Servers};

/// Reads the policies that are wanted, with what can be known of tools.
///
/// # Errors
/// When the policies cannot be read.
pub async fn run(config: &Config, wanted: &LintRequest, progress: &Progress) -> Result<LintReport, Problems> {
    let (set, _) = policies::load(config, wanted.folder.as_deref())?;
    let mut unchecked = Vec::new();
    let known = look(config, wanted.offline, progress, &mut unchecked).await;
    // One that cannot be read is told by whoever starts.
    let book = crate::accounts::read(&config.accounts_file()).unwrap_or_default();
    let mut known = Inventory { groups: Some(config.people_of(&book).groups()), ..known };
    // What these offer may depend on settings that they were not given; without HTTP there is nothing to act by.
    let offers = |name: &str| known.catalogue.tools.keys().any(|tool| tool.split('.').next() == Some(name));
    let silent = unnamed(config).filter(|manifest| !manifest.asks.http.is_empty() && !offers(&manifest.name));
    let silent: Vec<String> = silent.map(|manifest| manifest.name).collect();
    known.unloaded.extend(silent);
    let findings = lint::run(&set, Some(&known)).iter().map(ToString::to_string).collect();
    Ok(LintReport { findings, unchecked })
}

/// Loads the plugins, starts the servers, lists their tools and ends them.
async fn look(config: &Config, offline: bool, progress: &Progress, unchecked: &mut Vec<String>) -> Inventory {
    let plugins = plugins(config, progress, unchecked).await;
    let servers = if offline {
        unchecked.push("the tools of MCP servers, because --offline starts none".into());
        None
    } else {
        servers(config, progress, unchecked).await
    };
    let Some(plugins) = plugins else { return Inventory::default() };
    let plugins = Arc::new(plugins);
    let Some(servers) = servers else {
        let nobody = Servers::none();
        let catalogue = plugins.catalogue();
        return Inventory { complete: false, ..known_tools::tools(&catalogue, &nobody, &plugins) };
    };
    let all = Composite::new(Arc::clone(&servers), Some(Arc::clone(&plugins) as Arc<dyn Tools>));
    let known = known_tools::tools(&all.catalogue(), &servers, &plugins);
    servers.shutdown().await;
    known
}

/// Bundled remediations that the configuration does not name.
fn unnamed(config: &Config) -> impl Iterator<Item = Manifest> {
    let remediations = bundled().filter(|manifest| manifest.kind == Kind::Remediation);
    remediations.filter(|manifest| !config.plugins.each.contains_key(&manifest.name))
}

async fn plugins(config: &Config, progress: &Progress, unchecked: &mut Vec<String>) -> Option<Plugins> {
    progress("plugins …");
    let (network, state) = (Arc::new(Network::default()), Arc::new(Memory::new()));
    // What a remediation offers is known once its code is read, which a host does for those that its configuration names.
    let mut asked = config.clone();
    let unnamed: Vec<String> = unnamed(config).map(|manifest| manifest.name).collect();
    asked.plugins.each.extend(unnamed.iter().map(|name| (name.clone(), Default::default())));
    match load_plugins(&asked, &ProcessEnvironment, network, state).await {
        Ok((plugins, mut problems)) => {
            let of = |problem: &Problem, name: &String| {
                problem.subject.split_whitespace().next() == Some(name)
                    || problem.subject == format!("[plugins.{name}]")
            };
            problems.retain(|problem| !unnamed.iter().any(|name| of(problem, name)));
            unchecked.extend(problems.into_iter().map(|problem| format!("what a plugin offers: {problem}")));
            Some(plugins)
        }
        Err(problems) => {
            unchecked.extend(problems.0.into_iter().map(|problem| format!("all tools: {problem}")));
            None
        }
    }
}

/// The servers, each either up or given up.
pub async fn servers(config: &Config, progress: &Progress, unchecked: &mut Vec<String>) -> Option<Arc<Servers>> {
    let options = options::tools(config);
    // Nothing is started twice, so nothing has to be spread over time.
    let jitter: Jitter = Arc::new(|| 0.5);
    let servers = match Servers::start(&options, &|name| ProcessEnvironment.get(name), &jitter) {
        Ok(servers) => servers,
        Err(CheckReport { problems, .. }) => {
            unchecked.extend(problems.into_iter().map(|problem| format!("the tools of MCP servers: {problem}")));
            return None;
        }
    };
    if servers.status().is_empty() {
        unchecked.push(
            "the tools of MCP servers, because `[tools] servers` of the configuration names no file with any".into(),
        );
        return None;
    }
    progress("tool servers …");
    servers.wait_ready(options.start_within).await;
    for status in servers.status().into_iter().filter(|status| status.phase != Phase::Ready && status.tools == 0) {
        let within = options.start_within.as_secs();
        let why = status.error.unwrap_or_else(|| format!("it did not start and list its tools within {within} s"));
        unchecked.push(format!("the tools of {}: {why}", status.server));
    }
    Some(servers)
}
