//! `[plugins]`, `[plugins.NAME]` and `[notifiers.NAME]`: where plugins are and what each may do.
//!
//! A plugin may do nothing that is not granted here. A notifier target is one use of a notifier
//! plugin with settings, secrets and grants of its own, so that two chat groups can share a plugin.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::paths::{Directory, directory};
use super::problem::Report;
use super::secret::{Reference, resolve_path};
use super::unit::{Period, Size};
use crate::domain::Risk;
use crate::network::smtp::Tls;
use crate::plugin::{BusGrant, Grant, Limits, MailGrant, Options, TargetOptions, path_problem};
use crate::secret::SecretSource;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// Plugins.
#[derive(Clone, Debug, PartialEq)]
pub struct Plugins {
    /// Where they are.
    pub directory: Directory,
    /// What is said about single ones.
    pub each: BTreeMap<String, Options>,
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
    secrets: BTreeMap<String, Reference>,
    grant: Vec<Grant>,
    mail: Option<RawMail>,
    bus: Option<BusGrant>,
    risks: BTreeMap<String, Risk>,
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
    secrets: BTreeMap<String, Reference>,
    #[serde(default)]
    grant: Vec<Grant>,
    mail: Option<RawMail>,
    bus: Option<BusGrant>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawMail {
    server: String,
    #[serde(default)]
    tls: Tls,
    username: Option<String>,
    password: Option<Reference>,
    ca: Option<PathBuf>,
    from: String,
    to: Vec<String>,
    #[serde(default)]
    private: bool,
}

impl RawMail {
    fn build(self, at: &[&str; 2], base: &Path, report: &mut Report) -> MailGrant {
        let password = self.password.map(|Reference(mut source)| {
            resolve_path(&mut source, base);
            source
        });
        let Self { server, tls, username, from, to, private, .. } = self;
        let ca = self.ca.map(|path| base.join(path));
        let grant = MailGrant { server, tls, username, password, ca, from, to, private };
        let [section, name] = at;
        for problem in grant.problems() {
            report(&[*section, *name, "mail"], problem);
        }
        grant
    }
}

/// With units, as everywhere in the file.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawLimits {
    memory: Option<Size>,
    cpu: Option<Period>,
    wall: Option<Period>,
    concurrency: Option<u32>,
    log: Option<Size>,
    requests: Option<u32>,
    requests_per_minute: Option<u32>,
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
        for (name, mut raw) in self.each {
            let at = ["plugins", name.as_str()];
            if let Some(digest) = &raw.sha256
                && !(digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_hexdigit()))
            {
                report(&["plugins", &name, "sha256"], "a SHA-256 digest has 64 hexadecimal digits".into());
            }
            let secrets = references(std::mem::take(&mut raw.secrets), base);
            check(&at, &secrets, None, &raw.grant, report);
            let limits = std::mem::take(&mut raw.limits).build(&name, report);
            let sha256 = raw.sha256.take().map(|digest| digest.to_ascii_lowercase());
            let mail = raw.mail.take().map(|mail| mail.build(&at, base, report));
            check_bus(&at, raw.bus.as_ref(), report);
            let RawPlugin { settings, grant, bus, risks, .. } = raw;
            each.insert(name, Options { settings, secrets, grant, mail, bus, risks, sha256, limits });
        }
        Plugins { directory: directory(self.path, base, "plugins"), each }
    }
}

impl RawLimits {
    fn build(self, name: &str, report: &mut Report) -> Limits {
        let default = Limits::default();
        let mut number = |key: &str, value: u128, unit: &str| {
            u32::try_from(value).ok().filter(|value| *value > 0).unwrap_or_else(|| {
                report(&["plugins", name, "limits", key], format!("is out of range; it counts in {unit}"));
                1
            })
        };
        let mut size = |key: &str, value: Option<Size>, unit: u64, default: u32| {
            let word = if unit == MIB { "MiB" } else { "KiB" };
            value.map_or(default, |size| number(key, u128::from(size.0 / unit), word))
        };
        let memory_mib = size("memory", self.memory, MIB, default.memory_mib);
        let log_kib = size("log", self.log, KIB, default.log_kib);
        let response_kib = size("response", self.response, KIB, default.response_kib);
        let cpu_ms = self.cpu.map_or(default.cpu_ms, |period| number("cpu", period.0.as_millis(), "milliseconds"));
        let wall_ms = self.wall.map(|period| number("wall", period.0.as_millis(), "milliseconds"));
        let limits = Limits {
            memory_mib,
            cpu_ms,
            wall_ms: wall_ms.or(default.wall_ms),
            concurrency: self.concurrency.unwrap_or(default.concurrency),
            log_kib,
            requests: self.requests.unwrap_or(default.requests),
            requests_per_minute: self.requests_per_minute.or(default.requests_per_minute),
            response_kib,
            looks: self.looks.unwrap_or(default.looks),
        };
        for problem in limits.problems() {
            report(&["plugins", name, "limits"], problem);
        }
        limits
    }
}

pub fn build_notifiers(
    raw: BTreeMap<String, RawNotifier>,
    plugins: &Plugins,
    base: &Path,
    report: &mut Report,
) -> BTreeMap<String, TargetOptions> {
    let mut notifiers = BTreeMap::new();
    for (name, raw) in raw {
        let secrets = references(raw.secrets, base);
        let shared = plugins.each.get(&raw.plugin).map(|plugin| &plugin.secrets);
        check(&["notifiers", &name], &secrets, shared, &raw.grant, report);
        let mail = raw.mail.map(|mail| mail.build(&["notifiers", &name], base, report));
        check_bus(&["notifiers", &name], raw.bus.as_ref(), report);
        let RawNotifier { plugin, settings, grant, bus, .. } = raw;
        let target = TargetOptions { plugin, settings, secrets, grant, mail, bus };
        notifiers.insert(name, target);
    }
    notifiers
}

fn check_bus(at: &[&str; 2], bus: Option<&BusGrant>, report: &mut Report) {
    let [section, name] = at;
    for problem in bus.map(BusGrant::problems).unwrap_or_default() {
        report(&[*section, *name, "bus"], problem);
    }
}

/// What is published by plugins: where the configuration says so, and on which bus.
pub fn publishing<'a>(
    plugins: &'a Plugins,
    notifiers: &'a BTreeMap<String, TargetOptions>,
) -> impl Iterator<Item = ([&'a str; 3], &'a str)> {
    let of_plugins = plugins.each.iter().map(|(name, one)| ("plugins", name, one.bus.as_ref()));
    let of_targets = notifiers.iter().map(|(name, one)| ("notifiers", name, one.bus.as_ref()));
    let all = of_plugins.chain(of_targets);
    all.filter_map(|(section, name, bus)| Some(([section, name.as_str(), "bus"], bus?.name.as_str())))
}

fn references(raw: BTreeMap<String, Reference>, base: &Path) -> BTreeMap<String, SecretSource> {
    let resolve = |(name, Reference(mut source)): (String, Reference)| {
        resolve_path(&mut source, base);
        (name, source)
    };
    raw.into_iter().map(resolve).collect()
}

/// Grants must be origins and may only name secrets that exist: beside them, or for a target with
/// its plugin.
fn check(
    at: &[&str; 2],
    secrets: &BTreeMap<String, SecretSource>,
    shared: Option<&BTreeMap<String, SecretSource>>,
    grants: &[Grant],
    report: &mut Report,
) {
    let [section, name] = at;
    let path = [*section, *name, "grant"];
    let known = |name: &str| secrets.contains_key(name) || shared.is_some_and(|shared| shared.contains_key(name));
    for grant in grants {
        let origin = &grant.origin;
        if origin.contains('…') {
            report(
                &path,
                format!("{origin:?} is still the placeholder of a printed line: write the origin that is meant"),
            );
        } else if !is_origin(origin) {
            report(
                &path,
                format!("{origin:?} is not an origin: write https://host or https://host:port, without a path"),
            );
        }
        if let Some(problem) = grant.paths.iter().find_map(|pattern| path_problem(pattern)) {
            report(&path, problem);
        }
        if let Some(method) = grant.methods.iter().find(|m| m.is_empty() || !m.bytes().all(|b| b.is_ascii_uppercase()))
        {
            report(&path, format!("{method:?} is not an HTTP method in upper case, such as \"POST\""));
        }
        for name in grant.secrets.iter().filter(|name| !known(name)) {
            report(
                &path,
                format!("the grant for {origin} names the secret {name}, which {}.secrets lacks", at.join(".")),
            );
        }
    }
}

fn is_origin(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(['/', '?', '#', '@', ' ', '\\']))
}
