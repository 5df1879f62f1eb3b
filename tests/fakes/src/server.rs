//! An HTTP server on a port of 127.0.0.1 that the system picks, whose connections can be cut in the
//! middle of a call: a client then sees what it sees when a server dies, not a polite error.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use anyhow::Context as _;
use axum::Router;
use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use futures::task::AtomicWaker;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::clock::lock;

/// A running server; dropping it closes the port and cuts every connection.
#[derive(Debug)]
pub struct Server {
    url: String,
    task: JoinHandle<()>,
    connections: Arc<Mutex<Vec<Connection>>>,
}

impl Server {
    /// Serves `routes`; `port` 0 lets the system choose.
    pub async fn start(routes: Router, port: u16) -> anyhow::Result<Self> {
        let tcp = TcpListener::bind(("127.0.0.1", port))
            .await
            .with_context(|| format!("cannot listen on 127.0.0.1:{port}"))?;
        let url = format!("http://{}", tcp.local_addr()?);
        let connections = Arc::default();
        let listener = CuttableListener { tcp, connections: Arc::clone(&connections) };
        let service = routes.into_make_service_with_connect_info::<Connection>();
        let task = tokio::spawn(async move {
            // The error type of an accept loop that never ends is of no interest.
            let _ended = axum::serve(listener, service).await;
        });
        Ok(Self { url, task, connections })
    }

    /// `http://127.0.0.1:<port>`, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
        for connection in lock(&self.connections).iter() {
            connection.cut();
        }
    }
}

/// One client's connection, as seen by a handler.
#[derive(Debug, Clone, Default)]
pub struct Connection(Arc<Line>);

#[derive(Debug, Default)]
struct Line {
    cut: AtomicBool,
    reader: AtomicWaker,
}

impl Connection {
    /// Ends the connection without another byte to the client.
    pub fn cut(&self) {
        self.0.cut.store(true, Ordering::SeqCst);
        self.0.reader.wake();
    }

    fn check(&self) -> io::Result<()> {
        match self.0.cut.load(Ordering::SeqCst) {
            true => Err(io::ErrorKind::ConnectionReset.into()),
            false => Ok(()),
        }
    }
}

impl Connected<IncomingStream<'_, CuttableListener>> for Connection {
    fn connect_info(stream: IncomingStream<'_, CuttableListener>) -> Self {
        stream.io().connection.clone()
    }
}

struct CuttableListener {
    tcp: TcpListener,
    connections: Arc<Mutex<Vec<Connection>>>,
}

impl Listener for CuttableListener {
    type Io = CuttableStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (stream, address) = Listener::accept(&mut self.tcp).await;
        let connection = Connection::default();
        let mut connections = lock(&self.connections);
        connections.retain(|known| Arc::strong_count(&known.0) > 1);
        connections.push(connection.clone());
        (CuttableStream { stream, connection }, address)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.tcp.local_addr()
    }
}

struct CuttableStream {
    stream: TcpStream,
    connection: Connection,
}

impl AsyncRead for CuttableStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.connection.0.reader.register(context.waker());
        self.connection.check()?;
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for CuttableStream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.connection.check()?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.connection.check()?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
