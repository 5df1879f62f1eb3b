//! Reads a request's body within limits of size and time.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, header};
use futures::StreamExt;
use tokio::time::timeout;

use super::answer::Failure;
use super::places::Place;
use crate::config::Size;

/// A body that is too large is read on up to this much and thrown away, because a sender that is
/// still writing would otherwise see a broken connection instead of the answer.
const DISCARD: usize = 32 << 20;

/// And no longer than this.
const DISCARD_TIME: Duration = Duration::from_secs(2);

/// How much of a body is taken, and at whose cost.
pub struct Bounds<'a> {
    pub max: Size,
    pub within: Duration,
    /// Where its bytes are counted, and what it can lose.
    pub place: Option<&'a Place>,
}

/// The whole body.
pub async fn read(headers: &HeaderMap, body: Body, max: Size, within: Duration) -> Result<Vec<u8>, Failure> {
    read_within(headers, body, Bounds { max, within, place: None }, |_| ()).await
}

/// The whole body; each part of it is shown to `each` as it comes.
pub async fn read_within(
    headers: &HeaderMap,
    body: Body,
    bounds: Bounds<'_>,
    each: impl FnMut(&[u8]),
) -> Result<Vec<u8>, Failure> {
    let Some(place) = bounds.place else { return collect(headers, body, &bounds, each).await };
    tokio::select! {
        biased;
        () = place.pushed_out() => Err(crowded()),
        read = collect(headers, body, &bounds, each) => read,
    }
}

fn crowded() -> Failure {
    Failure::unavailable("too many bodies are being received; try again")
}

async fn collect(
    headers: &HeaderMap,
    body: Body,
    bounds: &Bounds<'_>,
    mut each: impl FnMut(&[u8]),
) -> Result<Vec<u8>, Failure> {
    let Bounds { max, within, place } = *bounds;
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    let mut stream = body.into_data_stream();
    let too_large = || Failure::too_large(format!("the body is larger than {max}, the most that is taken here"));
    if announced.is_some_and(|length| length > max.0) {
        // Who asks before sending has sent nothing yet and needs no discarding.
        if !headers.contains_key(header::EXPECT) {
            discard(&mut stream).await;
        }
        return Err(too_large());
    }
    let mut parts = Parts::default();
    let collect = async {
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(|_| Failure::invalid("the body ended before its announced end"))?;
            if parts.length + chunk.len() > max.bytes() {
                return Ok(false);
            }
            if !place.is_none_or(|place| place.grow(chunk.len())) {
                return Err(crowded());
            }
            each(&chunk);
            parts.push(&chunk);
        }
        Ok::<bool, Failure>(true)
    };
    let slow = |_| Failure::too_slow(format!("the body did not arrive within {} s", within.as_secs_f32()));
    if timeout(within, collect).await.map_err(slow)?? {
        return Ok(parts.whole());
    }
    discard(&mut stream).await;
    Err(too_large())
}

/// Bytes in pieces of one size: what was given back by one body serves the next. One piece of
/// memory as long as each body was announced to be would leave holes that the process keeps.
#[derive(Default)]
struct Parts {
    parts: Vec<Vec<u8>>,
    length: usize,
}

impl Parts {
    const SIZE: usize = 64 << 10;

    fn push(&mut self, mut bytes: &[u8]) {
        self.length += bytes.len();
        while !bytes.is_empty() {
            let full = self.parts.last().is_none_or(|last| last.len() >= Self::SIZE);
            if full {
                // Most bodies are short and come at once.
                let first = self.parts.is_empty();
                self.parts.push(Vec::with_capacity(if first { bytes.len().min(Self::SIZE) } else { Self::SIZE }));
            }
            let Some(last) = self.parts.last_mut() else { return };
            let (now, later) = bytes.split_at(bytes.len().min(Self::SIZE.saturating_sub(last.len())));
            last.extend_from_slice(now);
            bytes = later;
        }
    }

    fn whole(mut self) -> Vec<u8> {
        if self.parts.len() <= 1 {
            return self.parts.pop().unwrap_or_default();
        }
        let mut whole = Vec::with_capacity(self.length);
        self.parts.drain(..).for_each(|part| whole.extend_from_slice(&part));
        whole
    }
}

async fn discard(stream: &mut axum::body::BodyDataStream) {
    let read = async {
        let mut left = DISCARD;
        while let Some(Ok(chunk)) = stream.next().await {
            left = left.saturating_sub(chunk.len());
            if left == 0 {
                break;
            }
        }
    };
    // Late or not, the answer goes out now.
    let _ = timeout(DISCARD_TIME, read).await;
}

/// A body as text. What is no UTF-8 becomes `\u{fffd}`: a text that was cut within a letter costs no alert.
pub fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_make_the_whole() {
        let bytes: Vec<u8> = (0..300_000_u32).map(|n| n.to_le_bytes()[0] ^ n.to_le_bytes()[1]).collect();
        for step in [1, 7, 1000, 65_535, 65_536, 65_537, 200_000, 300_000] {
            let mut parts = Parts::default();
            bytes.chunks(step).for_each(|chunk| parts.push(chunk));
            assert!(parts.parts.iter().all(|part| part.len() <= Parts::SIZE));
            assert!(parts.length == bytes.len() && parts.whole() == bytes, "{step}");
        }
        assert!(Parts::default().whole().is_empty());
    }
}
