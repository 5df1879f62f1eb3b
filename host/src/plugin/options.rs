//! What an operator's configuration says about plugins: `[plugins.NAME]` and `[notifiers.NAME]`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::grants::{BusGrant, MailGrant};
use crate::domain::Risk;
use crate::secret::SecretSource;

/// `[plugins.NAME]`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// Handed to the plugin; checked against its schema.
    pub settings: Map<String, Value>,
    /// Secrets by name. The plugin sees the names only.
    pub secrets: BTreeMap<String, SecretSource>,
    /// What it may reach. Nothing by default.
    pub grant: Vec<Grant>,
    /// What mail it may send. None by default.
    pub mail: Option<MailGrant>,
    /// What it may publish on a message bus. Nothing by default.
    pub bus: Option<BusGrant>,
    /// The component's digest in hex. A component with any other digest is not loaded.
    pub sha256: Option<String>,
    /// The least that a wrong call of one of its own actions could cost, by the action's name. It is
    /// only ever raised.
    pub risks: BTreeMap<String, Risk>,
    /// What a call may use.
    pub limits: Limits,
}

/// `[notifiers.NAME]`: a target of a notifier plugin. What it says goes before what the plugin's
/// own table says, key by key.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetOptions {
    /// The notifier plugin.
    pub plugin: String,
    /// As for the plugin.
    #[serde(default)]
    pub settings: Map<String, Value>,
    /// As for the plugin.
    #[serde(default)]
    pub secrets: BTreeMap<String, SecretSource>,
    /// As for the plugin; added to what the plugin's own table grants.
    #[serde(default)]
    pub grant: Vec<Grant>,
    /// As for the plugin; goes before what the plugin's own table grants.
    pub mail: Option<MailGrant>,
    /// As for the plugin; goes before what the plugin's own table grants.
    pub bus: Option<BusGrant>,
}

/// What a plugin may send, and with which secrets.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// `https://host` or `https://host:port`.
    pub origin: String,
    /// Paths, such as `/api/v1/*`: `*` stands for any run within a segment, and at the end for all beneath. Without
    /// any, all of the origin.
    #[serde(default)]
    pub paths: Vec<String>,
    /// HTTP methods. Without any, nothing may be sent.
    #[serde(default)]
    pub methods: Vec<String>,
    /// Names of secrets that may go there.
    #[serde(default)]
    pub secrets: Vec<String>,
    /// Whether requests with these methods only read, such as those of an API that is queried by POST.
    /// A remediation may then send them also while no action of it is permitted. `GET` and `HEAD`
    /// need no such word.
    #[serde(default)]
    pub reads: bool,
    /// Whether the origin may lie at a private or loopback address.
    #[serde(default)]
    pub private: bool,
}

/// What one call of a plugin may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Memory in MiB, all of the plugin's linear memories together; at most 256.
    pub memory_mib: u32,
    /// Time on a thread in milliseconds, waiting not included. A busy machine stretches it, hence
    /// a default far above what plugins need.
    pub cpu_ms: u32,
    /// Time in milliseconds, waiting for others included; by default 5 s for a source, 30 s for a
    /// notifier and 60 s for a remediation.
    pub wall_ms: Option<u32>,
    /// Calls at the same time; more wait.
    pub concurrency: u32,
    /// Log text in KiB.
    pub log_kib: u32,
    /// HTTP requests.
    pub requests: u32,
    /// HTTP requests, mails and messages on a bus a minute, of all calls together; without a limit by default.
    pub requests_per_minute: Option<u32>,
    /// Body of an HTTP response in KiB.
    pub response_kib: u32,
    /// Calls of read-only tools.
    pub looks: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_mib: 64,
            cpu_ms: 500,
            wall_ms: None,
            concurrency: 8,
            log_kib: 64,
            requests: 32,
            requests_per_minute: None,
            response_kib: 1024,
            looks: 40,
        }
    }
}

/// The most memory that a plugin can be given in MiB; the pool's slots have this size.
pub const MOST_MEMORY_MIB: u32 = 256;

impl Limits {
    /// Sentences about values that cannot be used.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if !(1..=MOST_MEMORY_MIB).contains(&self.memory_mib) {
            problems.push(format!("limits.memory_mib must be 1 to {MOST_MEMORY_MIB}"));
        }
        for (name, value) in [
            ("cpu_ms", Some(self.cpu_ms)),
            ("wall_ms", self.wall_ms),
            ("requests_per_minute", self.requests_per_minute),
            ("concurrency", Some(self.concurrency)),
        ] {
            if value == Some(0) {
                problems.push(format!("limits.{name} must be at least 1"));
            }
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_of_the_configuration() {
        let options: Options = toml::from_str(
            r#"
            settings = { receive_id = "oc_1", keyword = "{{secret:word}}" }
            secrets = { word = { env = "WORD" } }
            grant = [{ origin = "https://open.feishu.cn", methods = ["POST"], secrets = ["word"] }]
            limits = { cpu_ms = 100 }
            "#,
        )
        .unwrap();
        assert!(!options.grant[0].private);
        assert_eq!(options.limits, Limits { cpu_ms: 100, ..Limits::default() });

        let target: TargetOptions = toml::from_str(r#"plugin = "feishu""#).unwrap();
        assert!(target.grant.is_empty());
        assert!(toml::from_str::<Options>("grants = []").is_err());
        assert!(toml::from_str::<Options>("secrets = { word = \"plain\" }").is_err());
    }

    #[test]
    fn limits_that_cannot_be_used_are_named() {
        let limits = Limits { memory_mib: 1024, concurrency: 0, ..Limits::default() };
        assert_eq!(limits.problems().len(), 2);
        assert!(Limits::default().problems().is_empty());
    }
}
