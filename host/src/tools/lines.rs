//! The way to a server over its standard streams: a message a line.

use std::io;

use futures::Future;
use rmcp::RoleClient;
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use rmcp::transport::async_rw::AsyncRwTransport;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::bytes::{Buf as _, Bytes, BytesMut};
use tokio_util::codec::{Decoder, FramedRead};
use tokio_util::io::StreamReader;

use super::verbatim::Handshakes;

/// Messages over a pair of streams, with results as they came. A line beyond `longest` bytes is left out.
pub(super) fn over<R, W>(read: R, write: W, longest: usize) -> impl Transport<RoleClient, Error = io::Error> + 'static
where
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    let handshakes = Handshakes::default();
    let lines = Lines { handshakes: handshakes.clone(), longest, looked_at: 0, discarding: false };
    let read = StreamReader::new(FramedRead::new(read, lines));
    // What a result needs more as text is no reason to leave it out.
    let inner = AsyncRwTransport::new_client(read, write).with_max_line_length(longest.saturating_mul(7));
    Noting { inner, handshakes }
}

/// Sees what is sent.
struct Noting<T> {
    inner: T,
    handshakes: Handshakes,
}

impl<T: Transport<RoleClient>> Transport<RoleClient> for Noting<T> {
    type Error = T::Error;

    fn send(
        &mut self,
        item: TxJsonRpcMessage<RoleClient>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        self.handshakes.note(&item);
        self.inner.send(item)
    }

    fn receive(&mut self) -> impl Future<Output = Option<RxJsonRpcMessage<RoleClient>>> + Send {
        self.inner.receive()
    }

    fn close(&mut self) -> impl Future<Output = Result<(), Self::Error>> + Send {
        self.inner.close()
    }
}

/// Cuts what comes in into lines, each with its end.
struct Lines {
    handshakes: Handshakes,
    longest: usize,
    /// Bytes that hold no end of a line.
    looked_at: usize,
    discarding: bool,
}

impl Decoder for Lines {
    type Item = Bytes;
    type Error = io::Error;

    fn decode(&mut self, bytes: &mut BytesMut) -> io::Result<Option<Bytes>> {
        loop {
            let new = bytes.get(self.looked_at..).unwrap_or_default();
            let Some(end) = new.iter().position(|byte| *byte == b'\n') else {
                self.looked_at = bytes.len();
                if self.looked_at > self.longest {
                    if !self.discarding {
                        tracing::error!(longest = self.longest, "a message of an MCP server is too long and left out");
                    }
                    self.discarding = true;
                    bytes.clear();
                    self.looked_at = 0;
                }
                return Ok(None);
            };
            let length = self.looked_at + end + 1;
            self.looked_at = 0;
            if std::mem::take(&mut self.discarding) {
                bytes.advance(length);
                continue;
            }
            let line = bytes.split_to(length).freeze();
            let kept = std::str::from_utf8(&line).ok().and_then(|text| self.handshakes.kept(text.trim()));
            return Ok(Some(match kept {
                Some(mut text) => {
                    text.push('\n');
                    text.into()
                }
                None => line,
            }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_wherever_the_pieces_end_and_a_long_one_costs_no_other() {
        let long = "x".repeat(3000);
        let text = format!("{{\"id\":1,\"result\":1}}\r\nlog\n{long}\n{{\"id\":2,\"result\":2}}\nrest");
        for step in [1, 7, 1500, 10_000] {
            let mut lines = Lines { handshakes: Handshakes::default(), longest: 1000, looked_at: 0, discarding: false };
            let (mut bytes, mut out) = (BytesMut::new(), Vec::new());
            for piece in text.as_bytes().chunks(step) {
                bytes.extend_from_slice(piece);
                while let Some(line) = lines.decode(&mut bytes).unwrap() {
                    out.push(String::from_utf8(line.to_vec()).unwrap());
                }
            }
            let short: Vec<&String> = out.iter().filter(|line| line.len() < 2000).collect();
            assert_eq!(short.len(), 3, "{step}: {short:?}");
            assert!(
                short[0].contains(r#""id":1"#) && short[1] == "log\n" && short[2].contains(r#""id":2"#),
                "{short:?}"
            );
        }
    }
}
