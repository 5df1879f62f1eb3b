//! Compiled components on disk, so that a start does not compile what has not changed.
//!
//! A file's name is made of the component's digest and everything about the engine that shapes the
//! code; its first 32 bytes are the digest of the rest. The folder belongs to this user alone. A
//! file that is missing, damaged or made by another engine costs a compilation and nothing else.

use std::fs;
use std::hash::{Hash, Hasher};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

/// Length of the digest in front of the code.
const HEADER: usize = 32;

/// A folder of compiled components.
#[derive(Clone, Debug)]
pub struct Cache(PathBuf);

impl Cache {
    /// Opens or creates the folder. An error says why it cannot be trusted or used.
    pub fn open(folder: &Path) -> io::Result<Self> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let found = fs::symlink_metadata(folder)?;
        if !found.is_dir() || found.uid() != fs::metadata("/proc/self")?.uid() {
            return Err(io::Error::other("it does not belong to this user"));
        }
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
        Ok(Self(folder.to_path_buf()))
    }

    /// The compiled form of a component whose digest is `sha256`, if it is here and whole.
    pub fn load(&self, engine: &Engine, sha256: &str) -> Option<Component> {
        let bytes = fs::read(self.path(engine, sha256)).ok()?;
        let (header, code) = bytes.split_at_checked(HEADER)?;
        if Sha256::digest(code).as_slice() != header {
            tracing::warn!(sha256, "a compiled component on disk is damaged and is compiled again");
            return None;
        }
        // These very bytes were checked: no file is read a second time.
        load_own_code(engine, code).ok()
    }

    /// Keeps a component's code. A failure is logged: the next start compiles again.
    pub fn store(&self, engine: &Engine, sha256: &str, code: &[u8]) {
        if let Err(error) = self.write(&self.path(engine, sha256), code) {
            tracing::warn!(sha256, %error, "a compiled component was not kept");
        }
    }

    fn path(&self, engine: &Engine, sha256: &str) -> PathBuf {
        let mut hash = DigestHasher(Sha256::new());
        engine.precompile_compatibility_hash().hash(&mut hash);
        let engine = hex::encode(hash.0.finalize());
        self.0.join(format!("{sha256}-{}.cwasm", engine.get(..16).unwrap_or_default()))
    }

    /// Writes beside and renames, so that nobody ever reads half a file.
    fn write(&self, path: &Path, code: &[u8]) -> io::Result<()> {
        let temporary = path.with_extension(format!("tmp{}", std::process::id()));
        let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
        file.write_all(&Sha256::digest(code))?;
        file.write_all(code)?;
        drop(file);
        fs::rename(&temporary, path)
    }
}

/// Turns code that this program has compiled into a component.
#[expect(unsafe_code, reason = "wasmtime cannot prove that bytes are code that it compiled itself")]
pub(super) fn load_own_code(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: the bytes come from `Engine::precompile_component` of this very program. Either the
    // compiler has just returned them, in this process or through a pipe from a child that runs the
    // same file; or they were read from a folder that only this user can write to (`Cache::open`),
    // under a name made for this component and engine, and they match the digest that
    // `Cache::write` put before them.
    unsafe { Component::deserialize(engine, code) }
}

/// Feeds what would be hashed to SHA-256, whose result is the same in every run.
struct DigestHasher(Sha256);

impl Hasher for DigestHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        // Only the whole digest is used.
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::engine::Runtime;

    #[test]
    fn what_is_kept_is_found_and_what_is_damaged_is_not_loaded() {
        let folder = std::env::temp_dir().join(format!("tidegate-cache-{}", std::process::id()));
        let cache = Cache::open(&folder).unwrap();
        let runtime = Runtime::new().unwrap();
        let engine = runtime.engine();
        // The smallest component: magic, version, layer.
        let empty = [0, b'a', b's', b'm', 0x0d, 0, 1, 0];
        let code = engine.precompile_component(&empty).unwrap();
        assert!(cache.load(engine, "d1").is_none());
        cache.store(engine, "d1", &code);
        assert!(cache.load(engine, "d1").is_some());
        assert!(cache.load(engine, "d2").is_none());

        let path = cache.path(engine, "d1");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(&folder).unwrap().mode() & 0o777, 0o700);
        let mut bytes = fs::read(&path).unwrap();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        fs::write(&path, &bytes).unwrap();
        assert!(cache.load(engine, "d1").is_none());
        fs::write(&path, b"short").unwrap();
        assert!(cache.load(engine, "d1").is_none());
        fs::remove_dir_all(folder).unwrap();
    }
}
