//! `plugin.toml`: what a plugin says about itself and what it asks for, read before any of its
//! code runs.

mod place;

use serde::Deserialize;
use serde_json::Value;

use super::asks::Asks;
use super::grants::{BUS_LINES, MAIL_LINES, Origin, path_problem};
use super::kind::Kind;
use super::options::Grant;
use super::schema;
use crate::domain::{inspection, schedule};
use place::ManifestError;

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

/// The key of `[plugins]` in the configuration that is no plugin's name.
const TAKEN: &str = "path";

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
    /// Reads and checks a manifest. The error is one line that names line and key.
    pub fn parse(text: &str) -> Result<Self, String> {
        let manifest: Self = toml::from_str(text).map_err(|error| place::unread(text, &error))?;
        manifest.check().map_err(|wrong| wrong.told(text))?;
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
        if name == TAKEN {
            return Err(format!(
                "the name `{name}` is taken: [plugins] {name} of the configuration is the folder of all plugins, so \
                 that nothing could be granted to a plugin of this name; choose another, such as `own-{name}`"
            ));
        }
        if name == inspection::SOURCE || name == schedule::SOURCE {
            return Err(format!(
                "the name `{name}` is taken: the host's own alerts have it as their source; choose another, such as `own-{name}`"
            ));
        }
        if plain_name(name) {
            return Ok(());
        }
        Err(format!(
            "the name `{name}` must start with a lower-case letter and hold at most 64 lower-case letters, digits, `-` and `_`"
        ))
    }

    fn check(&self) -> Result<(), ManifestError> {
        Self::check_name(&self.name).map_err(|problem| ManifestError::new("name", problem))?;
        if self.version.trim().is_empty() {
            return Err(ManifestError::new("version", "it is empty"));
        }
        if self.component.as_deref().is_some_and(|file| file.starts_with('/') || file.contains("..")) {
            return Err(ManifestError::new("component", "it must be a file in the plugin's folder"));
        }
        for (i, ask) in self.asks.http.iter().enumerate() {
            if ask.origin != "*" {
                Origin::parse(&ask.origin).map_err(|problem| ManifestError::of_item("asks.http.origin", i, problem))?;
            }
            if let Some(problem) = ask.paths.iter().find_map(|path| path_problem(path)) {
                return Err(ManifestError::of_item("asks.http.paths", i, problem));
            }
            if ask.methods.is_empty() {
                let text = "name the HTTP methods, such as methods = [\"POST\"]: without any, nothing may be sent";
                return Err(ManifestError::of_item("asks.http.methods", i, text));
            }
            let odd = |method: &&String| method.is_empty() || !method.bytes().all(|byte| byte.is_ascii_uppercase());
            if let Some(method) = ask.methods.iter().find(odd) {
                let text = format!("{method:?} is no HTTP method in upper case, such as \"POST\"");
                return Err(ManifestError::of_item("asks.http.methods", i, text));
            }
        }
        let beyond = match self.kind {
            Kind::Source if !self.asks.only_confirms() => Some((
                "asks",
                "more than GET without secrets, to confirm what a sender wants confirmed: it has no network of its own",
            )),
            Kind::Notifier if !self.asks.tools.is_empty() => Some(("asks.tools", "tools: only a remediation has them")),
            Kind::Remediation if self.asks.mail => Some(("asks.mail", "mail: only a notifier sends it")),
            Kind::Remediation if self.asks.bus => Some(("asks.bus", "a bus: only a notifier publishes there")),
            _ => None,
        };
        if let Some((key, beyond)) = beyond {
            return Err(ManifestError::new(key, format!("a {} cannot ask for {beyond}", self.kind)));
        }
        if self.kind != Kind::Source && !self.methods.is_empty() {
            return Err(ManifestError::new(
                "methods",
                format!("a {} takes no requests; only a source does", self.kind),
            ));
        }
        if let Some(odd) = self.methods.iter().find(|method| !METHODS.contains(&method.as_str())) {
            let known = METHODS.join(", ");
            let text = format!("{odd:?} is none of {known}, which a source may take besides POST");
            return Err(ManifestError::new("methods", text));
        }
        if self.kind != Kind::Source && !self.volatile_labels.is_empty() {
            return Err(ManifestError::new(
                "volatile_labels",
                format!("a {} makes no alerts; only a source has them", self.kind),
            ));
        }
        match &self.settings {
            Some(settings) if !settings.is_object() => {
                Err(ManifestError::new("settings", "it must be a table that holds a JSON Schema"))
            }
            Some(settings) => {
                schema::unread(settings).map_or(Ok(()), |problem| Err(ManifestError::new("settings", problem)))
            }
            None => Ok(()),
        }
    }

    /// The lines of the host's configuration that grant all that the plugin asks for, in the table of this name, such
    /// as `plugins.feishu`.
    pub fn wanted(&self, table: &str) -> String {
        let mut secrets: Vec<&String> = self.asks.secrets().collect();
        secrets.sort_unstable();
        secrets.dedup();
        let mut lines = vec![format!("[{table}]")];
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
                // An address that stands in the origin itself is refused without this word.
                let private = Origin::parse(origin).is_ok_and(|origin| origin.is_private_address());
                let (paths, methods) = (ask.paths.clone(), ask.methods.clone());
                let line = Grant { origin: origin.to_string(), paths, methods, secrets, reads: false, private };
                line.to_string()
            })
            .collect();
        if !grants.is_empty() {
            lines.push(format!("grant = [{}]", grants.join(", ")));
        }
        if self.asks.mail {
            lines.push(format!("[{table}.mail]"));
            lines.extend(MAIL_LINES.map(str::to_string));
        }
        if self.asks.bus {
            lines.push(format!("[{table}.bus]"));
            lines.extend(BUS_LINES.map(str::to_string));
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
            manifest.wanted("plugins.feishu"),
            "[plugins.feishu]\n\
             secrets = { \"sign-secret\" = { env = \"FEISHU_SIGN_SECRET\" }, \"token\" = { env = \"FEISHU_TOKEN\" } }\n\
             grant = [{ origin = \"https://open.feishu.cn\", methods = [\"POST\"], secrets = [\"token\"] }]"
        );
    }

    #[test]
    fn a_source_asks_for_confirmations_and_methods_and_nothing_else() {
        let source = |more: &str| Manifest::parse(&format!("name = \"s\"\nkind = \"source\"\nversion = \"1\"\n{more}"));
        let good = source("methods = [\"PUT\", \"GET\"]\n[[asks.http]]\norigin = \"*\"\nmethods = [\"GET\"]").unwrap();
        assert_eq!(good.wanted("plugins.s"), "[plugins.s]\ngrant = [{ origin = \"https://…\", methods = [\"GET\"] }]");
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
    fn what_is_wrong_is_named_with_its_line_and_key() {
        let line = |text: &str| Manifest::parse(text).unwrap_err();
        let head = "name = \"a\"\nkind = \"notifier\"\n";
        for (rest, want) in [
            ("version = \"\"", "plugin.toml line 3: version: it is empty"),
            ("version = 1", "plugin.toml line 3: version: invalid type: integer `1`, expected a string"),
            ("verison = \"1\"", "plugin.toml line 3: verison: unknown field `verison`, expected one of `name`, "),
            ("version = \"1\"\n[asks]\ntolls = []", "plugin.toml line 5: asks.tolls: unknown field `tolls`"),
            (
                "version = \"1\"\n[[asks.http]]\norigin = \"*\"\nmethods = [\"POST\"]\n[[asks.http]]\n\
                 origin = \"https://a.example\"\nmethods = [\"post\"]",
                "plugin.toml line 9: asks.http.methods: \"post\" is no HTTP method in upper case",
            ),
            (
                "version = \"1\"\n[[asks.http]]\norigin = \"https://a.example\"",
                "plugin.toml line 4: asks.http.methods: name the HTTP methods",
            ),
            ("version = \"1\"\n[settings]\nrequierd = [\"a\"]", "plugin.toml line 4: settings: requierd is no word"),
            ("version = \"1\" x", "plugin.toml line 3: "),
        ] {
            let error = line(&format!("{head}{rest}"));
            assert!(error.starts_with(want), "{rest}: {error}");
            assert!(!error.contains('\n'), "{error:?}");
        }
        assert!(
            line("name = \"a\"").starts_with("plugin.toml line 1: missing field `kind`"),
            "{}",
            line("name = \"a\"")
        );
        let error = line("name = \"path\"\nkind = \"source\"\nversion = \"1\"");
        assert!(error.contains("name: the name `path` is taken") && error.contains("own-path"), "{error}");
        let error = line("name = \"inspection\"\nkind = \"source\"\nversion = \"1\"");
        assert!(error.contains("name: the name `inspection` is taken"), "{error}");
    }

    #[test]
    fn a_private_address_is_granted_with_the_word_that_it_needs() {
        let manifest = Manifest::parse(
            "name = \"a\"\nkind = \"notifier\"\nversion = \"1\"\n[[asks.http]]\norigin = \"http://10.1.2.3:80\"\n\
             methods = [\"POST\"]",
        )
        .unwrap();
        assert!(
            manifest.wanted("notifiers.a").ends_with("methods = [\"POST\"], private = true }]"),
            "{}",
            manifest.wanted("notifiers.a")
        );
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
