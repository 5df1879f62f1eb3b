//! W3C trace context: what senders say, and what those are told who are called.

use std::sync::atomic::{AtomicBool, Ordering};

use sha2::{Digest, Sha256};

use crate::domain::IncidentId;

/// The header, and the member of `_meta` in MCP.
pub const HEADER: &str = "traceparent";

/// Whether those who are called are told of the trace. Once for the process: it is so as soon as traces go anywhere.
static TELLS: AtomicBool = AtomicBool::new(false);

tokio::task_local! {
    static CURRENT: Context;
}

/// From now on those who are called are told of the trace.
pub fn tell_others() {
    TELLS.store(true, Ordering::Relaxed);
}

/// Lets a future work within the trace of an incident.
pub async fn scope<F: Future>(incident: &IncidentId, work: F) -> F::Output {
    CURRENT.scope(Context::of(incident), work).await
}

/// What somebody is told who is called now; none outside of a trace, and where traces go nowhere.
pub fn current() -> Option<String> {
    let told = TELLS.load(Ordering::Relaxed);
    CURRENT.try_with(Context::header).ok().filter(|_| told)
}

/// A span of somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// The trace.
    pub trace: [u8; 16],
    /// The span.
    pub span: [u8; 8],
}

impl Context {
    /// Reads a `traceparent`; what cannot be read is none.
    pub fn read(text: &str) -> Option<Self> {
        let mut parts = text.trim().split('-');
        let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let hexes = [version, trace, span, flags]
            .into_iter()
            .all(|part| part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)));
        // Later versions may add parts; this one has none.
        if !hexes
            || version.len() != 2
            || version == "ff"
            || flags.len() != 2
            || (version == "00" && parts.next().is_some())
        {
            return None;
        }
        let (trace, span): ([u8; 16], [u8; 8]) =
            (hex::decode(trace).ok()?.try_into().ok()?, hex::decode(span).ok()?.try_into().ok()?);
        (trace != [0; 16] && span != [0; 8]).then_some(Self { trace, span })
    }

    /// The place in an incident's trace under which others put their spans: its root.
    pub fn of(incident: &IncidentId) -> Self {
        Self { trace: trace_of(incident), span: span_of(incident, "incident") }
    }

    /// As a header says it. Whether it is kept is for whoever reads it to say; it is recorded here.
    pub fn header(&self) -> String {
        format!("00-{}-{}-01", hex::encode(self.trace), hex::encode(self.span))
    }
}

/// The name of an incident's trace.
pub fn trace_of(incident: &IncidentId) -> [u8; 16] {
    let hash: [u8; 32] = Sha256::new().chain_update("trace ").chain_update(&*incident.0).finalize().into();
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, ..] = hash;
    [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]
}

/// The name of a span in it, by what it is of.
pub fn span_of(incident: &IncidentId, what: &str) -> [u8; 8] {
    let hash: [u8; 32] =
        Sha256::new().chain_update(&*incident.0).chain_update([0]).chain_update(what).finalize().into();
    let [a, b, c, d, e, f, g, h, ..] = hash;
    [a, b, c, d, e, f, g, h]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_is_read_strictly_and_written_as_it_was() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(Context::read(good).unwrap().header(), good);
        assert!(Context::read("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more").is_some());
        for bad in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "00-4bf92f3577b34da6a3ce929d0e0e47-00f067aa0ba902b7-01",
        ] {
            assert_eq!(Context::read(bad), None, "{bad}");
        }
    }

    #[test]
    fn each_incident_has_a_trace_of_its_own_that_stays() {
        let id = |name: &str| IncidentId(name.into());
        assert_eq!(Context::of(&id("a")), Context::of(&id("a")));
        assert_ne!(trace_of(&id("a")), trace_of(&id("b")));
        assert_ne!(span_of(&id("a"), "1"), span_of(&id("a"), "2"));
    }
}
