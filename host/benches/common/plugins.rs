//! Plugins for benches: the bundled ones, over nothing but memory and the real network.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use tidegate::app::BUNDLED;
use tidegate::journal::Memory;
use tidegate::network::Network;
use tidegate::plugin::engine::Allocation;
use tidegate::plugin::{Bundled, Options, Plugins, Setup, Wire};
use tidegate::ports::{Inbound, Sources};

/// A body of [`ALERTS`] alerts.
#[allow(dead_code, reason = "not every bench decodes it")]
pub const GRAFANA: &str =
    include_str!("../../../plugins/source/grafana/testdata/v9_mixed_firing_and_resolved/body.json");

#[allow(dead_code, reason = "not every bench decodes")]
pub const ALERTS: usize = 3;

/// What is loaded, and how.
pub struct Loading<'a> {
    pub bundled: &'a [Bundled],
    pub cache: Option<&'a Path>,
    /// `[plugins.NAME]` tables.
    pub tables: &'a str,
    pub allocation: Option<Allocation>,
}

impl Default for Loading<'_> {
    fn default() -> Self {
        Self { bundled: BUNDLED, cache: None, tables: "", allocation: None }
    }
}

impl Loading<'_> {
    /// Stops where anything is wrong but that nothing is granted.
    pub async fn load(self) -> Plugins {
        let options: BTreeMap<String, Options> = toml::from_str(self.tables).unwrap_or_else(|error| panic!("{error}"));
        let environment: BTreeMap<String, String> = BTreeMap::new();
        let network = Arc::new(Network::default());
        let setup = Setup {
            bundled: self.bundled,
            folder: None,
            cache: self.cache,
            plugins: &options,
            notifiers: &BTreeMap::new(),
            environment: &environment,
            transport: Arc::new(Wire(Arc::clone(&network))),
            mail: Arc::new(Wire(network)),
            bus: Arc::<tidegate::bus::Buses>::default(),
            clock: Arc::new(tidegate::clock::SystemClock),
            state: Arc::new(Memory::new()),
            least_risk: Arc::new(|_| tidegate::domain::Risk::Read),
            allocation: self.allocation,
        };
        let (plugins, problems) = Plugins::load(setup).await.unwrap_or_else(|error| panic!("{error}"));
        let wrong: Vec<_> = problems.iter().filter(|problem| !problem.text.contains("nothing is granted")).collect();
        assert!(wrong.is_empty(), "{wrong:?}");
        plugins
    }
}

/// Decodes a body of [`ALERTS`] alerts.
#[allow(dead_code, reason = "not every bench decodes")]
pub async fn decode(sources: &dyn Sources, source: &str, body: &str) {
    let request = Inbound {
        method: "POST".into(),
        headers: Default::default(),
        query: Vec::new(),
        body: body.to_string(),
        received_at: jiff::Timestamp::UNIX_EPOCH,
    };
    let alerts = sources.decode(source, request).await.unwrap_or_else(|error| panic!("{source}: {error}"));
    assert_eq!(alerts.alerts.len(), ALERTS, "{source}");
}
