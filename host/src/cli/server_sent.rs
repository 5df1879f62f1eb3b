//! Server-sent events of the host, as they come: the data of each, which stands on one line.

use anyhow::{Context as _, bail};
use futures::StreamExt;
use reqwest::Response;

/// Longer lines are no events of ours.
const MAX_LINE: usize = 16 << 20;

/// Hands over the data of each event until `take` says that it was the last; false where the stream ends before. `gone`
/// is what is said where it breaks off.
pub async fn follow(
    response: Response,
    gone: &'static str,
    mut take: impl FnMut(&[u8]) -> anyhow::Result<bool>,
) -> anyhow::Result<bool> {
    let mut chunks = response.bytes_stream();
    let mut pending = Vec::new();
    while let Some(chunk) = chunks.next().await {
        pending.extend_from_slice(&chunk.context(gone)?);
        while let Some(end) = pending.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = pending.drain(..=end).collect();
            if let Some(data) = line.strip_prefix(b"data:")
                && take(data)?
            {
                return Ok(true);
            }
        }
        if pending.len() > MAX_LINE {
            bail!("the host sends something that is no event");
        }
    }
    Ok(false)
}
