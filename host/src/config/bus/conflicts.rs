//! What of a connection can never work, or would never end, though each setting by itself is one that there is.

use crate::bus::{Inlet, Publish};
use crate::domain::event::{Pattern, SOURCE as EVENTS};
use crate::plugin::is_servers_own;

/// The first thing that is wrong with what is read and told on one connection.
pub(super) fn conflict(inlet: Option<&Inlet>, publish: Option<&Publish>) -> Option<String> {
    let publish_conflict = publish.and_then(|publish| {
        is_servers_own(&format!("{}.", publish.prefix).to_uppercase()).then(|| {
            format!("publish: prefix {:?} belongs to the server itself; take one such as \"ops\"", publish.prefix)
        })
    });
    publish_conflict.or_else(|| inlet.and_then(read_conflict)).or_else(|| echo(inlet?, publish?))
}

fn read_conflict(inlet: &Inlet) -> Option<String> {
    let subjects = &inlet.subjects;
    if let Some(own) = subjects.iter().find(|subject| is_servers_own(&subject.to_string().to_uppercase())) {
        return Some(format!(
            "subjects: \"{own}\" belongs to the server itself, and no event is published there (subjects are read in lower case)"
        ));
    }
    // Without a stream each is a subscription of its own.
    inlet.stream.as_ref()?;
    let mut pairs =
        subjects.iter().enumerate().flat_map(|(n, one)| subjects.iter().skip(n + 1).map(move |other| (one, other)));
    let (one, other) = pairs.find(|(one, other)| one.overlaps(other))?;
    Some(format!(
        "subjects: \"{one}\" and \"{other}\" overlap, and the server makes no consumer whose subjects overlap; leave one of them out"
    ))
}

/// Two hosts that make an alert of each message, and tell of it where the other one reads, answer each other for ever. Event rules
/// say what is an alert, so that nobody answers by them who does not mean to.
fn echo(inlet: &Inlet, publish: &Publish) -> Option<String> {
    if inlet.source == EVENTS || publish.topics.is_empty() {
        return None;
    }
    let told = Pattern::parse(&format!("{}.clusters.>", publish.prefix)).ok()?;
    let read = inlet.subjects.iter().find(|subject| subject.overlaps(&told))?;
    Some(format!(
        "the source {:?} makes an alert of each message on \"{read}\", where the host itself tells of its incidents ({told}): two hosts \
         would answer each other for ever; read fewer subjects, take another prefix, or have event rules say what is an alert (leave out source)",
        inlet.source
    ))
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Overrides};

    fn parse(text: &str) -> Result<(), String> {
        let text = format!("[[bus.nats]]\nname = 'a'\nservers = ['nats://b']\n{text}\n");
        Config::parse(text, None, &Overrides::default()).map(drop).map_err(|problems| problems.to_string())
    }

    #[test]
    fn what_can_never_work_is_said_in_a_sentence() {
        for (text, part) in [
            ("stream = 'ops'\nsubjects = ['ops.>', 'ops.*.a']", "overlap, and the server makes no consumer"),
            ("stream = 'ops'\nsubjects = ['ops.a', 'ops.b', 'ops.*']", "\"ops.a\" and \"ops.*\" overlap"),
            ("stream = 'ops'\nsubjects = ['$JS.EVENT.>']", "belongs to the server itself"),
            ("publish = { prefix = '$SYS.x' }", "belongs to the server itself"),
            ("publish = { prefix = '_INBOX' }", "belongs to the server itself"),
            ("publish = { prefix = 'ops.>' }", "prefix is what subjects begin with"),
            ("publish = { prefix = 'a b' }", "prefix is what subjects begin with"),
            ("publish = { topics = ['alarms'] }", "`incidents`, `alerts`, `findings`"),
            (
                "stream = 'ops'\nsubjects = ['ops.>']\nsource = 'cloudevents'\npublish = {}",
                "answer each other for ever",
            ),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
        for text in [
            "stream = 'ops'\nsubjects = ['ops.>']\npublish = {}",
            "subjects = ['ops.a', 'ops.*']",
            "stream = 'ops'\nsubjects = ['ops.a', 'ops.b.c.>', 'ops.c.*.d', 'ops.*.x']",
            "stream = 'ops'\nsubjects = ['alerts.>']\nsource = 'cloudevents'\npublish = {}",
            "stream = 'ops'\nsubjects = ['ops.>']\nsource = 'cloudevents'\npublish = { topics = [] }",
        ] {
            assert_eq!(parse(text), Ok(()), "{text}");
        }
    }
}
