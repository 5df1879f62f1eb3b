//! The way to a server over its standard streams: a message a line.

use std::io;

use futures::Future;
use rmcp::RoleClient;
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use rmcp::transport::async_rw::AsyncRwTransport;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::bytes::{Bytes, BytesMut};
use tokio_util::codec::{Decoder, FramedRead};
use tokio_util::io::StreamReader;

use super::messages::Messages;
use super::raw_results::Handshakes;

/// What is kept of either end of a line that is left out: enough to tell which request it answers.
const END: usize = 256;

/// Messages over a pair of streams, with results as they came. A line beyond `longest` bytes is left out, and whoever
/// asked for it hears that.
pub(super) fn framed<R, W>(read: R, write: W, longest: usize) -> impl Transport<RoleClient, Error = io::Error> + 'static
where
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    let handshakes = Handshakes::default();
    let lines = Lines::new(handshakes.clone(), longest);
    let read = StreamReader::new(FramedRead::new(read, lines));
    // What a result needs more as text is no reason to leave it out.
    let inner = AsyncRwTransport::new_client(read, write).with_max_line_length(longest.saturating_mul(7));
    HandshakeObserver { inner, handshakes }
}

/// Sees what is sent.
struct HandshakeObserver<T> {
    inner: T,
    handshakes: Handshakes,
}

impl<T: Transport<RoleClient>> Transport<RoleClient> for HandshakeObserver<T> {
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

/// Cuts what comes in into lines, and gives the messages in each with its end.
struct Lines {
    messages: Messages,
    /// Bytes that hold no end of a line.
    looked_at: usize,
    /// Both ends of a line that is left out.
    discarding: Option<(Vec<u8>, Vec<u8>)>,
}

impl Lines {
    fn new(handshakes: Handshakes, longest: usize) -> Self {
        Self { messages: Messages::new(handshakes, longest), looked_at: 0, discarding: None }
    }
}

impl Decoder for Lines {
    type Item = Bytes;
    type Error = io::Error;

    fn decode(&mut self, bytes: &mut BytesMut) -> io::Result<Option<Bytes>> {
        loop {
            let new = bytes.get(self.looked_at..).unwrap_or_default();
            let Some(end) = new.iter().position(|byte| *byte == b'\n') else {
                self.looked_at = bytes.len();
                if self.looked_at > self.messages.longest || self.discarding.is_some() {
                    let (head, tail) = self.discarding.take().unwrap_or_default();
                    self.discarding = Some(ends(head, tail, bytes));
                    bytes.clear();
                    self.looked_at = 0;
                }
                return Ok(None);
            };
            let length = self.looked_at + end + 1;
            self.looked_at = 0;
            let line = bytes.split_to(length).freeze();
            let messages = match self.discarding.take() {
                // Of a long one either the beginning was let go before, or all of it came at once.
                begun if begun.is_some() || line.len() > self.messages.longest => {
                    let (head, tail) = begun.unwrap_or_default();
                    let (head, tail) = ends(head, tail, &line);
                    self.messages.too_long(&String::from_utf8_lossy(&head), &String::from_utf8_lossy(&tail))
                }
                _ => self.messages.of(&line),
            };
            if !messages.is_empty() {
                let mut text = messages.join("\n");
                text.push('\n');
                return Ok(Some(text.into()));
            }
        }
    }
}

/// Both ends of a line of which more has come.
fn ends(mut head: Vec<u8>, mut tail: Vec<u8>, more: &[u8]) -> (Vec<u8>, Vec<u8>) {
    head.extend(more.iter().take(END.saturating_sub(head.len())));
    tail.extend_from_slice(more.get(more.len().saturating_sub(END)..).unwrap_or_default());
    tail.drain(..tail.len().saturating_sub(END));
    (head, tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes out of a text of which so many bytes come at a time, with lines of 1,000 bytes at most.
    fn in_pieces(text: &str, step: usize) -> Vec<String> {
        let mut lines = Lines::new(Handshakes::default(), 1000);
        let (mut bytes, mut out) = (BytesMut::new(), Vec::new());
        for piece in text.as_bytes().chunks(step) {
            bytes.extend_from_slice(piece);
            while let Some(line) = lines.decode(&mut bytes).unwrap() {
                out.push(String::from_utf8(line.to_vec()).unwrap());
            }
        }
        out
    }

    #[test]
    fn lines_are_cut_wherever_the_pieces_end_and_a_long_one_costs_no_other() {
        let long = "x".repeat(3000);
        let text = format!("{{\"id\":1,\"result\":1}}\r\nlog\n{long}\n{{\"id\":2,\"result\":2}}\nrest");
        for step in [1, 7, 1500, 10_000] {
            let out = in_pieces(&text, step);
            let short: Vec<&String> = out.iter().filter(|line| line.len() < 2000).collect();
            assert_eq!(short.len(), 3, "{step}: {short:?}");
            assert!(
                short[0].contains(r#""id":1"#) && short[1] == "log\n" && short[2].contains(r#""id":2"#),
                "{short:?}"
            );
        }
    }

    #[test]
    fn whoever_asked_for_what_is_too_long_hears_that() {
        let long = "x \\\"id\\\":9 ".repeat(3000);
        for text in [
            format!("{{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{{\"t\":\"{long}\"}}}}\n"),
            format!("{{\"result\":{{\"t\":\"{long}\"}},\"jsonrpc\":\"2.0\",\"id\":3}}\n"),
        ] {
            for step in [1, 7, 1500, 1_000_000] {
                let out = in_pieces(&text, step);
                assert_eq!(out.len(), 1, "{out:?}");
                assert!(out[0].contains("\"id\":3") && out[0].contains("longer than 1000 bytes"), "{out:?}");
            }
        }
        // What the server asks or tells itself is no answer.
        let mut lines = Lines::new(Handshakes::default(), 1000);
        let mut bytes = BytesMut::from(format!("{{\"method\":\"x\",\"id\":3,\"params\":\"{long}").as_str());
        assert_eq!(lines.decode(&mut bytes).unwrap(), None);
        bytes.extend_from_slice(b"\"}\n");
        assert_eq!(lines.decode(&mut bytes).unwrap(), None);
    }
}
