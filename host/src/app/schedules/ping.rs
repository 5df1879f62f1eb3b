//! Addresses that are called, so that somebody else notices when the host is silent.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Method, Url};

use crate::config::{Ping, Schedule, ScheduleAction};
use crate::environment::Environment;
use crate::network::{Network, RefusedAddress, describe, refusal};
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
            let ScheduleAction::Ping(ping) = &schedule.does else { continue };
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
        let guarded = self.network.guarded(ping.private).map_err(|error| error.0)?;
        let host = url.host_str().unwrap_or_default().to_string();
        let method = if ping.post { Method::POST } else { Method::GET };
        let beyond = |refused: RefusedAddress| format!("{refused}; where that is meant, say private = true");
        let request = guarded.request(method, url).map_err(beyond)?;
        let answer = request.timeout(PATIENCE).send().await.map_err(|error| match refusal(&error) {
            Some(refused) => beyond(refused),
            None => format!("{host}: {}", describe(error)),
        })?;
        let status = answer.status();
        if status.is_success() {
            Ok(format!("{host} answered {status}"))
        } else {
            Err(format!("{host} answered {status}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::SecretSource;

    async fn called(url: &str, private: bool) -> Result<String, String> {
        let known = BTreeMap::from([("alive".to_string(), Secret::new(url))]);
        let addresses = Addresses { network: Arc::new(Network::default()), known };
        let ping = Ping { url: SecretSource::File("/dev/null".into()), post: false, private };
        addresses.call("alive", &ping).await
    }

    #[tokio::test]
    async fn what_is_not_said_to_be_private_is_not_called_however_it_is_written() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        for host in [
            "127.0.0.1",
            "[::1]",
            "0x7f.1",
            "2130706433",
            "[::ffff:127.0.0.1]",
            "localhost",
            "10.0.0.1",
            "169.254.169.254",
            "[::ffff:10.0.0.1]",
        ] {
            let refused = called(&format!("http://{host}:{port}/ping"), false).await.unwrap_err();
            assert!(refused.contains("private = true"), "{host}: {refused}");
        }
        let accepted = tokio::time::timeout(Duration::from_millis(50), listener.accept()).await;
        assert!(accepted.is_err(), "somebody was called");
        drop(listener);
        let unheard = called(&format!("http://127.0.0.1:{port}/"), true).await.unwrap_err();
        assert!(!unheard.contains("private = true"), "{unheard}");
    }
}
