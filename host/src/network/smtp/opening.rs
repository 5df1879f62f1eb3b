//! The part of a session that is said in the clear before STARTTLS.
//!
//! The SMTP library keeps what it has read beyond an answer across the change to TLS, so that somebody
//! on the way could put answers into the protected part. Here everything that was said before is gone
//! when TLS begins, and more than was asked for ends the session.

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// Bytes of one answer.
const ANSWER: u64 = 16 << 10;

/// Asks for TLS. Gives back the connection, at which the handshake begins, and the greeting. The error is a sentence.
pub(super) async fn starttls(stream: TcpStream, own: &str) -> Result<(TcpStream, Vec<u8>), String> {
    let mut reader = BufReader::new(stream);
    let greeting = answer(&mut reader).await?;
    if !greeting.starts_with("220") {
        return Err(format!("it does not greet: {}", super::one_line(&greeting)));
    }
    say(&mut reader, &format!("EHLO {own}\r\n")).await?;
    let offers = answer(&mut reader).await?;
    if !offers.starts_with("250") {
        return Err(format!("it refuses EHLO: {}", super::one_line(&offers)));
    }
    let offered = |line: &str| line.get(4..).is_some_and(|word| word.trim().eq_ignore_ascii_case("STARTTLS"));
    if !offers.lines().skip(1).any(offered) {
        return Err("it offers no STARTTLS, and nothing is sent in the clear; if its port speaks TLS from the first \
                    byte, as 465 does, the host's configuration would need: tls = \"tls\""
            .into());
    }
    say(&mut reader, "STARTTLS\r\n").await?;
    let ready = answer(&mut reader).await?;
    if !ready.starts_with("220") {
        return Err(format!("it refuses STARTTLS: {}", super::one_line(&ready)));
    }
    if !reader.buffer().is_empty() {
        return Err("somebody spoke between STARTTLS and TLS: nothing is sent".into());
    }
    Ok((reader.into_inner(), greeting.into_bytes()))
}

async fn say(reader: &mut BufReader<TcpStream>, line: &str) -> Result<(), String> {
    reader.get_mut().write_all(line.as_bytes()).await.map_err(|error| format!("the connection broke: {error}"))
}

/// One answer, all of its lines.
async fn answer(reader: &mut BufReader<TcpStream>) -> Result<String, String> {
    let mut bytes = Vec::new();
    let mut bounded = reader.take(ANSWER);
    loop {
        let begin = bytes.len();
        let read =
            bounded.read_until(b'\n', &mut bytes).await.map_err(|error| format!("the connection broke: {error}"))?;
        let line = bytes.get(begin..).unwrap_or_default();
        if read == 0 || !line.ends_with(b"\n") {
            return Err("the connection ended, or an answer is too long".into());
        }
        if line.get(3) != Some(&b'-') {
            return String::from_utf8(bytes).map_err(|_| "it does not speak SMTP".to_string());
        }
    }
}
