//! Starts a host: opens what lies on disk, loads plugins and policies, begins to start the tool
//! servers, restores what was under way and lets the runner go.

use std::path::Path;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use tokio::sync::mpsc;

use super::inspections::Inspections;
use super::live_records::LiveRecords;
use super::model_metrics::Daily;
use super::observers::Observers;
use super::restoration::{self, Parts, Restoration};
use super::schedules::{Addresses, Heartbeats, Schedules};
use super::sources::AllSources;
use super::{
    App, alert_expiry, audit, background, bus, events, knowledge, known_tools, maintenance, metrics, options, routes,
    startup_summary, watch,
};
use crate::backend::Progress;
use crate::boundary::{Boundary, CrashingJournal};
use crate::bus::Buses;
use crate::chat::Chat;
use crate::clock::SystemClock;
use crate::config::{Config, Problem, Problems};
use crate::domain::{Sealed, control};
use crate::environment::{Environment, ProcessEnvironment};
use crate::events::Events;
use crate::gate::Gate;
use crate::journal::{self, Projection, Sqlite};
use crate::model;
use crate::network::Network;
use crate::pipeline::Services;
use crate::pipeline::correlate::group;
use crate::plugin::{Bundled, BusTransport, MailTransport, Manifest, Plugins, Setup, Transport, Wire};
use crate::policy;
use crate::ports::{Clock, Journal, Model, PluginState, Sources as _, Tools};
use crate::random::Random;
use crate::rules::Policies;
use crate::runner::Runner;
use crate::source::BuiltIn;
use crate::store::Store;
use crate::tools::{Composite, Servers};

/// How long a start waits until all is known that decisions may rest on, before it serves without.
const PATIENCE: Duration = Duration::from_secs(1);

/// Plugins inside this binary.
pub const BUNDLED: &[Bundled] = include!(concat!(env!("OUT_DIR"), "/bundled.rs"));

/// Starts a host with this configuration, and says what was loaded.
pub async fn start(config: &Config, progress: &Progress) -> Result<(Arc<App>, Vec<String>), Problems> {
    let mut loaded = Vec::new();
    let environment = ProcessEnvironment;
    let missing = config.missing_secrets(&environment);
    if !missing.is_empty() {
        return Err(Problems(missing));
    }
    let (journal, projection) = open(config)?;
    loaded.push(format!("journal: {} ({} entries)", config.journal.display(), journal.position()));

    let policies = load_policies(config)?;
    for problem in policies.problems() {
        tracing::warn!(problem, "the policies are in force, though their tests or their lint object");
    }
    let policies = Arc::new(policies);
    loaded.push(format!("policies: {}", policies.describe()));

    progress("plugins …");
    let network = Arc::new(Network::default());
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let state = Arc::clone(&journal) as Arc<dyn PluginState>;
    let shared: Arc<dyn Environment> = Arc::new(environment);
    let buses = bus::open(config, &shared, (&clock, &state))?;
    let ways = (Arc::new(Wire(Arc::clone(&network))), Arc::new(Buses(buses.clone())));
    let (plugins, problems) = load_plugins_over(config, &environment, ways, state).await?;
    for problem in problems {
        tracing::warn!(%problem, "a plugin or target cannot be used as it is configured");
    }
    let plugins = Arc::new(plugins);
    let names_of_sources = source_names(&plugins);
    let mut unknown = config.unknown_sources(&names_of_sources);
    unknown.extend(config.unknown_bus_sources(&names_of_sources));
    if !unknown.is_empty() {
        return Err(Problems(unknown));
    }
    loaded.push(format!("plugins: {}", plugin_names(&plugins)));
    loaded.extend(buses.iter().map(|bus| format!("bus: {}", bus.describe())));
    let routes = routes::of(&policies.set(), &plugins.target_names());
    loaded.extend(routes.told);
    for problem in routes.problems {
        tracing::warn!(problem, "a message would reach nobody");
    }

    let random = Arc::new(Random::from_system());
    let jitter = Arc::clone(&random);
    let jitter: crate::tools::Jitter = Arc::new(move || jitter.below(1_000_000) as f64 / 1_000_000.0);
    let servers = Servers::start(&options::tools(config), &|name| environment.get(name), &jitter)
        .map_err(|checked| Problems(problems_at(config, &["tools", "servers"], checked.problems)))?;
    loaded.push(match servers.status().len() {
        0 => "tool servers: none".to_string(),
        _ => format!("tool servers: {}", names(servers.status().into_iter().map(|status| status.server))),
    });
    let remediations: Arc<dyn Tools> = Arc::clone(&plugins) as Arc<dyn Tools>;
    let tools: Arc<dyn Tools> = Arc::new(Composite::new(Arc::clone(&servers), Some(remediations)));
    plugins.connect(Arc::downgrade(&tools) as Weak<dyn Tools>);

    let (model, client) = load_model(config, &clock)?;
    loaded.push(startup_summary::model(config));

    let library = knowledge::open(config, Arc::clone(&network), Arc::clone(&clock));
    let library = Arc::new(library.map_err(|error| problem(config, &["knowledge"], error))?);
    if !config.knowledge.folders.is_empty() {
        loaded.push(format!(
            "runbooks: {}",
            names(config.knowledge.folders.iter().map(|folder| folder.display().to_string()))
        ));
    }

    loaded.extend(watch::describe(config));
    loaded.extend(startup_summary::scheduled_jobs(config));

    let (wake, woken) = mpsc::unbounded_channel();
    let group_by = config.correlate.group_by.clone();
    let of_policies = Arc::clone(&policies);
    let store = Store::new(
        mortal(Arc::clone(&journal) as Arc<dyn Journal>, &environment)?,
        Arc::clone(&clock),
        Arc::clone(&random),
        Box::new(move |alert| group(of_policies.group(alert), alert, group_by.as_deref())),
        wake,
    );
    let servers_and_plugins = servers
        .status()
        .into_iter()
        .map(|status| status.server)
        .chain(plugins.status().into_iter().map(|status| status.name));
    let handled = Arc::new(metrics::IncidentMetrics::new(servers_and_plugins, config.notifiers.keys().cloned()));
    let heartbeats = Arc::new(Heartbeats::new(config.heartbeats.clone(), clock.elapsed()));
    let observers = Observers::new(Arc::clone(&handled), Arc::clone(&heartbeats), Arc::clone(&clock));
    let store = store.with_bounds(options::bounds(config)).with_scope(options::scope(config));
    let store = store.with_observer(Arc::new(observers));
    let store = Arc::new(store);
    let accounts = crate::accounts::read(&config.accounts_file());
    let accounts = accounts.map_err(|error| Problems(vec![config.problem(&["sign_in", "accounts"], error)]))?;
    let known = |stream: Vec<Sealed>| audit::latest_change(&stream) > 0;
    let had_accounts = || Journal::stream(journal.as_ref(), control::STREAM).map_or(true, known);
    loaded.push(startup_summary::sign_in(config, &accounts, had_accounts));
    let gate = Arc::new(Gate::new(options::gate(config)).with_people(config.people_of(&accounts)));
    let services = Arc::new(Services {
        store: Arc::clone(&store),
        policies: Arc::clone(&policies) as Arc<dyn Policies>,
        gate: Arc::clone(&gate),
        tools,
        planners: Arc::clone(&plugins) as Arc<_>,
        model,
        library: Some(Arc::clone(&library) as Arc<_>),
        notifiers: Arc::clone(&plugins) as Arc<_>,
        clock: Arc::clone(&clock),
        random,
        mode: config.mode,
        limits: options::limits(config),
        language: config.report.language,
        links: config.links(&environment).map_err(|problem| Problems(vec![problem]))?,
        base: config.reached_at(),
    });
    let records = Arc::new(LiveRecords {
        store: Arc::clone(&services.store),
        journal: Arc::clone(&journal),
        projection: Arc::clone(&projection),
        library: Arc::clone(&library),
    });
    let chat = Arc::new(Chat::new(Arc::clone(&services), Arc::clone(&records) as Arc<_>, config.chat));
    let restoration = Arc::new(Restoration::new(Arc::clone(&projection)));
    let parts = Arc::new(Parts {
        services: Arc::clone(&services),
        model: client,
        journal: Arc::clone(&journal) as Arc<dyn Journal>,
        projection: Arc::clone(&projection),
    });
    let again = Arc::clone(&parts);
    let runner = Runner::new(Arc::clone(&services), Box::new(move || Ok(again.again()?)));
    let of = (Arc::clone(&services), Arc::clone(&servers), Arc::clone(&plugins));
    let groups = Some(services.gate.people().groups());
    let known = move || policy::lint::Inventory {
        groups: groups.clone(),
        ..known_tools::tools(&of.0.tools.catalogue(), &of.1, &of.2)
    };
    let mut tasks = vec![
        tokio::spawn(restoration::restore(Arc::clone(&restoration), parts, Arc::clone(&runner), config.accept_loss)),
        tokio::spawn(after(&restoration, Arc::clone(&runner).run(woken))),
        tokio::spawn(after(
            &restoration,
            background::project(Arc::clone(&journal), Arc::clone(&projection), Arc::clone(&restoration)),
        )),
        tokio::spawn(knowledge::follow_folders(Arc::clone(&library))),
        tokio::spawn(after(&restoration, knowledge::follow_journal(Arc::clone(&library), Arc::clone(&journal)))),
        tokio::spawn(background::wake_waiting(Arc::clone(&servers), store)),
        tokio::spawn(background::reload(Arc::clone(&policies), known)),
    ];
    let inspections =
        Inspections::new(Arc::clone(&services), Arc::clone(&journal) as Arc<dyn Journal>, config.inspections.clone());
    let health = Arc::new(maintenance::Health::default());
    let (of_journal, of_projection) = (|| Arc::clone(&journal), projection);
    let checking = maintenance::check(of_journal(), of_projection, Arc::clone(&clock), Arc::clone(&health));
    tasks.push(tokio::spawn(after(&restoration, checking)));
    let retention = config.retention.clone();
    let removing = maintenance::remove(Arc::clone(&services.store), of_journal(), Arc::clone(&clock), retention);
    tasks.push(tokio::spawn(after(&restoration, removing)));
    let closing = super::chat::close_idle(Arc::clone(&chat), Arc::clone(&services.clock));
    tasks.push(tokio::spawn(after(&restoration, closing)));
    let of_store = Arc::clone(&services.store);
    let events = Events::new(Arc::clone(&services.policies), Arc::clone(&clock), Box::new(move || of_store.all()));
    let events = Arc::new(events);
    let ending = events::expire(Arc::clone(&events), Arc::clone(&services), Arc::clone(&runner));
    tasks.push(tokio::spawn(after(&restoration, ending)));
    tasks.push(tokio::spawn(after(&restoration, super::silences::count(Arc::clone(&services)))));
    let pushed = Arc::new(alert_expiry::AlertExpiry::default());
    let ending = alert_expiry::expire(Arc::clone(&pushed), Arc::clone(&services), Arc::clone(&runner));
    tasks.push(tokio::spawn(after(&restoration, ending)));
    let pings = Addresses::read(&config.schedules, Arc::clone(&network), &environment)
        .map_err(|error| problem(config, &["schedule"], error))?;
    let schedules = Schedules::new(
        Arc::clone(&services),
        Arc::clone(&journal) as Arc<dyn Journal>,
        Arc::clone(&records) as Arc<_>,
        (config.schedules.clone(), heartbeats),
        (pings, Arc::clone(&events), buses.clone()),
    );
    let sources = AllSources::new(Arc::clone(&plugins)).with_events(Arc::clone(&events));
    let sources = Arc::new(sources.with_clusters(config));
    let watched = watch::Watched {
        events: Arc::clone(&events),
        services: Arc::clone(&services),
        buses: buses.clone(),
        runner: Arc::clone(&runner),
        journal: of_journal(),
        restoration: Arc::clone(&restoration),
    };
    let watches = watch::of(config, &policies, watched);
    let counters = Arc::new(metrics::Counters::default());
    let stop_timeout = config.server.stop_timeout;
    let traces =
        super::traces::of(config, &network, &environment, clock.as_ref()).map_err(|problem| Problems(vec![problem]))?;
    if let Some(traces) = &traces {
        let (changes, record) = (services.store.changes(), Arc::clone(&records) as Arc<_>);
        tasks.push(tokio::spawn(Arc::clone(traces).follow(changes, record, Arc::clone(&clock))));
    }
    let app = App {
        services,
        runner,
        sources,
        policies,
        plugins,
        servers,
        records,
        restoration,
        tasks,
        counters,
        handled,
        daily: Daily::default(),
        counted: super::operations::Counted::default(),
        spent: super::operations::Spent::default(),
        group_by: config.correlate.group_by.clone(),
        health,
        inspections,
        schedules,
        events,
        silencing: tokio::sync::Mutex::default(),
        trials: Arc::new(tokio::sync::Semaphore::new(super::trials::AT_ONCE)),
        pushed,
        started_at: clock.now(),
        watches,
        buses,
        traces,
        chat,
        stop_timeout,
        stopping_since: OnceLock::new(),
        config_file: config.file().map(Path::to_path_buf),
    };
    if tokio::time::timeout(PATIENCE, app.restoration.settled()).await.is_err() {
        loaded.push("listing: is being derived from the journal; alerts are taken when it is there".to_string());
    }
    Ok((Arc::new(app), loaded))
}

fn open(config: &Config) -> Result<(Arc<Sqlite>, Arc<Projection>), Problems> {
    let at = |error: journal::Error| problem(config, &["journal", "path"], error.to_string());
    let journal = Sqlite::open(&config.journal, journal::Options::default()).map_err(at)?;
    let path = config.projection();
    // A listing is never a reason not to start.
    let projection = Projection::open(&path).or_else(|error| {
        tracing::warn!(%error, "listings are derived for this run alone");
        Projection::temporary(&path)
    });
    Ok((Arc::new(journal), Arc::new(projection.map_err(at)?)))
}

/// Does something once all is known that it may rest on.
fn after<W: Future>(restoration: &Arc<Restoration>, work: W) -> impl Future<Output = W::Output> + use<W> {
    let restoration = Arc::clone(restoration);
    async move {
        restoration.done().await;
        work.await
    }
}

/// The policies of the configured folder, or those inside the binary where there is none.
pub fn load_policies(config: &Config) -> Result<policy::LivePolicies, Problems> {
    let directory = &config.policies;
    let loaded = if !directory.given && !directory.path.is_dir() {
        policy::LivePolicies::embedded()
    } else {
        policy::LivePolicies::load(&directory.path)
    };
    loaded.map_err(|wrong| {
        let each = wrong.0.iter().map(ToString::to_string).collect();
        Problems(problems_at(config, &["policies", "path"], each))
    })
}

/// All plugins, and what is wrong with those that do not load; they reach no bus.
pub async fn load_plugins(
    config: &Config,
    environment: &dyn Environment,
    network: Arc<Network>,
    state: Arc<dyn PluginState>,
) -> Result<(Plugins, Vec<crate::plugin::Problem>), Problems> {
    load_plugins_over(config, environment, (Arc::new(Wire(network)), Arc::<Buses>::default()), state).await
}

/// The same with these ways out.
pub async fn load_plugins_over<W: Transport + MailTransport + 'static, B: BusTransport + 'static>(
    config: &Config,
    environment: &dyn Environment,
    (wire, bus): (Arc<W>, Arc<B>),
    state: Arc<dyn PluginState>,
) -> Result<(Plugins, Vec<crate::plugin::Problem>), Problems> {
    let directory = &config.plugins.directory;
    let folder = (directory.given || directory.path.is_dir()).then_some(directory.path.as_path());
    let cache = config.data().join("cache");
    let risk = config.tools.risk.clone();
    let setup = Setup {
        bundled: BUNDLED,
        folder: folder.filter(|folder| holds_plugins(folder)),
        cache: Some(&cache),
        plugins: &config.plugins.each,
        notifiers: &config.notifiers,
        environment,
        transport: Arc::clone(&wire) as Arc<dyn Transport>,
        mail: wire,
        bus,
        state,
        least_risk: Arc::new(move |tool| crate::tools::least_risk(&risk, tool)),
        clock: Arc::new(SystemClock),
        allocation: None,
    };
    Plugins::load(setup).await.map_err(|error| problem(config, &["plugins", "path"], error))
}

/// The manifests of the bundled plugins.
pub fn bundled() -> impl Iterator<Item = Manifest> {
    BUNDLED.iter().filter_map(|(_, text, _)| Manifest::parse(text).ok())
}

/// A source checkout has a folder `plugins` too, with a workspace instead of built plugins.
fn holds_plugins(folder: &Path) -> bool {
    !folder.join("Cargo.toml").is_file()
}

type LoadedModel = (Arc<dyn Model>, Option<Arc<model::Client>>);

fn load_model(config: &Config, clock: &Arc<dyn Clock>) -> Result<LoadedModel, Problems> {
    Ok(match client(config, clock)? {
        Some(client) => (Arc::clone(&client) as Arc<dyn Model>, Some(client)),
        None => (Arc::new(model::Unconfigured), None),
    })
}

/// The client of the configured models; none where there are none.
///
/// # Errors
/// When a key cannot be had, or an address cannot be one.
pub fn client(config: &Config, clock: &Arc<dyn Clock>) -> Result<Option<Arc<model::Client>>, Problems> {
    let Some(configured) = &config.model else { return Ok(None) };
    let at = |place: usize, key: &'static str| {
        let path =
            configured.endpoints.get(place).map(|(path, _)| path.iter().map(String::as_str)).into_iter().flatten();
        path.chain([key]).collect::<Vec<&str>>()
    };
    let mut keys = Vec::new();
    for (place, (_, endpoint)) in configured.endpoints.iter().enumerate() {
        let key = endpoint.key.as_ref().map(|source| source.resolve(&ProcessEnvironment)).transpose();
        keys.push(key.map_err(|error| problem(config, &at(place, "key"), error.to_string()))?);
    }
    let client = model::Client::new(options::model(configured, keys, config), Arc::clone(clock));
    client.map(|client| Some(Arc::new(client))).map_err(|(place, error)| problem(config, &at(place, "url"), error))
}

fn mortal(journal: Arc<dyn Journal>, environment: &dyn Environment) -> Result<Arc<dyn Journal>, Problems> {
    match environment.get("TIDEGATE_TEST_CRASH") {
        None => Ok(journal),
        Some(text) => match Boundary::parse(&text) {
            Ok(boundary) => Ok(Arc::new(CrashingJournal::new(journal, boundary))),
            Err(error) => Err(Problems(vec![Problem::general(error)])),
        },
    }
}

/// One problem with the value at a path of keys.
pub fn problem(config: &Config, path: &[&str], text: String) -> Problems {
    Problems(vec![config.problem(path, text)])
}

/// A problem for each sentence.
pub fn problems_at(config: &Config, path: &[&str], texts: Vec<String>) -> Vec<Problem> {
    texts.into_iter().map(|text| config.problem(path, text)).collect()
}

/// Every source that there is, also those that cannot be used.
pub fn source_names(plugins: &Plugins) -> Vec<String> {
    let mut names = BuiltIn.names();
    names.push(crate::domain::event::SOURCE.into());
    names.extend(plugins.source_names());
    names
}

/// The plugins that are in use, and how it is with the other bundled ones: all of them are told of.
pub fn plugin_names(plugins: &Plugins) -> String {
    let all = plugins.status();
    let bundled = all.iter().filter(|status| status.from == "bundled").count();
    let (loaded, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|status| status.sha256.is_some());
    let loaded = names(loaded.iter().map(|status| format!("{} ({})", status.name, status.kind)));
    let (usable, waiting): (Vec<_>, Vec<_>) =
        others.iter().filter(|status| status.from == "bundled").partition(|status| status.usable);
    format!(
        "{loaded}; of {bundled} bundled ones {} are loaded when they are first called, and {} wait for a target, settings or grants",
        usable.len(),
        waiting.len()
    )
}

fn names(names: impl Iterator<Item = String>) -> String {
    let names: Vec<String> = names.collect();
    if names.is_empty() { "none".into() } else { names.join(", ") }
}
