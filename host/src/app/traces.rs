//! Traces of the running host.

use std::sync::Arc;

use super::live_records::LiveRecords;
use crate::backend::Records;
use crate::config::{Config, Problem};
use crate::domain::IncidentId;
use crate::environment::Environment;
use crate::network::Network;
use crate::ports::{Clock, IncidentRecord};
use crate::traces::{Record, Traces};

impl Record for LiveRecords {
    fn story(&self, id: &IncidentId) -> Option<IncidentRecord> {
        Records::story(self, &id.0).ok().flatten()
    }
}

/// The collector that the configuration names, if it names one.
pub(super) fn of(
    config: &Config,
    network: &Network,
    environment: &dyn Environment,
    clock: &dyn Clock,
) -> Result<Option<Arc<Traces>>, Problem> {
    let Some(traces) = &config.traces else { return Ok(None) };
    let wrong = |error: String| config.problem(&["traces"], error);
    let secret = traces.authorization.as_ref().map(|source| source.resolve(environment)).transpose();
    let secret = secret.map_err(|error| wrong(error.to_string()))?;
    let client = network.trusted().map_err(|error| wrong(error.0))?;
    crate::traces::context::tell_others();
    let of_host = (config.server.listen.to_string(), clock.now());
    Ok(Some(Arc::new(Traces::new(client, &traces.endpoint, secret, of_host))))
}
