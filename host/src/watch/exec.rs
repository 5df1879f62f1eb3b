//! A program that a kubeconfig names and that tells what to show to an API, as kubectl asks it
//! (`client.authentication.k8s.io`).
//!
//! It is not handed this host's environment, which holds secrets, but the little that such programs need.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::process::Command;

use super::credentials::{Pem, bearer};
use crate::domain::text::one_line;
use crate::environment::Environment;

/// How long a program may take.
const WITHIN: Duration = Duration::from_secs(60);
/// Bytes of its answer.
const ANSWER: u64 = 1 << 20;
/// Variables that it is handed: where programs and homes are, and what those of the large clouds go by.
const HANDED: [&str; 22] = [
    "PATH",
    "HOME",
    "USER",
    "TMPDIR",
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_STS_REGIONAL_ENDPOINTS",
    "AZURE_CONFIG_DIR",
    "AZURE_CLIENT_ID",
    "AZURE_TENANT_ID",
    "AZURE_FEDERATED_TOKEN_FILE",
    "AZURE_AUTHORITY_HOST",
    "CLOUDSDK_CONFIG",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "USE_GKE_GCLOUD_AUTH_PLUGIN",
];

/// A program, as a kubeconfig names it.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Plugin {
    api_version: String,
    command: String,
    #[serde(default)]
    args: Option<Vec<String>>,
    #[serde(default)]
    env: Option<Vec<Variable>>,
}

#[derive(Clone, Deserialize)]
struct Variable {
    name: String,
    value: String,
}

/// What a program told.
pub struct ExecCredential {
    /// The header that shows a token.
    pub header: Option<reqwest::header::HeaderValue>,
    /// A certificate with its key.
    pub certificate: Option<Pem>,
    /// Until when it is good.
    pub until: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Credential {
    status: Option<Status>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
    expiration_timestamp: Option<String>,
}

impl Plugin {
    /// With the path of its program counted from a folder, where it has one.
    #[must_use]
    pub fn relative_to(mut self, base: &Path) -> Self {
        // Beside a kubeconfig in the current folder as well: a bare name would be looked for elsewhere.
        let base = if base.as_os_str().is_empty() { Path::new(".") } else { base };
        if self.command.contains('/') {
            self.command = base.join(self.command.trim_start_matches("./")).display().to_string();
        }
        self
    }

    /// What it is called in a sentence.
    pub fn names(&self) -> String {
        format!("the program {}", one_line(&self.command, 200))
    }

    /// Asks the program.
    ///
    /// # Errors
    /// When it cannot be started, fails, takes too long, or tells nothing that can be shown.
    pub async fn ask(&self, environment: &dyn Environment) -> Result<ExecCredential, String> {
        let asked = tokio::time::timeout(WITHIN, self.run(environment)).await;
        let output = asked.unwrap_or_else(|_| Err(format!("took longer than {} s", WITHIN.as_secs())));
        output.and_then(|output| parse_credential(&output)).map_err(|error| format!("{} {error}", self.names()))
    }

    async fn run(&self, environment: &dyn Environment) -> Result<Vec<u8>, String> {
        let info =
            json!({ "apiVersion": self.api_version, "kind": "ExecCredential", "spec": { "interactive": false } });
        let mut command = Command::new(&self.command);
        command.args(self.args.iter().flatten()).env_clear();
        command.envs(HANDED.iter().filter_map(|name| Some((*name, environment.get(name)?))));
        command.envs(self.env.iter().flatten().map(|variable| (&variable.name, &variable.value)));
        command.env("KUBERNETES_EXEC_INFO", info.to_string());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        let mut child = command.spawn().map_err(|error| format!("cannot be started: {error}"))?;
        let mut output = Vec::new();
        if let Some(stdout) = child.stdout.take() {
            stdout.take(ANSWER).read_to_end(&mut output).await.map_err(|error| format!("cannot be heard: {error}"))?;
        }
        let status = child.wait().await.map_err(|error| format!("cannot be waited for: {error}"))?;
        // What it says may hold what it should keep.
        if status.success() { Ok(output) } else { Err(format!("ended with {status}; run it by hand to see why")) }
    }
}

fn parse_credential(output: &[u8]) -> Result<ExecCredential, String> {
    let read: Option<Credential> = serde_json::from_slice(output).ok();
    let status = read.and_then(|credential| credential.status).ok_or("answered no ExecCredential with a status")?;
    let certificate = match (status.client_certificate_data, status.client_key_data) {
        (Some(certificate), Some(key)) => Some(Pem::new(certificate.into_bytes(), key.into_bytes())),
        _ => None,
    };
    let header = status.token.as_deref().map(bearer).transpose()?;
    if header.is_none() && certificate.is_none() {
        return Err("told neither a token nor a certificate with its key".into());
    }
    Ok(ExecCredential { header, certificate, until: status.expiration_timestamp.and_then(|text| text.parse().ok()) })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    impl Plugin {
        fn called(self, command: &str) -> Self {
            Self { command: command.into(), ..self }
        }
    }

    fn plugin(script: &str) -> Plugin {
        let args = Some(vec!["-c".into(), script.into()]);
        let env = Some(vec![Variable { name: "OWN".into(), value: "mine".into() }]);
        Plugin { api_version: "client.authentication.k8s.io/v1".into(), command: "/bin/sh".into(), args, env }
    }

    #[tokio::test]
    async fn a_program_tells_a_token_and_is_handed_little() {
        let environment: BTreeMap<String, String> =
            [("HOME", "/home/x"), ("DATABASE_PASSWORD", "hunter2")].map(|(a, b)| (a.into(), b.into())).into();
        let script = r#"printf '{"kind":"ExecCredential","status":{"token":"%s-%s-%s","expirationTimestamp":"2026-07-01T12:00:00Z"}}' "$OWN" "$HOME" "$DATABASE_PASSWORD""#;
        let told = plugin(script).ask(&environment).await.map_err(|error| panic!("{error}")).unwrap();
        assert_eq!(told.header.unwrap().to_str().unwrap(), "Bearer mine-/home/x-");
        assert!(told.until.is_some() && told.certificate.is_none());
        for (script, part) in [
            ("echo s3cr3t; exit 3", "exit status: 3"),
            ("echo s3cr3t", "no ExecCredential"),
            (r#"echo '{"status":{}}'"#, "neither a token"),
            (r#"echo '{"status":{"token":""}}'"#, "empty"),
        ] {
            let error = plugin(script).ask(&environment).await.err().unwrap();
            assert!(error.contains(part) && error.contains("/bin/sh") && !error.contains("s3cr3t"), "{error}");
        }
        let beside = |base: &str| plugin("").called("./get").relative_to(Path::new(base)).command;
        assert_eq!((beside("").as_str(), beside("/etc").as_str()), ("./get", "/etc/get"));
        let missing = Plugin { command: "/no/such/program".into(), ..plugin("") };
        assert!(missing.ask(&environment).await.err().unwrap().contains("cannot be started"));
    }
}
