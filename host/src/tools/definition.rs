//! One server as the ecosystem's `mcpServers` files define it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde_json::{Map, Value};

use super::expand::expand;
use super::options::CheckReport;
use crate::domain::Risk;
use crate::redact::{find_secrets, known};

/// A server that can be started.
#[derive(Clone)]
pub(super) struct Definition {
    /// The first part of its tools' names.
    pub name: String,
    /// Where it is.
    pub place: Transport,
    /// Values that never appear in a text.
    pub secrets: Vec<String>,
    /// Tools that the definition itself switches off.
    pub deny: Vec<String>,
    /// The operator's allow list.
    pub allow: Vec<String>,
    /// Least risks.
    pub raise: Vec<(String, Risk)>,
}

/// Where a server is.
#[derive(Clone)]
pub(super) enum Transport {
    /// A child process.
    Process { command: String, args: Vec<String>, env: BTreeMap<String, String>, cwd: Option<PathBuf> },
    /// A streamable HTTP address.
    Http { url: String, headers: BTreeMap<String, String> },
}

impl fmt::Debug for Definition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Arguments, environment, address and headers may hold secrets.
        let kind = match &self.place {
            Transport::Process { command, .. } => command.as_str(),
            Transport::Http { .. } => "http",
        };
        f.debug_struct("Definition").field("name", &self.name).field("place", &kind).finish_non_exhaustive()
    }
}

/// Keys that other programs use and that mean nothing here.
const IGNORED: [&str; 16] = [
    "alwaysAllow",
    "autoApprove",
    "autoStart",
    "description",
    "disabledReason",
    "displayName",
    "envFile",
    "gallery",
    "icon",
    "includeTools",
    "initTimeout",
    "name",
    "note",
    "oauth",
    "timeout",
    "trust",
];
/// What a child process needs to find its programs and files.
const INHERITED: [&str; 2] = ["PATH", "HOME"];

/// Reads all definitions; problems and notes name the server and the key.
pub(super) fn read(
    place: &str,
    document: &Value,
    env: &dyn Fn(&str) -> Option<String>,
    checked: &mut CheckReport,
) -> Vec<Definition> {
    let servers = match document.get("mcpServers").or_else(|| document.get("servers")) {
        Some(Value::Object(servers)) => servers,
        Some(_) => {
            checked.problems.push(format!("{place}: mcpServers must be an object of servers"));
            return Vec::new();
        }
        None => {
            checked.problems.push(format!("{place} has no key mcpServers"));
            return Vec::new();
        }
    };
    let mut definitions = Vec::new();
    for (name, value) in servers {
        let before = checked.problems.len();
        let mut entry = Entry { place, name, env, checked, secrets: Vec::new() };
        let definition = entry.read(value);
        if checked.problems.len() == before {
            definitions.extend(definition);
        }
    }
    definitions
}

struct Entry<'a> {
    place: &'a str,
    name: &'a str,
    env: &'a dyn Fn(&str) -> Option<String>,
    checked: &'a mut CheckReport,
    secrets: Vec<String>,
}

impl Entry<'_> {
    fn problem(&mut self, what: &str) {
        self.checked.problems.push(format!("{}: MCP server {}: {what}", self.place, self.name));
    }

    fn note(&mut self, what: &str) {
        self.checked.notes.push(format!("{}: MCP server {}: {what}", self.place, self.name));
    }

    fn read(&mut self, value: &Value) -> Option<Definition> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if self.name.is_empty() || !self.name.chars().all(plain) {
            self.problem("a name is made of letters, digits, - and _, because tools are called server.tool");
        }
        let Value::Object(map) = value else {
            self.problem("must be an object");
            return None;
        };
        if self.flag(map, "disabled", false) || !self.flag(map, "enabled", true) {
            return None;
        }
        let kind = self.text(map, "type").or_else(|| self.text(map, "transport"));
        let url = ["url", "httpUrl", "serverUrl"].iter().find_map(|key| self.text(map, key));
        let command = self.text(map, "command");
        let place = match (kind.as_deref(), url, command) {
            (Some("sse"), ..) => {
                self.problem("type sse is the transport of old; give the address of streamable HTTP and type http");
                return None;
            }
            (Some("stdio") | None, None, Some(command)) => self.process(map, command),
            (Some("http" | "streamable-http" | "streamableHttp" | "streamable_http") | None, Some(url), None) => {
                if !url.starts_with("http://") && !url.starts_with("https://") {
                    self.problem("url must begin with http:// or https://");
                }
                self.secrets.extend(known::of_url(&url));
                Transport::Http { url, headers: self.texts(map, "headers") }
            }
            (_, Some(_), Some(_)) => {
                self.problem("has command and url; a server is either a process or an address");
                return None;
            }
            (Some("stdio"), _, None) => {
                self.problem("is of type stdio and needs command");
                return None;
            }
            (None, None, None) => {
                self.problem("needs command (a process) or url (an address)");
                return None;
            }
            (Some(other), ..) => {
                let what =
                    format!("type {other} does not go with the other keys; use stdio with command, or http with url");
                self.problem(&what);
                return None;
            }
        };
        let deny = ["disabledTools", "excludeTools"].iter().flat_map(|key| self.list(map, key)).collect();
        self.unknown(map);
        let secrets = std::mem::take(&mut self.secrets);
        known::remember_all(secrets.iter().cloned());
        Some(Definition { name: self.name.to_string(), place, secrets, deny, allow: Vec::new(), raise: Vec::new() })
    }

    fn process(&mut self, map: &Map<String, Value>, command: String) -> Transport {
        let args = self.list(map, "args");
        // `--token`, `x` and `--token=x`: what other programs print of it is not printed here.
        let line = args.join(" ");
        self.secrets
            .extend(args.iter().flat_map(|arg| find_secrets(arg)).chain(find_secrets(&line)).flat_map(known::of));
        let mut variables = self.texts(map, "env");
        if (self.env)("KUBECONFIG").is_some() && !variables.keys().any(|key| key.starts_with("KUBECONFIG")) {
            let command = format!("{command} {}", args.join(" "));
            if command.contains("kube") && !command.contains("--kubeconfig") {
                self.note("gets no KUBECONFIG, although tidegate itself has one; add \"env\": {\"KUBECONFIG\": \"${KUBECONFIG}\"}");
            }
        }
        for name in INHERITED {
            if let Some(value) = (self.env)(name) {
                variables.entry(name.to_string()).or_insert(value);
            }
        }
        Transport::Process { command, args, env: variables, cwd: self.text(map, "cwd").map(PathBuf::from) }
    }

    fn unknown(&mut self, map: &Map<String, Value>) {
        const READ: [&str; 14] = [
            "disabled",
            "enabled",
            "type",
            "transport",
            "url",
            "httpUrl",
            "serverUrl",
            "command",
            "args",
            "env",
            "cwd",
            "headers",
            "disabledTools",
            "excludeTools",
        ];
        for key in map.keys().filter(|key| !READ.contains(&key.as_str())) {
            let why = match key.as_str() {
                "alwaysAllow" | "autoApprove" | "trust" => "the gate alone decides what is allowed".to_string(),
                "includeTools" | "enabledTools" => "use the allow list of tidegate's configuration".to_string(),
                "timeout" | "initTimeout" => "timeouts are set in tidegate's configuration".to_string(),
                key if IGNORED.contains(&key) => "it means nothing to tidegate".to_string(),
                _ => "tidegate does not know it".to_string(),
            };
            self.note(&format!("key {key} is ignored: {why}"));
        }
    }

    fn flag(&mut self, map: &Map<String, Value>, key: &str, otherwise: bool) -> bool {
        match map.get(key) {
            None | Some(Value::Null) => otherwise,
            Some(Value::Bool(value)) => *value,
            Some(_) => {
                self.problem(&format!("{key} must be true or false"));
                otherwise
            }
        }
    }

    fn text(&mut self, map: &Map<String, Value>, key: &str) -> Option<String> {
        match map.get(key)? {
            Value::Null => None,
            Value::String(text) => self.expanded(key, text),
            _ => {
                self.problem(&format!("{key} must be a text"));
                None
            }
        }
    }

    fn list(&mut self, map: &Map<String, Value>, key: &str) -> Vec<String> {
        let items = match map.get(key) {
            None | Some(Value::Null) => return Vec::new(),
            Some(Value::Array(items)) => items,
            Some(_) => {
                self.problem(&format!("{key} must be a list of texts"));
                return Vec::new();
            }
        };
        let mut out = Vec::new();
        for item in items {
            match item {
                Value::String(text) => out.extend(self.expanded(key, text)),
                Value::Number(number) => out.push(number.to_string()),
                _ => self.problem(&format!("{key} must be a list of texts")),
            }
        }
        out
    }

    fn texts(&mut self, map: &Map<String, Value>, key: &str) -> BTreeMap<String, String> {
        let entries = match map.get(key) {
            None | Some(Value::Null) => return BTreeMap::new(),
            Some(Value::Object(entries)) => entries,
            Some(_) => {
                self.problem(&format!("{key} must be an object of texts"));
                return BTreeMap::new();
            }
        };
        let mut out = BTreeMap::new();
        for (name, value) in entries {
            let place = format!("{key}.{name}");
            let text = match value {
                Value::String(text) => self.expanded(&place, text),
                Value::Number(number) => Some(number.to_string()),
                Value::Bool(flag) => Some(flag.to_string()),
                _ => {
                    self.problem(&format!("{place} must be a text"));
                    None
                }
            };
            if let Some(text) = text {
                self.secrets.extend(known::of_setting(name, &text));
                out.insert(name.clone(), text);
            }
        }
        out
    }

    fn expanded(&mut self, key: &str, text: &str) -> Option<String> {
        let mut found = Vec::new();
        match expand(text, self.env, &mut found) {
            Ok(text) => {
                // Paths and plain words are no secrets; results would lose their meaning.
                self.secrets.extend(found.iter().filter(|value| secret_like(value)).flat_map(|value| known::of(value)));
                Some(text)
            }
            Err(variable) => {
                self.problem(&format!("{key} refers to the environment variable {variable}, which is not set"));
                None
            }
        }
    }
}

fn secret_like(value: &str) -> bool {
    (value.len() >= 12 && !value.contains(['/', ' '])) || value.contains("://")
}
