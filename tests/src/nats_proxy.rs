//! Stands between a client of NATS and its server, and loses what the client acknowledges, as a network does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// One that runs until it is dropped.
pub struct Proxy {
    port: u16,
    loses: Arc<AtomicBool>,
    lost: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Starts one in front of a server.
    pub async fn start(server: String) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let (loses, lost) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let shared = (Arc::clone(&loses), Arc::clone(&lost));
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(upstream) = TcpStream::connect(&server).await else { continue };
                let ((from_client, mut to_client), (mut from_server, to_server)) =
                    (client.into_split(), upstream.into_split());
                let (loses, lost) = (Arc::clone(&shared.0), Arc::clone(&shared.1));
                tokio::spawn(async move {
                    let back = copy(&mut from_server, &mut to_client);
                    // Whoever ends first ends both.
                    tokio::select! {
                        _ = back => {}
                        _ = forth(from_client, to_server, &loses, &lost) => {}
                    }
                });
            }
        });
        Ok(Self { port, loses, lost, task })
    }

    /// Where it listens.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Whether acknowledgements are lost from now on.
    pub fn lose(&self, loses: bool) {
        self.loses.store(loses, Ordering::SeqCst);
    }

    /// How many were.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn forth(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    loses: &AtomicBool,
    lost: &AtomicU64,
) -> std::io::Result<()> {
    let mut came = Vec::new();
    let mut piece = vec![0; 64 << 10];
    loop {
        let length = from.read(&mut piece).await?;
        if length == 0 {
            return Ok(());
        }
        came.extend_from_slice(piece.get(..length).unwrap_or_default());
        while let Some(length) = whole(&came) {
            let command: Vec<u8> = came.drain(..length).collect();
            if loses.load(Ordering::SeqCst) && acknowledges(&command) {
                lost.fetch_add(1, Ordering::SeqCst);
            } else {
                to.write_all(&command).await?;
            }
        }
    }
}

/// The length of the first command with its payload, where all of it is there.
fn whole(came: &[u8]) -> Option<usize> {
    let line = came.windows(2).position(|two| two == b"\r\n")?;
    let text = String::from_utf8_lossy(came.get(..line)?);
    let mut words = text.split_whitespace();
    let payload = match words.next()?.to_ascii_uppercase().as_str() {
        "PUB" | "HPUB" => words.last()?.parse::<usize>().ok()? + 2,
        _ => 0,
    };
    let length = line + 2 + payload;
    (came.len() >= length).then_some(length)
}

/// Whether a command says that a message is taken. That it is being worked at is no acknowledgement.
fn acknowledges(command: &[u8]) -> bool {
    let text = String::from_utf8_lossy(command);
    text.starts_with("PUB $JS.ACK.") && text.contains("\r\n+ACK")
}
