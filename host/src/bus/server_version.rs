//! What settings need of a server that an older one does not have: it takes the setting, passes over it and says nothing.

use async_nats::Client;

use super::{Settings, Status, Stream};

type Version = (u64, u64, u64);

/// Several filters of one consumer, as the host makes it for several subjects.
const SEVERAL_FILTERS: Version = (2, 10, 0);

impl Settings {
    /// What of it a server of this version passes over; none where that is nothing. One whose version cannot be read is as good
    /// as new.
    fn too_old(&self, version: &str) -> Option<String> {
        let running = parse(version)?;
        let inlet = self.inlet.as_ref()?;
        let makes_consumer = matches!(inlet.stream, Some(Stream { create: true, .. }));
        if !makes_consumer || inlet.subjects.len() < 2 || running >= SEVERAL_FILTERS {
            return None;
        }
        let (major, minor, _) = SEVERAL_FILTERS;
        Some(format!(
            "its server is of version {version}, and several `subjects` of a stream take {major}.{minor} or newer: it sends the whole \
             stream, and the host leaves out what was not asked for; update the server, or name one subject that holds them all"
        ))
    }
}

/// Looks at the server that the host is connected to now, and says what it is too old for. Whether it is for anything.
pub(super) fn check(settings: &Settings, status: &Status, client: &Client) -> bool {
    let too_old = settings.too_old(&client.server_info().version);
    let is_too_old = too_old.is_some();
    status.server_too_old(too_old);
    is_too_old
}

/// The numbers of a version. What precedes a release counts as that release.
fn parse(version: &str) -> Option<Version> {
    let numbers = version.trim_start_matches('v').split(['-', '+']).next()?;
    let mut numbers = numbers.split('.').map(str::parse);
    match (numbers.next()?, numbers.next()?, numbers.next()?) {
        (Ok(major), Ok(minor), Ok(patch)) => Some((major, minor, patch)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bus::{Inlet, Login, Tls};
    use crate::domain::event::Pattern;

    fn settings(subjects: &[&str], create: Option<bool>) -> Settings {
        let subjects = subjects.iter().map(|subject| Pattern::parse(subject).unwrap()).collect();
        let stream = create.map(|create| Stream { name: "ops".into(), durable: "d".into(), create, from_start: false });
        let inlet = Inlet { stream, subjects, queue: None, source: "events".into(), cluster: String::new() };
        Settings {
            name: "ops".into(),
            servers: Vec::new(),
            endpoint: None,
            login: Login::Open,
            tls: Tls::default(),
            domain: None,
            discover: false,
            identity: "ops".into(),
            inlet: Some(inlet),
            publish: None,
        }
    }

    #[test]
    fn several_subjects_of_a_stream_take_a_server_that_knows_them() {
        let several = settings(&["ops.a", "ops.b"], Some(true));
        for (version, old) in [
            ("2.9.10", true),
            ("v2.9.25-RC.1", true),
            ("2.10.0", false),
            ("2.15.1", false),
            ("3.0.0", false),
            ("", false),
        ] {
            assert_eq!(several.too_old(version).is_some(), old, "{version}");
        }
        assert!(several.too_old("2.9.10").unwrap().contains("2.10"));
        for (subjects, create) in
            [(&["ops.>"][..], Some(true)), (&["ops.a", "ops.b"], Some(false)), (&["a", "b"], None)]
        {
            assert_eq!(settings(subjects, create).too_old("2.9.10"), None, "{subjects:?} {create:?}");
        }
    }
}
