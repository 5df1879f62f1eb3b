//! Targets of hooks as notifiers of the configuration.

use std::net::IpAddr;
use std::path::Path;

use reqwest::Url;
use serde_json::{Map, Value, json};

use super::names::PLUGIN;
use super::policy::ConvertedHook;
use super::{GeneratedFiles, Hook};
use crate::config::{Config, Overrides};
use crate::plugin::TargetOptions;

const HEAD: &str = "# Targets of EventHooks, made by `tidegate import eventhooks`. Put these sections into the configuration; paths count
# from its folder. An address is a secret where it may hold a key. With a target in the configuration, those are wanted as well
# that routes lead to: the shipped ones tell [notifiers.default].\n\n";

/// A target.
pub(super) struct Target {
    section: Value,
    options: TargetOptions,
    /// Files with secrets.
    secrets: Vec<(String, String)>,
}

impl Target {
    /// Whether a target of a configuration is this one.
    pub fn is(&self, other: &TargetOptions) -> bool {
        let TargetOptions { plugin, settings, grant, .. } = &self.options;
        (plugin, settings, grant) == (&other.plugin, &other.settings, &other.grant)
    }
}

/// Writes down the targets.
pub(super) fn write(all: &[ConvertedHook], texts: &mut GeneratedFiles) {
    let targets = all.iter().filter_map(|one| Some((one.name.clone(), one.target.as_ref()?)));
    let mut sections = Map::new();
    for (name, target) in targets {
        sections.insert(name, target.section.clone());
        texts.secrets.extend(target.secrets.iter().cloned());
    }
    if !sections.is_empty() {
        let document = json!({ "notifiers": sections });
        texts.notifiers = toml::to_string(&document).ok().map(|text| format!("{HEAD}{text}"));
    }
}

/// A field that has no counterpart here, and why.
type UnsupportedField = (&'static str, String);

/// What stands for the target of a hook, and what there is to say about it.
///
/// # Errors
/// Which field cannot be translated, and why.
pub(super) fn target(hook: &Hook, name: &str, folder: &Path) -> Result<(Target, Option<String>), UnsupportedField> {
    let folder = folder.display();
    let (mut address, mut note, mut files) = (hook.url.clone(), None, Vec::new());
    let elastic = hook.kind == "elasticsearch";
    let option = |key: &str| hook.options.get(key).map(String::as_str).unwrap_or_default();
    if elastic {
        let index = option("index");
        if index.is_empty() {
            return Err(("spec.options.index", "there is none, and it is needed".into()));
        }
        if index.contains('{') {
            return Err((
                "spec.options.index",
                format!("{index:?} has a date in its name, which cannot be translated"),
            ));
        }
        if !option("id").is_empty() {
            return Err(("spec.options.id", "an id of its own cannot be translated".into()));
        }
        address = format!("{}/{index}/_doc", address.trim_end_matches('/'));
        note = Some(
            "Elasticsearch gets what the notifier webhook posts, which has the event's text among its alerts, and not the data of the event alone".to_string(),
        );
    }
    let url = Url::parse(&address).map_err(|_| ("spec.url", format!("{:?} is no address", shown(&address))))?;
    let (Some(host), "http" | "https") = (url.host_str(), url.scheme()) else {
        return Err(("spec.url", format!("{:?} is no address of http or https", shown(&address))));
    };
    let origin = url.origin().ascii_serialization();
    let is_secret = url.query().is_some()
        || url.fragment().is_some()
        || !url.username().is_empty()
        || url.password().is_some()
        || url.path_segments().is_some_and(|mut segments| segments.any(may_be_key));
    let (mut settings, mut secrets) = (Map::new(), Map::new());
    let mut secret = |name: &str, file: String, text: String| {
        secrets.insert(name.into(), json!({ "file": format!("{folder}/secrets/{file}") }));
        files.push((file, text));
        format!("{{{{secret:{name}}}}}")
    };
    let place = if is_secret { secret("url", name.to_string(), address) } else { address };
    settings.insert("url".into(), json!(place));
    if elastic {
        if !option("username").is_empty() {
            let basic = base64_of(&format!("{}:{}", option("username"), option("password")));
            // No name of a hook has a dot here.
            let header = secret("basic", format!("{name}.basic"), format!("Basic {basic}"));
            settings.insert("headers".into(), json!({ "Authorization": header }));
        }
    } else {
        settings.insert("format".into(), json!(if hook.kind == "xiezuo" { "xiezuo" } else { "text" }));
        if !hook.additional.is_empty() {
            settings.insert("append".into(), json!(hook.additional));
        }
    }
    let mut grant = Map::from_iter([("origin".to_string(), json!(origin)), ("methods".to_string(), json!(["POST"]))]);
    if !secrets.is_empty() {
        grant.insert("secrets".into(), json!(secrets.keys().collect::<Vec<_>>()));
    }
    if is_private(host) {
        grant.insert("private".into(), json!(true));
    }
    let mut section =
        Map::from_iter([("plugin".to_string(), json!(PLUGIN)), ("settings".to_string(), json!(settings))]);
    if !secrets.is_empty() {
        section.insert("secrets".into(), Value::Object(secrets));
    }
    section.insert("grant".into(), json!([grant]));
    let section = Value::Object(section);
    let wrong =
        |why: String| ("spec.url", format!("what would be made of it is no target of the configuration: {why}"));
    let text = toml::to_string(&json!({ "notifiers": { name: section.clone() } }))
        .map_err(|error| wrong(error.to_string()))?;
    let read = Config::parse(text, None, &Overrides::default()).map_err(|problems| wrong(problems.to_string()))?;
    let options = read.notifiers.get(name).cloned().ok_or_else(|| wrong("it is not read".into()))?;
    Ok((Target { section, options, secrets: files }, note))
}

/// Whether a part of a path may be what lets others in, as the addresses of chats hold it: no plain word. Rather one too many
/// than one too few, for a secret that is none costs nothing.
fn may_be_key(segment: &str) -> bool {
    let any = |is: fn(&u8) -> bool| segment.bytes().any(|byte| is(&byte));
    // `;key=…` and the like stand in parts of a path as well; and `{{secret:…}}` would mean something in the configuration.
    let assigns = any(|byte| matches!(byte, b'=' | b';' | b'%' | b'@' | b'{'));
    let digits = segment.bytes().filter(u8::is_ascii_digit).count();
    let mixed = any(u8::is_ascii_lowercase) && any(u8::is_ascii_uppercase);
    assigns || segment.len() > 20 || segment.len() >= 8 && (digits > 0 || mixed) || segment.len() >= 6 && digits >= 2
}

/// An address without what may be a key: its scheme and its host.
pub(super) fn shown(address: &str) -> String {
    let plain = address.split(['?', '#']).next().unwrap_or_default();
    let (scheme, rest) = plain.split_once("://").map_or(("", plain), |(scheme, rest)| (scheme, rest));
    let host = rest.rsplit('@').next().unwrap_or_default().split('/').next().unwrap_or_default();
    if scheme.is_empty() { host.to_string() } else { format!("{scheme}://{host}") }
}

/// Whether it surely lies within: an address of a private network, or a service of a cluster.
fn is_private(host: &str) -> bool {
    match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => address.is_private() || address.is_loopback(),
        Ok(IpAddr::V6(address)) => address.is_loopback() || address.is_unique_local(),
        Err(_) => !host.contains('.') || [".svc", ".local", ".internal", ".lan"].iter().any(|end| host.ends_with(end)),
    }
}

fn base64_of(text: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_a_key_stands_in_no_configuration() {
        let made = |url: &str| {
            let hook = Hook { kind: "webhook".into(), url: url.into(), ..Hook::default() };
            target(&hook, "one", Path::new("imported")).unwrap().0
        };
        for url in [
            "https://h.example/a?key=hunter2",
            "https://h.example/a#hunter2",
            "https://h.example/a#",
            "https://hunter2@h.example/a",
            "https://h.example/hooks/hUnTeRtWo",
            "https://h.example/hooks/hunter22",
            "https://h.example/hooks/h1u2nt",
            "https://h.example/hooks;key=hunter",
            "https://h.example/hooks/%68unter",
            "https://h.example/averylongwordwithoutanyend/x",
        ] {
            let made = made(url);
            assert_eq!(made.secrets.len(), 1, "{url}");
            assert!(!made.section.to_string().to_lowercase().contains("hunter"), "{url}: {}", made.section);
            assert_eq!(made.secrets[0].1, url);
        }
        for plain in [
            "https://h.example/api/v1/push",
            "https://h.example/trigger/action",
            "http://10.0.0.7:8080/",
            "https://h.example/alert-manager/in_box",
        ] {
            assert!(made(plain).secrets.is_empty(), "{plain}");
        }
    }
}
