//! What ends a call before it is done: its memory, or a word of the host.

use wasmtime::ResourceLimiter;

use super::error::Cause;

/// Why the host itself ended a call.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Halt(pub Cause);

/// Holds all linear memories of an instance together below a limit.
#[derive(Clone, Debug, Default)]
pub(super) struct Limiter {
    /// Bytes that all of them may take together.
    pub most: usize,
    used: usize,
    /// Whether more was asked for.
    pub denied: bool,
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, now: usize, wanted: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.used.saturating_sub(now).saturating_add(wanted);
        self.denied |= total > self.most;
        if total <= self.most {
            self.used = total;
        }
        Ok(total <= self.most)
    }

    fn table_growing(&mut self, _: usize, wanted: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(wanted <= 65_536)
    }

    fn instances(&self) -> usize {
        64
    }

    fn tables(&self) -> usize {
        64
    }

    fn memories(&self) -> usize {
        8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories_are_counted_together() {
        let mut limiter = Limiter { most: 100, ..Limiter::default() };
        assert!(limiter.memory_growing(0, 60, None).unwrap());
        assert!(limiter.memory_growing(0, 40, None).unwrap());
        assert!(!limiter.denied);
        assert!(!limiter.memory_growing(40, 41, None).unwrap());
        assert!(limiter.denied);
    }
}
