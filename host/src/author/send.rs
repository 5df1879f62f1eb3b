//! One message by hand, really sent: with the settings, secrets and grants of an operator's configuration.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::BoxFuture;
use jiff::Timestamp;
use serde_json::Value;

use super::cases::{ComponentLocation, Outcome, PluginUnderTest, notifier};
use crate::bus::{Bus, Buses, Settings};
use crate::clock::SystemClock;
use crate::domain::Risk;
use crate::environment::{Environment, ProcessEnvironment};
use crate::journal::Memory;
use crate::network::Network;
use crate::plugin::{
    HttpRequest, HttpResponse, Options, Plugins, Setup, TargetOptions, Transport, TransportError, Wire,
};

/// What an operator's configuration says.
#[derive(Clone, Copy)]
pub struct OperatorConfig<'a> {
    /// `[plugins.NAME]`.
    pub plugins: &'a BTreeMap<String, Options>,
    /// `[notifiers.NAME]`.
    pub notifiers: &'a BTreeMap<String, TargetOptions>,
    /// `[[bus.nats]]`.
    pub buses: &'a [Settings],
    /// For secrets.
    pub environment: &'a dyn Environment,
}

impl OperatorConfig<'_> {
    /// The buses, each of which is connected when something is published there.
    fn opened(&self) -> Result<Buses, String> {
        let (clock, state) = (Arc::new(SystemClock), Arc::new(Memory::new()));
        let open = |settings: &Settings| {
            let bus = Bus::open(settings.clone(), Arc::new(ProcessEnvironment), clock.clone(), state.clone());
            bus.map(Arc::new).map_err(|error| format!("[[bus.nats]] {}: {error}", settings.name))
        };
        self.buses.iter().map(open).collect::<Result<_, _>>().map(Buses)
    }
}

/// The wire, and who was spoken to. What was said holds secrets and is not kept.
struct LoggedTransport {
    wire: Wire,
    exchanges: Mutex<Vec<String>>,
}

impl Transport for LoggedTransport {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, TransportError>> {
        let line = format!("{} {}", request.method, request.url.origin().ascii_serialization());
        Box::pin(async move {
            let answer = self.wire.send(request).await;
            let came = match &answer {
                Ok(returned) => format!("{line}: {}", returned.status),
                Err(error) => format!("{line}: {error:?}"),
            };
            self.exchanges.lock().unwrap_or_else(PoisonError::into_inner).push(came);
            answer
        })
    }
}

/// Sends a message to a target of the plugin; without a name to its only one.
///
/// # Errors
/// Sentences: no such target, or what keeps it from being used.
pub async fn send(
    subject: &PluginUnderTest<'_>,
    configured: OperatorConfig<'_>,
    target: Option<&str>,
    message: &Value,
    now: Timestamp,
) -> Result<Outcome, String> {
    let name = &subject.manifest.name;
    let ComponentLocation::Folder(folder) = subject.place else { return Err(format!("{name} is in no folder")) };
    let own = configured.plugins.get_key_value(name).map(|(name, options)| (name.clone(), options.clone()));
    let targets = configured.notifiers.iter().filter(|(_, options)| options.plugin == *name);
    let told = Arc::new(LoggedTransport { wire: Wire(Arc::new(Network::default())), exchanges: Mutex::default() });
    let setup = Setup {
        bundled: &[],
        folder: Some(folder),
        cache: subject.cache,
        plugins: &own.into_iter().collect(),
        notifiers: &targets.map(|(name, options)| (name.clone(), options.clone())).collect(),
        environment: configured.environment,
        transport: Arc::clone(&told) as Arc<dyn Transport>,
        mail: Arc::new(Wire(Arc::new(Network::default()))),
        bus: Arc::new(configured.opened()?),
        state: Arc::new(Memory::new()),
        least_risk: Arc::new(|_| Risk::Read),
        clock: Arc::new(crate::clock::SystemClock),
        allocation: None,
    };
    let (plugins, problems) = Plugins::load(setup).await?;
    if let Some(problem) = problems.first() {
        return Err(problem.to_string());
    }
    let there: Vec<String> = plugins.target_names().into_iter().collect();
    let target = match (target, there.as_slice()) {
        (Some(target), _) if there.iter().any(|known| known == target) => target,
        (None, [only]) => only,
        (_, []) => {
            return Err(format!(
                "the configuration has no target for {name}: add [notifiers.NAME] with plugin = \"{name}\", its \
                 settings, secrets and grant; `tidegate plugin check` prints what it asks for"
            ));
        }
        _ => return Err(format!("name one of its targets with --target: {}", there.join(", "))),
    };
    let answer = plugins.call_notifier(target, &notifier::message(message)?, now).await;
    let answer = answer.ok_or_else(|| format!("there is no target {target}"))?;
    let mut outcome = Outcome::default();
    outcome.found =
        super::cases::outcome_text(answer, &mut outcome.faults, |reference| serde_json::json!({ "ok": reference }));
    outcome.notes = told.exchanges.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Ok(outcome)
}
