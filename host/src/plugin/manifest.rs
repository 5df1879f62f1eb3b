//! `plugin.toml`: what a plugin says about itself and what it asks for, read before any of its
//! code runs.

use serde::Deserialize;
use serde_json::Value;

use super::asks::Asks;
use super::grants::{Line, MAIL_LINES, Origin, path_problem};
use super::kind::Kind;

/// A plugin's own account.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Lower-case letters, digits, `-` and `_`.
    pub name: String,
    /// What it does.
    pub kind: Kind,
    /// Its own version.
    pub version: String,
    /// One sentence for people.
    #[serde(default)]
    pub description: String,
    /// The component's file beside the manifest; `<name>.wasm` by default.
    pub component: Option<String>,
    /// How an author builds it.
    pub build: Option<Build>,
    /// What it needs from the operator.
    #[serde(default)]
    pub asks: Asks,
    /// Of a source: labels of its format whose values change while an alert stays the same. The host makes them
    /// annotations, because labels are identity.
    #[serde(default)]
    pub volatile_labels: Vec<String>,
    /// Of a source: methods besides `POST` with which its senders come, of [`METHODS`].
    #[serde(default)]
    pub methods: Vec<String>,
    /// JSON Schema of its settings, an object. Without one it takes none.
    pub settings: Option<Value>,
}

/// Methods that a source may take besides `POST`.
const METHODS: [&str; 3] = ["PUT", "GET", "OPTIONS"];

/// `[build]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Build {
    /// A shell command, run in the plugin's folder.
    pub command: String,
}

impl Manifest {
    /// Reads and checks a manifest. The error is a sentence that names the place.
    pub fn parse(text: &str) -> Result<Self, String> {
        let manifest: Self =
            toml::from_str(text).map_err(|error| format!("plugin.toml: {}", error.to_string().trim()))?;
        manifest.check().map_err(|problem| format!("plugin.toml: {problem}"))?;
        Ok(manifest)
    }

    /// `feishu 0.1.0`, as it stands in messages.
    pub fn label(&self) -> String {
        format!("{} {}", self.name, self.version)
    }

    /// The file that holds the component.
    pub fn component_file(&self) -> String {
        self.component.clone().unwrap_or_else(|| format!("{}.wasm", self.name))
    }

    /// Whether a plugin can have this name. The error is a sentence.
    pub fn check_name(name: &str) -> Result<(), String> {
        if plain_name(name) {
            return Ok(());
        }
        Err(format!(
            "name `{name}` must start with a lower-case letter and hold at most 64 lower-case letters, digits, `-` and `_`"
        ))
    }

    fn check(&self) -> Result<(), String> {
        Self::check_name(&self.name)?;
        if self.version.trim().is_empty() {
            return Err("version is empty".into());
        }
        if self.component.as_deref().is_some_and(|file| file.starts_with('/') || file.contains("..")) {
            return Err("component must be a file in the plugin's folder".into());
        }
        for ask in self.asks.http.iter().filter(|ask| ask.origin != "*") {
            Origin::parse(&ask.origin).map_err(|problem| format!("asks.http: {problem}"))?;
        }
        if let Some(problem) = self.asks.http.iter().flat_map(|ask| &ask.paths).find_map(|path| path_problem(path)) {
            return Err(format!("asks.http: {problem}"));
        }
        let beyond = match self.kind {
            Kind::Source if !self.asks.only_confirms() => Some(
                "more than GET without secrets, to confirm what a sender wants confirmed: it has no network of its own",
            ),
            Kind::Notifier if !self.asks.tools.is_empty() => Some("tools: only a remediation has them"),
            Kind::Remediation if self.asks.mail => Some("mail: only a notifier sends it"),
            _ => None,
        };
        if let Some(beyond) = beyond {
            return Err(format!("asks: a {} cannot ask for {beyond}", self.kind));
        }
        if self.kind != Kind::Source && !self.methods.is_empty() {
            return Err(format!("methods: a {} takes no requests; only a source does", self.kind));
        }
        if let Some(odd) = self.methods.iter().find(|method| !METHODS.contains(&method.as_str())) {
            return Err(format!(
                "methods: {odd:?} is none of {}, which a source may take besides POST",
                METHODS.join(", ")
            ));
        }
        if self.kind != Kind::Source && !self.volatile_labels.is_empty() {
            return Err(format!("volatile_labels: a {} makes no alerts; only a source has them", self.kind));
        }
        if self.settings.as_ref().is_some_and(|schema| !schema.is_object()) {
            return Err("settings must be a table that holds a JSON Schema".into());
        }
        Ok(())
    }

    /// The lines of the host's configuration that grant all that the plugin asks for.
    pub fn wanted(&self) -> String {
        let mut secrets: Vec<&str> = self.asks.signer.iter().map(String::as_str).collect();
        secrets.extend(self.asks.http.iter().flat_map(|ask| ask.secrets.iter().map(String::as_str)));
        secrets.sort_unstable();
        secrets.dedup();
        secrets.retain(|name| *name != "*");
        let mut lines = vec![format!("[plugins.{}]", self.name)];
        if !secrets.is_empty() {
            let each: Vec<String> = secrets
                .iter()
                .map(|name| format!("\"{name}\" = {{ env = \"{}\" }}", variable(&self.name, name)))
                .collect();
            lines.push(format!("secrets = {{ {} }}", each.join(", ")));
        }
        let grants: Vec<String> = self
            .asks
            .http
            .iter()
            .map(|ask| {
                let origin = if ask.origin == "*" { "https://…" } else { &ask.origin };
                let secrets: Vec<String> = ask.secrets.iter().filter(|name| *name != "*").cloned().collect();
                let (paths, methods) = (&ask.paths, &ask.methods);
                let line = Line { origin, paths, methods, secrets: &secrets, reads: false, private: false };
                line.to_string()
            })
            .collect();
        if !grants.is_empty() {
            lines.push(format!("grant = [{}]", grants.join(", ")));
        }
        if self.asks.mail {
            lines.push(format!("[plugins.{}.mail]", self.name));
            lines.extend(MAIL_LINES.map(str::to_string));
        }
        lines.join("\n")
    }
}

/// A name that can stand in a URL, a TOML key and a tool's name.
pub(super) fn plain_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.len() <= 64
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_')
}

fn variable(plugin: &str, secret: &str) -> String {
    format!("{plugin}_{secret}").to_uppercase().replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    const FEISHU: &str = r#"
        name = "feishu"
        kind = "notifier"
        version = "0.1.0"
        [build]
        command = "cargo build"
        [asks]
        signer = ["sign-secret"]
        [[asks.http]]
        origin = "https://open.feishu.cn"
        methods = ["POST"]
        secrets = ["token"]
        [settings]
        type = "object"
        required = ["token"]
    "#;

    #[test]
    fn a_manifest_says_what_the_operator_must_grant() {
        let manifest = Manifest::parse(FEISHU).unwrap();
        assert_eq!(manifest.label(), "feishu 0.1.0");
        assert_eq!(manifest.component_file(), "feishu.wasm");
        assert_eq!(
            manifest.wanted(),
            "[plugins.feishu]\n\
             secrets = { \"sign-secret\" = { env = \"FEISHU_SIGN_SECRET\" }, \"token\" = { env = \"FEISHU_TOKEN\" } }\n\
             grant = [{ origin = \"https://open.feishu.cn\", methods = [\"POST\"], secrets = [\"token\"] }]"
        );
    }

    #[test]
    fn a_source_asks_for_confirmations_and_methods_and_nothing_else() {
        let source = |more: &str| Manifest::parse(&format!("name = \"s\"\nkind = \"source\"\nversion = \"1\"\n{more}"));
        let good = source("methods = [\"PUT\", \"GET\"]\n[[asks.http]]\norigin = \"*\"\nmethods = [\"GET\"]").unwrap();
        assert_eq!(good.wanted(), "[plugins.s]\ngrant = [{ origin = \"https://…\", methods = [\"GET\"] }]");
        for (more, want) in [
            ("[[asks.http]]\norigin = \"*\"\nmethods = [\"GET\", \"POST\"]", "more than GET"),
            ("[[asks.http]]\norigin = \"*\"\nmethods = [\"GET\"]\nsecrets = [\"a\"]", "more than GET"),
            ("[asks]\nsigner = [\"a\"]", "more than GET"),
            ("[asks]\ntools = [\"a\"]", "more than GET"),
            ("methods = [\"DELETE\"]", "methods: \"DELETE\" is none of PUT, GET, OPTIONS"),
        ] {
            let error = source(more).unwrap_err();
            assert!(error.contains(want), "{more}: {error}");
        }
        let error = Manifest::parse(&FEISHU.replacen("[build]", "methods = [\"GET\"]\n[build]", 1)).unwrap_err();
        assert!(error.contains("a notifier takes no requests"), "{error}");
    }

    #[test]
    fn what_is_wrong_is_named() {
        let cases = [
            ("name = \"feishu\"", "name = \"Fei shu\"", "lower-case"),
            ("version = \"0.1.0\"", "version = \"0.1.0\"\ncolour = 1", "colour"),
            ("kind = \"notifier\"", "kind = \"chat\"", "chat"),
            ("origin = \"https://open.feishu.cn\"", "origin = \"open.feishu.cn\"", "asks.http"),
            ("kind = \"notifier\"", "kind = \"source\"", "no network"),
            ("signer =", "tools = [\"*\"]\nsigner =", "only a remediation"),
            ("version = \"0.1.0\"", "version = \"0.1.0\"\ncomponent = \"../x.wasm\"", "folder"),
        ];
        for (from, to, want) in cases {
            let error = Manifest::parse(&FEISHU.replacen(from, to, 1)).unwrap_err();
            assert!(error.contains(want), "{to}: {error}");
        }
    }
}
