//! Finds the host's place in a stream: the stream by its name, and its own consumer, which it makes where that is wanted.
//!
//! The stream is somebody else's. It is never made, changed or deleted, and a consumer that is there is taken as it is; what
//! it does otherwise than it should is said.

use std::time::Duration;

use async_nats::Client;
use async_nats::jetstream::consumer::pull::Config;
use async_nats::jetstream::consumer::{AckPolicy, Consumer, DeliverPolicy, Info};
use async_nats::jetstream::context::{ConsumerInfoErrorKind, GetStreamErrorKind};
use async_nats::jetstream::{self, ErrorCode};

use super::checkpoint::{Checkpoint, StartAt, start_at};
use super::status::MessageOutcome;
use super::{Bus, Inlet, Stream, server_version};
use crate::domain::event::Pattern;

/// How long the server waits for an acknowledgement before it sends a message again.
const ACK_WAIT: Duration = Duration::from_secs(30);
/// Messages that may be unacknowledged: as many as may wait for what they sent on.
const IN_FLIGHT: i64 = 2_000;

/// The place in a stream.
pub(super) struct AttachedConsumer {
    /// The consumer.
    pub handle: Consumer<Config>,
    /// When the stream was made.
    pub stream_created: String,
    /// All up to this message was acknowledged.
    pub floor: u64,
}

/// Finds it.
///
/// # Errors
/// Why it is not there; it is looked for again.
pub(super) async fn attach(bus: &Bus, client: &Client, inlet: &Inlet, of: &Stream) -> Result<AttachedConsumer, String> {
    let context = match &bus.settings.domain {
        Some(domain) => jetstream::with_domain(client.clone(), domain),
        None => jetstream::new(client.clone()),
    };
    let stream = context.get_stream(&of.name).await.map_err(|error| match error.kind() {
        GetStreamErrorKind::JetStream(error) if error.error_code() == ErrorCode::STREAM_NOT_FOUND => {
            format!("there is no stream {:?} on the server; it is waited for, because nobody but you makes it", of.name)
        }
        GetStreamErrorKind::JetStream(error) => format!("the stream {:?}: {error}", of.name),
        _ => {
            format!("the server does not answer for streams; is JetStream switched on, and the domain right? ({error})")
        }
    })?;
    let info = stream.cached_info();
    let unmatched = unmatched(&info.config, &inlet.subjects);
    let created = info.created.unix_timestamp_nanos().to_string();
    let checkpoint = bus.checkpoint();
    let found = match stream.consumer_info(&of.durable).await {
        Ok(_) => true,
        Err(error) if matches!(error.kind(), ConsumerInfoErrorKind::NotFound) => false,
        Err(error) => return Err(format!("the consumer {:?}: {error}", of.durable)),
    };
    let consumer: Consumer<Config> = if found {
        stream.get_consumer(&of.durable).await.map_err(|error| format!("the consumer {:?}: {error}", of.durable))?
    } else if of.create {
        let from = start_at(checkpoint.as_ref(), &created, of.from_start);
        tracing::info!(bus = bus.settings.name, stream = of.name, durable = of.durable, ?from, "a consumer is made");
        let made = stream.create_consumer(consumer_config(inlet, of, from)).await;
        made.map_err(|error| {
            let why = unmatched.clone().unwrap_or_else(|| error.to_string());
            format!("the consumer {:?} cannot be made: {why}", of.durable)
        })?
    } else {
        return Err(format!(
            "the stream {:?} has no consumer {:?}; make it, or set create_consumer = true",
            of.name, of.durable
        ));
    };
    let granted = consumer.cached_info();
    let too_old = server_version::check(&bus.settings, &bus.status, client);
    let deviations: Vec<String> = unmatched.into_iter().chain(deviations(granted, inlet, too_old)).collect();
    bus.status.consumer_deviates((!deviations.is_empty()).then(|| deviations.join("; ")));
    let floor = granted.ack_floor.stream_sequence;
    let first = info.state.first_sequence;
    // What was let go before the first start is nobody's loss.
    if checkpoint.as_ref().is_some_and(|checkpoint| checkpoint.created == created)
        && first > floor + 1
        && granted.num_pending > 0
    {
        let count = first - floor - 1;
        bus.status.add(MessageOutcome::Expired, count);
        tracing::warn!(
            bus = bus.settings.name,
            count,
            "the stream has let messages go before they were read: up to so many, of all subjects"
        );
    }
    bus.save_checkpoint(&Checkpoint { created: created.clone(), floor }).await;
    Ok(AttachedConsumer { stream_created: created, floor, handle: consumer })
}

fn consumer_config(inlet: &Inlet, of: &Stream, from: StartAt) -> Config {
    let subjects: Vec<String> = inlet.subjects.iter().map(ToString::to_string).collect();
    let (one, several) = match <[String; 1]>::try_from(subjects) {
        Ok([one]) => (one, Vec::new()),
        Err(several) => (String::new(), several),
    };
    Config {
        durable_name: Some(of.durable.clone()),
        name: Some(of.durable.clone()),
        description: Some("tidegate reads events".into()),
        deliver_policy: match from {
            StartAt::All => DeliverPolicy::All,
            StartAt::New => DeliverPolicy::New,
            StartAt::Sequence(start_sequence) => DeliverPolicy::ByStartSequence { start_sequence },
        },
        ack_policy: AckPolicy::Explicit,
        ack_wait: ACK_WAIT,
        max_deliver: -1,
        max_ack_pending: IN_FLIGHT,
        filter_subject: one,
        filter_subjects: several,
        ..Config::default()
    }
}

/// Which subjects are asked for that no message of the stream has. Of a stream that takes its messages from other ones, or changes
/// their subjects, nobody knows that.
fn unmatched(stream: &jetstream::stream::Config, subjects: &[Pattern]) -> Option<String> {
    let from_elsewhere = stream.mirror.is_some() || stream.sources.is_some() || stream.subject_transform.is_some();
    if from_elsewhere || stream.subjects.is_empty() {
        return None;
    }
    let kept: Vec<Pattern> =
        stream.subjects.iter().filter_map(|subject| Pattern::parse(&subject.to_lowercase()).ok()).collect();
    let unmatched = subjects.iter().filter(|subject| !kept.iter().any(|kept| kept.overlaps(subject)));
    let unmatched: Vec<String> = unmatched.map(ToString::to_string).collect();
    (!unmatched.is_empty()).then(|| {
        format!(
            "the stream {:?} keeps {}, so that no message of it has a subject {}: correct `subjects`",
            stream.name,
            stream.subjects.join(", "),
            unmatched.join(", ")
        )
    })
}

/// What a consumer does otherwise than it should, but for what its server is too old for.
fn deviations(granted: &Info, inlet: &Inlet, too_old: bool) -> Option<String> {
    let config = &granted.config;
    let mut found = Vec::new();
    let filters: Vec<&str> = config
        .filter_subjects
        .iter()
        .chain(Some(&config.filter_subject))
        .map(String::as_str)
        .filter(|f| !f.is_empty())
        .collect();
    if !(too_old && filters.is_empty()) {
        found.extend(missing_subjects(&filters, &inlet.subjects));
    }
    if config.ack_policy != AckPolicy::Explicit {
        found.push("the consumer does not wait for acknowledgements of each message: a crash may lose some".into());
    }
    if config.headers_only {
        found.push("the consumer sends headers alone, so that nothing can be read".into());
    }
    if config.max_deliver > 0 {
        found.push(format!("the consumer gives a message up after {} attempts", config.max_deliver));
    }
    if config.deliver_subject.is_some() {
        found.push("the consumer pushes; the host needs one that is pulled from".into());
    }
    (!found.is_empty()).then(|| found.join("; "))
}

/// What a consumer with these filters sends otherwise than it was asked for.
fn missing_subjects(filters: &[&str], subjects: &[Pattern]) -> Option<String> {
    if filters.is_empty() {
        let text = "the consumer sends the whole stream, and the host leaves out what was not asked for";
        return (!subjects.is_empty()).then(|| text.into());
    }
    let sent = filters.join(", ");
    if subjects.is_empty() {
        return Some(format!("the consumer sends {sent} alone"));
    }
    // One that sends more than that sends that as well.
    let covers = |filter: &str, subject: &str| {
        let within = Pattern::parse(&filter.to_lowercase()).is_ok_and(|filter| filter.matches(subject));
        within && (filter.ends_with('>') || !subject.ends_with('>'))
    };
    let missing = subjects.iter().map(ToString::to_string);
    let missing: Vec<String> = missing.filter(|one| !filters.iter().any(|filter| covers(filter, one))).collect();
    (!missing.is_empty()).then(|| format!("the consumer sends {sent} alone, and not {}", missing.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_that_no_message_of_the_stream_can_have_are_named() {
        let said = |kept: &[&str], subjects: &[&str]| {
            let subjects: Vec<Pattern> = subjects.iter().map(|subject| Pattern::parse(subject).unwrap()).collect();
            let kept = kept.iter().map(ToString::to_string).collect();
            let stream = jetstream::stream::Config { name: "ops".into(), subjects: kept, ..Default::default() };
            unmatched(&stream, &subjects).unwrap_or_default()
        };
        for (kept, subjects) in [
            (&["Ops.>"][..], &["ops.clusters.>", "ops.a"][..]),
            (&["ops.*.a"], &["ops.b.*"]),
            (&["ops.>"], &[]),
            (&[], &["x"]),
        ] {
            assert_eq!(said(kept, subjects), "", "{kept:?} {subjects:?}");
        }
        let text = said(&["ops.>"], &["op.>", "ops.a", "ops"]);
        assert!(text.contains("keeps ops.>") && text.contains("a subject op.>, ops:"), "{text}");
    }

    #[test]
    fn what_a_consumer_of_others_does_not_send_is_named_and_nothing_else() {
        let said = |filters: &[&str], subjects: &[&str]| {
            let subjects: Vec<Pattern> = subjects.iter().map(|subject| Pattern::parse(subject).unwrap()).collect();
            missing_subjects(filters, &subjects).unwrap_or_default()
        };
        for (filters, subjects) in [
            (&["ops.>"][..], &["ops.>"][..]),
            (&["Ops.>"], &["ops.clusters.>", "ops.a"]),
            (&["ops.*.a", "ops.b"], &["ops.*.a", "ops.b"]),
            (&[], &[]),
        ] {
            assert_eq!(said(filters, subjects), "", "{filters:?} {subjects:?}");
        }
        for (filters, subjects, part) in [
            (&["ops.*"][..], &["ops.>"][..], "and not ops.>"),
            (&["ops.a"], &["ops.*"], "and not ops.*"),
            (&["ops.a", "ops.b"], &["ops.a", "ops.c"], "sends ops.a, ops.b alone, and not ops.c"),
            (&["ops.a"], &[], "sends ops.a alone"),
            (&[], &["ops.a"], "the whole stream"),
        ] {
            assert!(said(filters, subjects).contains(part), "{filters:?} {subjects:?}: {}", said(filters, subjects));
        }
    }
}
