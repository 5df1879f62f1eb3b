//! `[plugins]`, `[plugins.NAME]` and `[notifiers.NAME]`: where plugins are and what each may do.
//!
//! A plugin may do nothing that is not granted here. A notifier target is one use of a notifier
//! plugin with settings, secrets and grants of its own, so that two chat groups can share a plugin.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::paths::{Directory, directory};
use super::problem::Report;
use super::secret::SecretSource;
use super::unit::{Period, Size};

/// Plugins.
#[derive(Clone, Debug, PartialEq)]
pub struct Plugins {
    /// Where they are.
    pub directory: Directory,
    /// What is said about single ones.
    pub each: BTreeMap<String, Plugin>,
}

/// What is said about a plugin.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plugin {
    /// Passed to it.
    pub settings: Map<String, Value>,
    /// By the name that `{{secret:name}}` uses.
    pub secrets: BTreeMap<String, SecretSource>,
    /// Where it may send requests.
    pub grant: Vec<Grant>,
    /// The only digest that is loaded, lower-case hex.
    pub sha256: Option<String>,
    /// Limits of one call.
    pub limits: PluginLimits,
}

/// A notifier target.
#[derive(Clone, Debug, PartialEq)]
pub struct Notifier {
    /// The notifier plugin.
    pub plugin: String,
    /// Passed to it.
    pub settings: Map<String, Value>,
    /// By the name that `{{secret:name}}` uses.
    pub secrets: BTreeMap<String, SecretSource>,
    /// Where it may send requests.
    pub grant: Vec<Grant>,
}

/// One way out of a plugin.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// `https://host` or `https://host:port`.
    pub origin: String,
    /// HTTP methods, upper case. Without any, nothing may be sent.
    #[serde(default)]
    pub methods: Vec<String>,
    /// Names of secrets that may be put into these requests.
    #[serde(default)]
    pub secrets: Vec<String>,
    /// Whether the origin may be a private, loopback or link-local address.
    #[serde(default)]
    pub private: bool,
}

/// What one call of a plugin may use; what is absent has the plugin room's default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PluginLimits {
    /// Memory.
    pub memory: Option<Size>,
    /// Time of computing.
    pub cpu: Option<Duration>,
    /// Time in all, waiting for others included.
    pub wall: Option<Duration>,
    /// Calls at once; more wait.
    pub concurrency: Option<u32>,
    /// Log text.
    pub log: Option<Size>,
    /// HTTP requests.
    pub requests: Option<u32>,
    /// Body of one HTTP response.
    pub response: Option<Size>,
    /// Calls of read-only tools.
    pub looks: Option<u32>,
}

#[derive(Default)]
pub struct Raw {
    path: Option<PathBuf>,
    each: BTreeMap<String, RawPlugin>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawPlugin {
    settings: Map<String, Value>,
    secrets: BTreeMap<String, SecretSource>,
    grant: Vec<Grant>,
    sha256: Option<String>,
    limits: RawLimits,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawNotifier {
    plugin: String,
    #[serde(default)]
    settings: Map<String, Value>,
    #[serde(default)]
    secrets: BTreeMap<String, SecretSource>,
    #[serde(default)]
    grant: Vec<Grant>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawLimits {
    memory: Option<Size>,
    cpu: Option<Period>,
    wall: Option<Period>,
    concurrency: Option<u32>,
    log: Option<Size>,
    requests: Option<u32>,
    response: Option<Size>,
    looks: Option<u32>,
}

// By hand: serde's `flatten` would accept unknown keys and lose their lines.
impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Section;
        impl<'de> Visitor<'de> for Section {
            type Value = Raw;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table with path and one table for each plugin")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
                let mut raw = Raw::default();
                while let Some(key) = map.next_key::<String>()? {
                    if key == "path" {
                        raw.path = Some(map.next_value()?);
                    } else {
                        raw.each.insert(key, map.next_value()?);
                    }
                }
                Ok(raw)
            }
        }
        deserializer.deserialize_map(Section)
    }
}

impl Raw {
    pub fn build(self, base: &Path, report: &mut Report) -> Plugins {
        let mut each = BTreeMap::new();
        for (name, raw) in self.each {
            let at = ["plugins", name.as_str()];
            if let Some(digest) = &raw.sha256
                && !(digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_hexdigit()))
            {
                report(&["plugins", &name, "sha256"], "a SHA-256 digest has 64 hexadecimal digits".into());
            }
            let mut secrets = raw.secrets;
            check(&at, &mut secrets, None, &raw.grant, base, report);
            let limits = PluginLimits {
                memory: raw.limits.memory,
                cpu: raw.limits.cpu.map(|period| period.0),
                wall: raw.limits.wall.map(|period| period.0),
                concurrency: raw.limits.concurrency,
                log: raw.limits.log,
                requests: raw.limits.requests,
                response: raw.limits.response,
                looks: raw.limits.looks,
            };
            let sha256 = raw.sha256.map(|digest| digest.to_ascii_lowercase());
            each.insert(name, Plugin { settings: raw.settings, secrets, grant: raw.grant, sha256, limits });
        }
        Plugins { directory: directory(self.path, base, "plugins"), each }
    }
}

pub fn build_notifiers(
    raw: BTreeMap<String, RawNotifier>,
    plugins: &Plugins,
    base: &Path,
    report: &mut Report,
) -> BTreeMap<String, Notifier> {
    let mut notifiers = BTreeMap::new();
    for (name, raw) in raw {
        let mut secrets = raw.secrets;
        let shared = plugins.each.get(&raw.plugin).map(|plugin| &plugin.secrets);
        check(&["notifiers", &name], &mut secrets, shared, &raw.grant, base, report);
        let notifier = Notifier { plugin: raw.plugin, settings: raw.settings, secrets, grant: raw.grant };
        notifiers.insert(name, notifier);
    }
    notifiers
}

/// Grants must be origins and may only name secrets that exist: beside them, or for a target with
/// its plugin.
fn check(
    at: &[&str; 2],
    secrets: &mut BTreeMap<String, SecretSource>,
    shared: Option<&BTreeMap<String, SecretSource>>,
    grants: &[Grant],
    base: &Path,
    report: &mut Report,
) {
    let [section, name] = at;
    let path = [*section, *name, "grant"];
    let known = |name: &str| secrets.contains_key(name) || shared.is_some_and(|shared| shared.contains_key(name));
    for grant in grants {
        let origin = &grant.origin;
        if !is_origin(origin) {
            report(&path, format!("{origin:?} is not an origin: write https://host or https://host:port, without a path"));
        }
        if let Some(method) = grant.methods.iter().find(|m| m.is_empty() || !m.bytes().all(|b| b.is_ascii_uppercase())) {
            report(&path, format!("{method:?} is not an HTTP method in upper case, such as \"POST\""));
        }
        for name in grant.secrets.iter().filter(|name| !known(name)) {
            report(&path, format!("the grant for {origin} names the secret {name}, which {}.secrets lacks", at.join(".")));
        }
    }
    for source in secrets.values_mut() {
        source.resolve_path(base);
    }
}

fn is_origin(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(['/', '?', '#', '@', ' ', '\\']))
}
