//! Targets of hooks as notifiers of the configuration.

use std::net::IpAddr;

use reqwest::Url;
use serde_json::{Map, Value, json};

use super::Texts;
use super::policy::Ready;

const HEAD: &str = "# Targets of EventHooks, made by `tidegate import eventhooks`. Put these sections into the configuration; paths count
# from its folder. An address is a secret where it holds a key.\n\n";

/// Writes down the targets, and says of each hook what it became.
pub(super) fn write(all: &mut [Ready], folder: &str, texts: &mut Texts) {
    let mut sections = Map::new();
    for one in all.iter_mut().filter(|one| one.notifies && one.fires()) {
        match section(one, folder, texts) {
            Ok(section) => {
                sections.insert(one.name.clone(), section);
            }
            Err(why) => {
                one.has_target = false;
                one.became.notes.push(format!("{why}: write [notifiers.{}] yourself, or nobody is told", one.name));
            }
        }
    }
    if !sections.is_empty() {
        let document = json!({ "notifiers": sections });
        texts.notifiers = toml::to_string(&document).ok().map(|text| format!("{HEAD}{text}"));
    }
}

fn section(one: &mut Ready, folder: &str, texts: &mut Texts) -> Result<Value, String> {
    let hook = &one.hook;
    let mut address = hook.url.clone();
    if hook.kind == "elasticsearch" {
        let option = |key: &str| hook.options.get(key).map(String::as_str).unwrap_or_default();
        let index = option("index");
        if index.is_empty() || index.contains('{') || !option("id").is_empty() {
            return Err("an index with a date in its name, none, or an id of its own cannot be translated".into());
        }
        address = format!("{}/{index}/_doc", address.trim_end_matches('/'));
        one.became.notes.push(
            "Elasticsearch gets what the notifier webhook posts, which has the event's text among its alerts, and not the data of the event alone".into(),
        );
        if !option("username").is_empty() {
            let basic = base64_of(&format!("{}:{}", option("username"), option("password")));
            texts.secrets.push((format!("{}-basic", one.name), format!("Basic {basic}")));
        }
    }
    let url = Url::parse(&address).map_err(|_| format!("{:?} is no address", shown(&address)))?;
    let (Some(host), "http" | "https") = (url.host_str(), url.scheme()) else {
        return Err(format!("{:?} is no address of http or https", shown(&address)));
    };
    let host = host.to_string();
    let origin = url.origin().ascii_serialization();
    let secret = url.query().is_some()
        || !url.username().is_empty()
        || url.password().is_some()
        || url.path_segments().is_some_and(|mut segments| segments.any(may_be_key));
    let mut settings = Map::new();
    let mut section = Map::from_iter([("plugin".to_string(), json!("webhook"))]);
    let mut secrets = Map::new();
    if secret {
        texts.secrets.push((one.name.clone(), address));
        secrets.insert("url".into(), json!({ "file": format!("{folder}/secrets/{}", one.name) }));
        settings.insert("url".into(), json!("{{secret:url}}"));
    } else {
        settings.insert("url".into(), json!(address));
    }
    match hook.kind.as_str() {
        "elasticsearch" => {
            if texts.secrets.iter().any(|(name, _)| *name == format!("{}-basic", one.name)) {
                secrets.insert("basic".into(), json!({ "file": format!("{folder}/secrets/{}-basic", one.name) }));
                settings.insert("headers".into(), json!({ "Authorization": "{{secret:basic}}" }));
            }
        }
        kind => {
            settings.insert("format".into(), json!(if kind == "xiezuo" { "xiezuo" } else { "text" }));
            if !hook.additional.is_empty() {
                settings.insert("append".into(), json!(hook.additional));
            }
        }
    }
    let mut grant = Map::from_iter([("origin".to_string(), json!(origin)), ("methods".to_string(), json!(["POST"]))]);
    if !secrets.is_empty() {
        grant.insert("secrets".into(), json!(secrets.keys().collect::<Vec<_>>()));
    }
    if is_private(&host) {
        grant.insert("private".into(), json!(true));
    }
    section.insert("settings".into(), Value::Object(settings));
    if !secrets.is_empty() {
        section.insert("secrets".into(), Value::Object(secrets));
    }
    section.insert("grant".into(), json!([grant]));
    Ok(Value::Object(section))
}

/// Whether a part of a path may be what lets others in, as the addresses of chats hold it: no plain word.
fn may_be_key(segment: &str) -> bool {
    segment.len() > 20 || segment.len() >= 8 && segment.bytes().any(|byte| byte.is_ascii_digit())
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
