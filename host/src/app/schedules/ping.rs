//! Addresses that are called, so that somebody else notices when the host is silent.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;

use crate::config::{Does, Ping, Schedule};
use crate::environment::Environment;
use crate::network::{Network, describe};
use crate::redact::known;
use crate::secret::Secret;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// The addresses by the names of their schedules, and the way out.
pub struct Addresses {
    network: Arc<Network>,
    known: BTreeMap<String, Secret>,
}

impl Addresses {
    /// Reads the addresses of these schedules.
    ///
    /// # Errors
    /// A sentence that names the schedule whose address there is not.
    pub fn read(schedules: &[Schedule], network: Arc<Network>, environment: &dyn Environment) -> Result<Self, String> {
        let mut all = BTreeMap::new();
        for schedule in schedules {
            let Does::Ping(ping) = &schedule.does else { continue };
            let name = &schedule.name;
            let address = ping.url.resolve(environment).map_err(|error| format!("{name}: ping: url: {error}"))?;
            let url = Url::parse(address.expose().trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
            if url.is_none() {
                return Err(format!("{name}: ping: url is no address of http or https"));
            }
            known::remember_all(known::of_url(address.expose().trim()));
            all.insert(name.clone(), address);
        }
        Ok(Self { network, known: all })
    }

    /// Calls one.
    pub(super) async fn call(&self, name: &str, ping: &Ping) -> Result<String, String> {
        let address = self.known.get(name).ok_or("its address is not known")?;
        let url = Url::parse(address.expose().trim()).map_err(|_| "its address cannot be read".to_string())?;
        let client = self.network.guarded(ping.private).map_err(|error| error.0)?;
        let host = url.host_str().unwrap_or_default().to_string();
        let request = if ping.post { client.post(url) } else { client.get(url) };
        let answer = request.timeout(PATIENCE).send().await.map_err(|error| format!("{host}: {}", describe(error)))?;
        let status = answer.status();
        if status.is_success() {
            Ok(format!("{host} answered {status}"))
        } else {
            Err(format!("{host} answered {status}"))
        }
    }
}
