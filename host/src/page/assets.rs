//! What pages load: one style sheet, one module, one icon. Each has a name that holds what is in it, so that a
//! browser may keep it for ever and never has an old one.

use std::io::Write;
use std::sync::LazyLock;

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

/// A file as it is sent.
pub struct Asset {
    /// Its path on this host.
    pub path: String,
    /// What it is.
    pub content_type: &'static str,
    /// Its bytes.
    pub plain: &'static [u8],
    /// The same, packed with gzip.
    pub packed: Vec<u8>,
}

/// Bytes of a digest that a name holds.
const DIGEST: usize = 6;

impl Asset {
    fn new(name: &str, ending: &str, content_type: &'static str, plain: &'static [u8]) -> Self {
        let digest = Sha256::digest(plain);
        let digest = hex::encode(digest.get(..DIGEST).unwrap_or_default());
        let path = format!("/s/{name}.{digest}.{ending}");
        Self { path, content_type, plain, packed: pack(plain) }
    }
}

/// The same bytes, packed with gzip.
pub fn pack(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    // Writing to memory cannot fail.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

/// The style sheet.
pub static STYLE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("page", "css", "text/css; charset=utf-8", include_bytes!("assets/page.css")));

/// The module that keeps pages fresh.
pub static SCRIPT: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("page", "js", "text/javascript; charset=utf-8", include_bytes!("assets/page.js")));

/// The icon.
pub static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("icon", "svg", "image/svg+xml", include_bytes!("assets/icon.svg")));

/// The file of this path.
pub fn find(path: &str) -> Option<&'static Asset> {
    [&*STYLE, &*SCRIPT, &*ICON].into_iter().find(|asset| asset.path == path)
}
