//! Versions of the contract. A lane is what stays compatible: `0.1`, `0.2`, later `1`.
//!
//! Each lane is one module that turns its generated types into the host's own and back; nothing
//! outside it names a generated type. The newest holds behaviour, older ones only convert.

pub(super) mod v0_1;

use wasmtime::component::{InstancePre, Linker};

use super::engine::Runtime;
use super::imports::State;
use super::kind::Kind;
use super::kind::notifier::Notify;
use super::kind::remediation::Remediate;
use super::kind::source::Decode;
use super::wasi;

/// Lanes that this host runs, as they stand in messages.
pub(super) const SUPPORTED: &str = "0.1.x";

/// A version of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    V0_1,
}

/// What a plugin exports, by kind.
pub(super) enum Exports {
    Source(Box<dyn Decode>),
    Notifier(Box<dyn Notify>),
    Remediation(Box<dyn Remediate>),
}

impl Lane {
    /// The lane of an interface's version; none when this host does not run it.
    pub fn of(version: &str) -> Option<Self> {
        let mut parts = version.split('.');
        match (parts.next(), parts.next(), parts.next().map(str::parse::<u32>), parts.next()) {
            (Some("0"), Some("1"), Some(Ok(_)), None) => Some(Self::V0_1),
            _ => None,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::V0_1 => "0.1",
        }
    }

    /// A linker that offers what the kind may import and, where it is wanted, a WASI with nothing in it.
    pub fn linker(self, runtime: &Runtime, kind: Kind, with_wasi: bool) -> wasmtime::Result<Linker<State>> {
        let mut linker = match self {
            Self::V0_1 => v0_1::linker(runtime.engine(), kind),
        }?;
        if with_wasi {
            wasi::link(&mut linker)?;
        }
        Ok(linker)
    }

    /// Finds the exports of a linked plugin.
    pub fn exports(self, kind: Kind, pre: &InstancePre<State>) -> wasmtime::Result<Exports> {
        Ok(match (self, kind) {
            (Self::V0_1, Kind::Source) => Exports::Source(Box::new(v0_1::Source::new(pre)?)),
            (Self::V0_1, Kind::Notifier) => Exports::Notifier(Box::new(v0_1::Notifier::new(pre)?)),
            (Self::V0_1, Kind::Remediation) => Exports::Remediation(Box::new(v0_1::Remediation::new(pre)?)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patches_share_a_lane_and_nothing_else_does() {
        assert_eq!(Lane::of("0.1.0"), Some(Lane::V0_1));
        assert_eq!(Lane::of("0.1.17"), Some(Lane::V0_1));
        for version in ["0.2.0", "0.0.1", "1.1.0", "0.1", "0.1.0-rc1", "0.1.0.0", ""] {
            assert_eq!(Lane::of(version), None, "{version}");
        }
    }
}
