//! Bodies that senders have packed.

use std::io::Read;

use axum::http::{HeaderMap, header};
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

use super::answer::Failure;
use super::places::Place;
use super::quotas;
use crate::config::Size;
use crate::domain::text::truncate;

/// What every file of gzip begins with.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Bytes that are unpacked in one go.
const PIECE: usize = 64 << 10;

/// Pieces after which others have their turn.
const TURN: usize = 16;

/// How a body is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Not at all.
    Plain,
    /// gzip.
    Gzip,
    /// zlib, or what it wraps: senders disagree on what the word means.
    Deflate,
}

impl Encoding {
    /// As the headers say.
    ///
    /// # Errors
    /// 415 where it is packed in another way.
    pub fn of(headers: &HeaderMap) -> Result<Self, Failure> {
        let values = headers.get_all(header::CONTENT_ENCODING).iter();
        let text: Vec<String> = values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect();
        let text = text.join(",").to_ascii_lowercase();
        let given: Vec<&str> =
            text.split(',').map(str::trim).filter(|word| !matches!(*word, "" | "identity" | "none")).collect();
        match given.as_slice() {
            [] => Ok(Self::Plain),
            ["gzip" | "x-gzip"] => Ok(Self::Gzip),
            ["deflate" | "x-deflate"] => Ok(Self::Deflate),
            _ => Err(Failure::encoding(format!(
                "a body with the encoding {:?} is not taken here; send it plain, or as gzip or deflate",
                truncate(&text, 60)
            ))),
        }
    }

    /// The body as it was before it was packed. What it grows to is held by `place`.
    ///
    /// # Errors
    /// 413 where it is larger than `max`, 400 where it is not what the encoding says.
    pub async fn unpack(self, bytes: Vec<u8>, max: Size, place: &Place) -> Result<Vec<u8>, Failure> {
        let packed = bytes.as_slice();
        // Some senders forget to say so; no text begins like that.
        let sniffed = self == Self::Plain && packed.starts_with(&GZIP);
        let mut reader: Box<dyn Read + Send> = match self {
            Self::Plain if !sniffed => return Ok(bytes),
            Self::Plain | Self::Gzip => Box::new(MultiGzDecoder::new(packed)),
            Self::Deflate if is_zlib(packed) => Box::new(ZlibDecoder::new(packed)),
            Self::Deflate => Box::new(DeflateDecoder::new(packed)),
        };
        let (mut whole, mut pieces) = (Vec::new(), 0_usize);
        loop {
            let before = whole.len();
            let read = reader.by_ref().take(PIECE as u64).read_to_end(&mut whole);
            read.map_err(|error| Failure::invalid(format!("the body cannot be unpacked: {error}")))?;
            let new = whole.len() - before;
            if new == 0 {
                return Ok(whole);
            }
            if whole.len() > max.bytes() {
                return Err(Failure::too_large(format!(
                    "the body is larger than {max} once it is unpacked, the most that is taken here"
                )));
            }
            if !place.grow(new) {
                return Err(quotas::busy());
            }
            pieces += 1;
            if pieces.is_multiple_of(TURN) {
                tokio::task::yield_now().await;
            }
        }
    }
}

fn is_zlib(bytes: &[u8]) -> bool {
    match bytes {
        [first, second, ..] => first & 0x0f == 8 && (u16::from(*first) << 8 | u16::from(*second)).is_multiple_of(31),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use axum::http::HeaderValue;
    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::super::places::{Peer, Places};
    use super::*;

    async fn unpack(encoding: Encoding, bytes: Vec<u8>, max: u64) -> Result<Vec<u8>, String> {
        let place = Places::new(1, 1 << 24).take(Peer::UNKNOWN).unwrap();
        place.hold();
        encoding.unpack(bytes, Size(max), &place).await.map_err(|failure| format!("{failure:?}"))
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[tokio::test]
    async fn packed_bodies_are_unpacked_within_the_limit() {
        let text = "alerts ".repeat(20_000).into_bytes();
        let mut raw = DeflateEncoder::new(Vec::new(), Compression::default());
        raw.write_all(&text).unwrap();
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
        zlib.write_all(&text).unwrap();
        let two = [gzip(&text[..70_000]), gzip(&text[70_000..])].concat();
        for (encoding, bytes) in [
            (Encoding::Plain, text.clone()),
            (Encoding::Plain, gzip(&text)),
            (Encoding::Gzip, gzip(&text)),
            (Encoding::Gzip, two),
            (Encoding::Deflate, raw.finish().unwrap()),
            (Encoding::Deflate, zlib.finish().unwrap()),
        ] {
            assert!(unpack(encoding, bytes, 140_000).await.unwrap() == text, "{encoding:?}");
        }
        let bomb = gzip(&vec![b'x'; 10 << 20]);
        assert!(bomb.len() < 20_000);
        assert!(unpack(Encoding::Gzip, bomb, 1 << 20).await.unwrap_err().contains("once it is unpacked"));
        let mut cut = gzip(&text);
        cut.truncate(cut.len() / 2);
        assert!(unpack(Encoding::Gzip, cut, 140_000).await.unwrap_err().contains("cannot be unpacked"));
        assert!(unpack(Encoding::Gzip, b"{}".to_vec(), 100).await.is_err());
    }

    #[test]
    fn encodings_by_their_words() {
        let of = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::CONTENT_ENCODING, HeaderValue::from_static(value));
            }
            Encoding::of(&headers).map_err(|failure| format!("{failure:?}"))
        };
        assert_eq!(of(&[]), Ok(Encoding::Plain));
        assert_eq!(of(&["identity", ""]), Ok(Encoding::Plain));
        assert_eq!(of(&["X-GZIP"]), Ok(Encoding::Gzip));
        assert_eq!(of(&["identity, deflate"]), Ok(Encoding::Deflate));
        for odd in [&["br"][..], &["zstd"], &["gzip, gzip"], &["gzip", "deflate"]] {
            assert!(of(odd).unwrap_err().contains("send it plain"), "{odd:?}");
        }
    }
}
