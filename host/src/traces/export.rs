//! What has come to its end is sent, a little later and many at once.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use jiff::Timestamp;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::context::{Context, trace_of};
use super::otlp::{self, Partial};
use super::spans::{self, Span};
use crate::domain::IncidentId;
use crate::domain::text::one_line;
use crate::network::read_capped;
use crate::ports::{Clock, IncidentRecord};
use crate::secret::Secret;

/// What happens within so long is sent together.
const TOGETHER: Duration = Duration::from_secs(1);
/// How long a collector may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long one that does not answer is left alone.
const PAUSE: Duration = Duration::from_secs(30);
/// Bytes of its answer that are read, and of its words that are said.
const ANSWER: usize = 64 << 10;
const WORDS: usize = 300;
/// Incidents that are read for one request; more that have changed meanwhile are given up.
const INCIDENTS: usize = 200;
/// Spans of one request.
const SPANS: usize = 2_000;
/// Incidents of which it is remembered what was sent, and whose senders are.
const REMEMBERED: usize = 10_000;
/// Spans of others that are linked from one incident.
const LINKS: usize = 8;

/// Where entries are read.
pub trait Record: Send + Sync {
    /// An incident with its entries. May block on files.
    fn story(&self, id: &IncidentId) -> Option<IncidentRecord>;
}

/// Where traces go, and what of them has gone.
pub struct Traces {
    client: reqwest::Client,
    url: reqwest::Url,
    authorization: Option<Secret>,
    /// Tells hosts apart that send to one collector.
    instance: String,
    started_at: Timestamp,
    senders: Mutex<Remembered<Vec<Context>>>,
    sent: AtomicU64,
    dropped: AtomicU64,
    rejected: AtomicU64,
    /// The log says already that some are not taken.
    said: AtomicBool,
}

/// The newest so many.
struct Remembered<T> {
    known: BTreeMap<IncidentId, T>,
    order: VecDeque<IncidentId>,
}

impl<T> Default for Remembered<T> {
    fn default() -> Self {
        Self { known: BTreeMap::new(), order: VecDeque::new() }
    }
}

impl<T: Default> Remembered<T> {
    fn of(&mut self, id: &IncidentId) -> &mut T {
        if !self.known.contains_key(id) {
            self.order.push_back(id.clone());
            if self.order.len() > REMEMBERED
                && let Some(oldest) = self.order.pop_front()
            {
                self.known.remove(&oldest);
            }
        }
        self.known.entry(id.clone()).or_default()
    }
}

/// Incidents that have changed, and how many of such are not known any more.
#[derive(Default)]
struct Changed {
    ids: BTreeSet<IncidentId>,
    lost: u64,
}

impl Traces {
    /// Traces go to a collector: its address without `/v1/traces`, and what it wants in `Authorization`.
    pub fn new(
        client: reqwest::Client,
        endpoint: &reqwest::Url,
        authorization: Option<Secret>,
        (instance, started_at): (String, Timestamp),
    ) -> Self {
        let mut url = endpoint.clone();
        url.set_path(&format!("{}/v1/traces", endpoint.path().trim_end_matches('/')));
        let (senders, sent, dropped, rejected, said) = Default::default();
        Self { client, url, authorization, instance, started_at, senders, sent, dropped, rejected, said }
    }

    fn senders(&self) -> MutexGuard<'_, Remembered<Vec<Context>>> {
        self.senders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers the span of whoever sent alerts of these incidents.
    pub fn note_sender(&self, incidents: &[IncidentId], traceparent: Option<&str>) {
        let Some(context) = traceparent.and_then(Context::read) else { return };
        let mut senders = self.senders();
        for id in incidents {
            let known = senders.of(id);
            if known.len() < LINKS && !known.contains(&context) {
                known.push(context);
            }
        }
    }

    /// Sends what comes to its end, for ever.
    pub async fn follow(
        self: Arc<Self>,
        mut changes: broadcast::Receiver<String>,
        record: Arc<dyn Record>,
        clock: Arc<dyn Clock>,
    ) {
        let mut sent: Remembered<Option<usize>> = Remembered::default();
        loop {
            let Some(mut changed) = gathered(&mut changes, clock.sleep(TOGETHER)).await else { return };
            let beyond = changed.ids.len().saturating_sub(INCIDENTS);
            while changed.ids.len() > INCIDENTS {
                changed.ids.pop_last();
            }
            self.dropped.fetch_add(changed.lost + beyond as u64, Ordering::Relaxed);
            let read = Arc::clone(&record);
            let ids = changed.ids;
            let stories = tokio::task::spawn_blocking(move || {
                ids.iter().filter_map(|id| read.story(id)).collect::<Vec<IncidentRecord>>()
            });
            let stories = stories.await.unwrap_or_default();
            let new = self.new_spans(&stories, &mut sent);
            for part in new.chunks(SPANS) {
                if let Some(partial) = self.send(part).await {
                    self.taken(part.len() as u64, &partial);
                    continue;
                }
                self.dropped.fetch_add(part.len() as u64, Ordering::Relaxed);
                // Nothing is read and kept for it meanwhile; what happens is counted and gone.
                clock.sleep(PAUSE).await;
            }
        }
    }

    /// The spans that were not sent, each with its trace; they count as sent from here on.
    fn new_spans(&self, stories: &[IncidentRecord], sent: &mut Remembered<Option<usize>>) -> Vec<([u8; 16], Span)> {
        let mut new = Vec::new();
        for story in stories {
            let id = &story.incident.id;
            let links = self.senders().known.get(id).cloned().unwrap_or_default();
            let known = sent.of(id);
            let trace = trace_of(id);
            let of = spans::of(story, &links).into_iter().filter(|span| match *known {
                Some(entry) => span.entry > entry,
                // What a host of before has sent is not sent again.
                None => span.end >= self.started_at,
            });
            new.extend(of.map(|span| (trace, span)));
            *known = Some(story.entries.len());
        }
        new
    }

    /// What a collector does not take for good is counted, and said once until it takes all again.
    fn taken(&self, count: u64, partial: &Partial) {
        let rejected = partial.rejected.min(count);
        self.sent.fetch_add(count - rejected, Ordering::Relaxed);
        self.rejected.fetch_add(rejected, Ordering::Relaxed);
        let said = self.said.swap(rejected > 0, Ordering::Relaxed);
        if rejected > 0 && !said {
            let why = one_line(&partial.why, WORDS);
            tracing::warn!(
                rejected,
                why,
                "the collector of traces takes only some spans; tidegate_traces_spans_rejected_total goes on counting them"
            );
        }
    }

    /// What it takes of them; none where it takes nothing, which is said.
    async fn send(&self, spans: &[([u8; 16], Span)]) -> Option<Partial> {
        let body = otlp::request(spans.iter().map(|(trace, span)| (trace, span)), &self.instance);
        let request = self.client.post(self.url.clone()).timeout(PATIENCE).json(&body);
        let request = match &self.authorization {
            Some(secret) => request.header("authorization", secret.expose()),
            None => request,
        };
        let why = match request.send().await {
            // An answer that cannot be read objects to nothing.
            Ok(answer) if answer.status().is_success() => {
                let body = read_capped(answer, ANSWER).await.unwrap_or_default();
                return Some(otlp::partial(&body));
            }
            Ok(answer) => format!("it answers {}", answer.status()),
            Err(error) => crate::network::describe(error),
        };
        tracing::warn!("the collector of traces does not take them: {why}; it is left alone for {} s", PAUSE.as_secs());
        None
    }

    /// Counters as Prometheus text.
    pub fn metrics(&self) -> String {
        let mut text = String::new();
        let rows = [
            ("tidegate_traces_spans_sent_total", "Spans that a collector took.", &self.sent),
            (
                "tidegate_traces_dropped_total",
                "Spans, or changes of incidents, that no collector was told of.",
                &self.dropped,
            ),
            (
                "tidegate_traces_spans_rejected_total",
                "Spans that a collector was told of and did not take.",
                &self.rejected,
            ),
        ];
        for (name, help, value) in rows {
            let value = value.load(Ordering::Relaxed);
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} counter\n{name} {value}");
        }
        text
    }
}

/// What changes from the next change on until a time has passed; none when there will be no more.
async fn gathered(changes: &mut broadcast::Receiver<String>, until: BoxFuture<'_, ()>) -> Option<Changed> {
    let mut changed = Changed::default();
    let mut take = |change: Result<String, RecvError>| match change {
        Ok(id) => {
            changed.ids.insert(IncidentId(id.into()));
            true
        }
        Err(RecvError::Lagged(lost)) => {
            changed.lost += lost;
            true
        }
        Err(RecvError::Closed) => false,
    };
    if !take(changes.recv().await) {
        return None;
    }
    let mut until = until;
    loop {
        tokio::select! {
            biased;
            () = &mut until => return Some(changed),
            change = changes.recv() => if !take(change) { return Some(changed) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_collector_does_not_take_is_counted_and_not_said_to_be_sent() {
        let endpoint = "http://127.0.0.1:9".parse().unwrap();
        let client = crate::network::builder().build().unwrap();
        let traces = Traces::new(client, &endpoint, None, ("here".into(), Timestamp::UNIX_EPOCH));
        let partial = |rejected| Partial { rejected, why: "too old".into() };
        traces.taken(5, &partial(0));
        traces.taken(5, &partial(2));
        assert!(traces.said.load(Ordering::Relaxed));
        // A collector may say any number.
        traces.taken(5, &partial(u64::MAX));
        traces.taken(5, &partial(0));
        assert!(!traces.said.load(Ordering::Relaxed), "the next time is news again");
        let text = traces.metrics();
        for row in ["tidegate_traces_spans_sent_total 13", "tidegate_traces_spans_rejected_total 7"] {
            assert!(text.contains(row), "{text}");
        }
    }
}
