//! Opens a session with a server, whatever lies between.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use futures::future::BoxFuture;
use reqwest::header::{HeaderName, HeaderValue};
use rmcp::model::{ClientCapabilities, ClientConfig, Implementation};
use rmcp::service::{NotificationContext, RunningService, ServiceExt};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::{ClientHandler, RoleClient};
use tokio::sync::Notify;

use super::definition::Transport;
use super::http::HttpClient;
use super::lines;
use super::process::Process;
use super::raw_results::Handshakes;
use super::rmcp_error;
use crate::network;

/// Longest message of a server in bytes.
pub(super) const MESSAGE: usize = 8 * 1024 * 1024;

/// The host's side of a session. It offers servers nothing: no sampling, no questions, no files.
pub(super) struct Client {
    /// Called when the server says that its tools have changed.
    pub changed: Arc<Notify>,
}

impl ClientHandler for Client {
    async fn on_tool_list_changed(&self, _: NotificationContext<RoleClient>) {
        self.changed.notify_one();
    }

    fn get_info(&self) -> ClientConfig {
        let name = Implementation::new("tidegate", env!("CARGO_PKG_VERSION"));
        ClientConfig::new(ClientCapabilities::default(), name)
    }
}

/// A session, and the process behind it where there is one.
pub(super) struct Session {
    pub service: RunningService<RoleClient, Client>,
    pub process: Option<Process>,
}

/// Opens sessions. Tests do so without a process.
pub(super) trait Connect: Send + Sync {
    /// Opens one. Dropping the future gives up without leaving anything behind.
    fn connect(&self, client: Client) -> BoxFuture<'_, Result<Session, String>>;
}

impl Connect for Transport {
    fn connect(&self, client: Client) -> BoxFuture<'_, Result<Session, String>> {
        Box::pin(async move {
            match self {
                Transport::Process { command, args, env, cwd } => {
                    let (process, output, input) = Process::start(command, args, env, cwd.as_ref())?;
                    match client.serve(lines::framed(output, input, MESSAGE)).await {
                        Ok(service) => Ok(Session { service, process: Some(process) }),
                        Err(error) => Err(process.end(rmcp_error::handshake(error)).await),
                    }
                }
                Transport::Http { url, headers } => {
                    let service = client.serve(http(url, headers)?).await.map_err(rmcp_error::handshake)?;
                    Ok(Session { service, process: None })
                }
            }
        })
    }
}

fn http(url: &str, headers: &BTreeMap<String, String>) -> Result<StreamableHttpClientTransport<HttpClient>, String> {
    // A client of its own: a limit on a whole request would end the stream of a session.
    let client = network::builder().build().map_err(|error| format!("no HTTP client can be made: {error}"))?;
    let mut custom = HashMap::new();
    for (name, value) in headers {
        let name = HeaderName::try_from(name).map_err(|_| format!("{name} is no name of an HTTP header"))?;
        let mut value = HeaderValue::try_from(value)
            .map_err(|_| format!("the value of the HTTP header {name} holds characters that are not allowed"))?;
        value.set_sensitive(true);
        custom.insert(name, value);
    }
    let config = StreamableHttpClientTransportConfig::with_uri(url)
        .custom_headers(custom)
        .max_sse_event_size(MESSAGE)
        .reinit_on_expired_session(true);
    let client = HttpClient { client, handshakes: Handshakes::default(), longest: MESSAGE };
    Ok(StreamableHttpClientTransport::with_client(client, config))
}
