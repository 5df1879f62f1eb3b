//! Where the API of a cluster is and what is shown to it: by a context of a kubeconfig, or as a pod finds it.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::credentials::{Credentials, Pem};
use super::exec::Plugin;
use crate::environment::Environment;
use crate::regular_file::{self, TEXT};
use crate::secret::Secret;

/// Where a pod finds what its service account may show.
const ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// Where it is written how a cluster is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccessSource {
    /// A kubeconfig, and a context of it; the current one where none is named.
    Kubeconfig {
        /// The file.
        file: PathBuf,
        /// The context.
        context: Option<String>,
    },
    /// The cluster in which this host runs.
    InCluster,
}

/// How a cluster is reached.
pub struct Access {
    /// The API's address.
    pub server: String,
    /// Who signs for the API; those whom the system trusts where nobody is named.
    pub authorities: Option<Vec<u8>>,
    /// Whether nobody need sign for it.
    pub insecure: bool,
    /// What is shown to it.
    pub credentials: Credentials,
    /// A certificate with its key.
    pub certificate: Option<Pem>,
}

impl AccessSource {
    /// Reads it, from files as they stand now.
    ///
    /// # Errors
    /// A sentence about what is missing, or is not understood.
    pub fn read(&self, environment: &dyn Environment) -> Result<Access, String> {
        match self {
            Self::InCluster => in_cluster(environment, Path::new(ACCOUNT)),
            Self::Kubeconfig { file, context } => {
                let at = |error: String| format!("{}: {error}", file.display());
                let text =
                    regular_file::read_text(file, TEXT).map_err(|error| at(format!("cannot be read: {error}")))?;
                let base = file.parent().unwrap_or(Path::new(""));
                access(&text, context.as_deref(), base).map_err(at)
            }
        }
    }
}

fn in_cluster(environment: &dyn Environment, account: &Path) -> Result<Access, String> {
    let variable = |name: &str| {
        let value = environment.get(name).filter(|value| !value.is_empty());
        value.ok_or_else(|| format!("in_cluster is for a host that runs in a pod, and {name} is not set"))
    };
    let (host, port) = (variable("KUBERNETES_SERVICE_HOST")?, variable("KUBERNETES_SERVICE_PORT")?);
    let host = if host.contains(':') { format!("[{host}]") } else { host };
    let token = account.join("token");
    if !token.is_file() {
        return Err(format!("there is no token of a service account at {}", token.display()));
    }
    Ok(Access {
        server: format!("https://{host}:{port}"),
        authorities: Some(bytes(&account.join("ca.crt"))?),
        insecure: false,
        credentials: Credentials::TokenFile(token),
        certificate: None,
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct File {
    #[serde(default)]
    clusters: Vec<Named>,
    #[serde(default)]
    users: Vec<Named>,
    #[serde(default)]
    contexts: Vec<Named>,
    #[serde(default)]
    current_context: Option<String>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
    #[serde(default)]
    cluster: Option<RawCluster>,
    #[serde(default)]
    user: Option<User>,
    #[serde(default)]
    context: Option<Context>,
}

#[derive(Clone, Deserialize)]
struct Context {
    cluster: String,
    #[serde(default)]
    user: String,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct RawCluster {
    server: String,
    #[serde(default)]
    certificate_authority: Option<PathBuf>,
    #[serde(default)]
    certificate_authority_data: Option<String>,
    #[serde(default)]
    insecure_skip_tls_verify: bool,
    #[serde(default)]
    tls_server_name: Option<String>,
    #[serde(default)]
    proxy_url: Option<String>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct User {
    token: Option<String>,
    #[serde(rename = "tokenFile")]
    token_file: Option<PathBuf>,
    client_certificate: Option<PathBuf>,
    client_certificate_data: Option<String>,
    client_key: Option<PathBuf>,
    client_key_data: Option<String>,
    username: Option<String>,
    password: Option<String>,
    exec: Option<Plugin>,
    auth_provider: Option<serde_json::Value>,
    r#as: Option<String>,
}

fn access(text: &str, context: Option<&str>, base: &Path) -> Result<Access, String> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_aliases: 0,
            max_anchors: 0,
            max_depth: 32,
            max_documents: 1,
            max_merge_keys: 0,
        },
    };
    // What stands in the file may be a secret, so its text is in no error.
    let file: File = serde_saphyr::from_str_with_options(text, options)
        .map_err(|_| "it is no kubeconfig: kubectl config view shows what one looks like")?;
    let wanted = context.or(file.current_context.as_deref()).filter(|name| !name.is_empty());
    let wanted = wanted.ok_or("it has no current-context; name one with `context`")?;
    let find = |all: &[Named], what: &str, name: &str| {
        let found = all.iter().position(|one| one.name == name);
        found.ok_or_else(|| {
            let known: Vec<&str> = all.iter().map(|one| one.name.as_str()).take(20).collect();
            format!(
                "it has no {what} {name:?}; there are {}",
                if known.is_empty() { "none".into() } else { known.join(", ") }
            )
        })
    };
    let of =
        |all: &[Named], at: usize, what: &str| all.get(at).map(|one| one.name.clone()).unwrap_or_else(|| what.into());
    let at = find(&file.contexts, "context", wanted)?;
    let context = file.contexts.get(at).and_then(|one| one.context.clone());
    let context = context.ok_or_else(|| format!("its context {wanted} says nothing"))?;
    let at = find(&file.clusters, "cluster", &context.cluster)?;
    let name = of(&file.clusters, at, "cluster");
    let cluster = file.clusters.get(at).and_then(|one| one.cluster.clone());
    let cluster = cluster.ok_or_else(|| format!("its cluster {name} says nothing"))?;
    let user = match context.user.as_str() {
        "" => User::default(),
        name => {
            let at = find(&file.users, "user", name)?;
            file.users.get(at).and_then(|one| one.user.clone()).unwrap_or_default()
        }
    };
    let unsupported = [
        ("proxy-url", cluster.proxy_url.is_some()),
        ("tls-server-name", cluster.tls_server_name.is_some()),
        ("auth-provider", user.auth_provider.is_some()),
        ("as", user.r#as.is_some()),
    ];
    if let Some((key, _)) = unsupported.iter().find(|(_, there)| *there) {
        return Err(format!(
            "its context {wanted} says {key}, which is not supported here; give it a user and a cluster without"
        ));
    }
    let authorities =
        pem(cluster.certificate_authority_data.as_deref(), cluster.certificate_authority.as_deref(), base)?;
    let certificate = pem(user.client_certificate_data.as_deref(), user.client_certificate.as_deref(), base)?;
    let key = pem(user.client_key_data.as_deref(), user.client_key.as_deref(), base)?;
    let certificate = match (certificate, key) {
        (Some(certificate), Some(key)) => Some(Pem::new(certificate, key)),
        (None, None) => None,
        _ => return Err("its user has a client certificate without the key, or the key without the certificate".into()),
    };
    Ok(Access {
        server: cluster.server,
        authorities,
        insecure: cluster.insecure_skip_tls_verify,
        credentials: credentials(user, base),
        certificate,
    })
}

/// As kubectl prefers them.
fn credentials(user: User, base: &Path) -> Credentials {
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    if let Some(file) = user.token_file {
        return Credentials::TokenFile(base.join(file));
    }
    if let Some(token) = given(user.token) {
        return Credentials::Token(Secret::new(token));
    }
    if let (Some(name), Some(password)) = (given(user.username), given(user.password)) {
        return Credentials::Basic(name, Secret::new(password));
    }
    match user.exec {
        Some(plugin) => Credentials::Exec(Box::new(plugin.relative_to(base))),
        None => Credentials::None,
    }
}

/// What stands in the file itself goes before what it names.
fn pem(data: Option<&str>, file: Option<&Path>, base: &Path) -> Result<Option<Vec<u8>>, String> {
    if let Some(data) = data.filter(|data| !data.is_empty()) {
        let decoded = STANDARD.decode(data.split_whitespace().collect::<String>());
        return decoded.map(Some).map_err(|_| "certificates and keys stand there as base64, and one is none".into());
    }
    file.map(|file| bytes(&base.join(file))).transpose()
}

fn bytes(path: &Path) -> Result<Vec<u8>, String> {
    regular_file::read(path, TEXT).map_err(|error| format!("{} cannot be read: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const FILE: &str = r#"
apiVersion: v1
kind: Config
current-context: one
preferences: {}
clusters:
- name: a
  cluster: { server: "https://10.0.0.1:6443", certificate-authority-data: "UEVN", extensions: [] }
- name: b
  cluster: { server: "https://b", certificate-authority: ca.pem }
- name: p
  cluster: { server: "https://p", proxy-url: "http://proxy" }
contexts:
- { name: one, context: { cluster: a, user: token, namespace: x } }
- { name: two, context: { cluster: b, user: file } }
- { name: exec, context: { cluster: a, user: exec } }
- { name: nobody, context: { cluster: a, user: "" } }
- { name: proxied, context: { cluster: p, user: token } }
- { name: half, context: { cluster: a, user: half } }
- { name: lost, context: { cluster: a, user: nobody-there } }
users:
- { name: token, user: { token: s3cr3t-of-all } }
- { name: file, user: { tokenFile: token.txt, token: older } }
- { name: half, user: { client-certificate-data: UEVN } }
- name: exec
  user:
    exec: { apiVersion: client.authentication.k8s.io/v1, command: ./get-token, args: [a], env: [{ name: A, value: b }] }
"#;

    fn read(context: Option<&str>) -> Result<Access, String> {
        access(FILE, context, Path::new("/etc/k"))
    }

    #[test]
    fn contexts_lead_to_a_cluster_and_a_user() {
        let one = read(None).map_err(|error| panic!("{error}")).unwrap();
        assert_eq!((one.server.as_str(), one.authorities.as_deref()), ("https://10.0.0.1:6443", Some(&b"PEM"[..])));
        assert!(matches!(&one.credentials, Credentials::Token(token) if token.expose() == "s3cr3t-of-all"));
        assert!(matches!(read(Some("nobody")).ok().unwrap().credentials, Credentials::None));
        let Credentials::Exec(plugin) = read(Some("exec")).ok().unwrap().credentials else { panic!() };
        assert!(plugin.names().contains("/etc/k/get-token"));
        let wrong = [
            ("none", "there are one, two"),
            ("two", "/etc/k/ca.pem cannot be read"),
            ("proxied", "proxy-url"),
            ("half", "without the key"),
            ("lost", "no user \"nobody-there\""),
        ];
        for (context, part) in wrong {
            let error = read(Some(context)).err().unwrap();
            assert!(error.contains(part) && !error.contains("s3cr3t"), "{context}: {error}");
        }
        for text in ["", "[]", "a: [", "clusters: 3", "current-context: x"] {
            let error = access(text, None, Path::new("")).err().unwrap();
            assert!(!error.is_empty(), "{text}");
        }
    }

    #[test]
    fn a_pod_finds_its_own_cluster() {
        let account = tempfile::tempdir().unwrap();
        let variables: BTreeMap<String, String> =
            [("KUBERNETES_SERVICE_HOST", "fd00::1"), ("KUBERNETES_SERVICE_PORT", "443")]
                .map(|(a, b)| (a.into(), b.into()))
                .into();
        let error = in_cluster(&BTreeMap::new(), account.path()).err().unwrap();
        assert!(error.contains("KUBERNETES_SERVICE_HOST"), "{error}");
        assert!(in_cluster(&variables, account.path()).err().unwrap().contains("token"));
        std::fs::write(account.path().join("token"), "t").unwrap();
        std::fs::write(account.path().join("ca.crt"), "c").unwrap();
        let access = in_cluster(&variables, account.path()).ok().unwrap();
        assert_eq!((access.server.as_str(), access.insecure), ("https://[fd00::1]:443", false));
    }
}
