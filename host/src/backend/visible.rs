//! What of a list somebody may see: lists go through here, so that places bound what is listed as they bound what is looked at,
//! and what is looked at for one page has a bound.

use super::{Cancellation, Filter, Records};
use crate::domain::{Access, Incident, Permission};

/// Incidents that are looked at for one page.
const LOOKED_AT: usize = 5_000;
/// And so many at a time.
const AT_ONCE: usize = 500;

/// Some of a list.
#[derive(Debug, Default)]
pub struct IncidentPage {
    /// The incidents.
    pub incidents: Vec<Incident>,
    /// Behind which one the next part begins; none where nothing is left. There may be more although this part has fewer than
    /// were wanted, or none.
    pub next: Option<String>,
}

/// Whether somebody may look at an incident.
pub fn can_see(access: &Access, incident: &Incident) -> bool {
    access.may_on_incident(Permission::Look, incident)
}

/// The incidents of a list that somebody may look at, as many as are wanted.
///
/// # Errors
/// When they cannot be read.
pub fn list(
    records: &dyn Records,
    filter: &Filter,
    access: &Access,
    cancellation: &Cancellation,
) -> Result<IncidentPage, String> {
    if access.is_bound() {
        return those(records, filter, cancellation, |incident| can_see(access, incident));
    }
    let one_more = Filter { limit: filter.limit.saturating_add(1), ..filter.clone() };
    let mut incidents = records.list(&one_more, cancellation)?;
    let more = incidents.len() > filter.limit;
    incidents.truncate(filter.limit);
    let next = incidents.last().filter(|_| more).map(|incident| incident.id.to_string());
    Ok(IncidentPage { incidents, next })
}

/// The incidents of a list that are wanted, which no index says.
///
/// # Errors
/// When they cannot be read.
pub fn those(
    records: &dyn Records,
    filter: &Filter,
    cancellation: &Cancellation,
    wanted: impl Fn(&Incident) -> bool,
) -> Result<IncidentPage, String> {
    let mut part = IncidentPage { incidents: Vec::new(), next: filter.before.clone() };
    let mut looked = 0;
    loop {
        let some = Filter { limit: AT_ONCE, before: part.next.clone(), ..filter.clone() };
        let listed = records.list(&some, cancellation)?;
        let whole = listed.len() < AT_ONCE;
        for incident in listed {
            let wanted = wanted(&incident);
            if wanted && part.incidents.len() >= filter.limit {
                part.next = part.incidents.last().map(|last| last.id.to_string());
                return Ok(part);
            }
            looked += 1;
            part.next = Some(incident.id.to_string());
            part.incidents.extend(wanted.then_some(incident));
        }
        if whole || cancellation.is_cancelled() {
            part.next = None;
            return Ok(part);
        }
        if looked >= LOOKED_AT {
            return Ok(part);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::backend::fake::Fake;
    use crate::domain::knowledge::{Knowledge, SearchResults};
    use crate::domain::{Entry, Fact, Grant, IncidentId, Role, Scope};
    use crate::ports::IncidentRecord;

    #[test]
    fn a_list_shows_what_is_within_and_nothing_else() {
        let (fake, filter) = (Fake::default(), Filter { limit: 2, ..Filter::default() });
        let seen = |access: &Access| {
            let part = list(&fake, &filter, access, &Cancellation::default()).unwrap();
            (part.incidents.len(), part.next)
        };
        assert_eq!(seen(&Access::of(Role::Viewer)), (2, Some("i-a2".into())));
        // Their alerts say nothing of where they are.
        let bounds = Scope { namespace: Some("*".into()), ..Scope::default() };
        assert_eq!(seen(&Access::new([Grant { role: Role::Admin, bounds }])), (0, None));
        assert_eq!(seen(&Access::default()), (0, None));
    }

    /// Many incidents, of which every thousandth is wanted, and how many were read.
    struct Many(AtomicUsize);

    fn number(incident: &Incident) -> usize {
        incident.id.0.trim_start_matches('i').parse().unwrap()
    }

    impl Records for Many {
        fn list(&self, filter: &Filter, _: &Cancellation) -> Result<Vec<Incident>, String> {
            let from = filter.before.as_deref().map_or(20_000, |id| id.trim_start_matches('i').parse().unwrap());
            let incident = |n: usize| {
                let opened = Fact::Opened { group_key: "g".into(), source: "s".into(), alerts: Vec::new() };
                let entry = Entry { at: jiff::Timestamp::UNIX_EPOCH, fact: opened };
                Incident::open(IncidentId(format!("i{n:05}").into()), &entry).unwrap()
            };
            let listed: Vec<Incident> = (0..from).rev().take(filter.limit).map(incident).collect();
            self.0.fetch_add(listed.len(), Ordering::Relaxed);
            Ok(listed)
        }

        fn incident(&self, _: &str) -> Result<Option<Incident>, String> {
            Ok(None)
        }

        fn story(&self, _: &str) -> Result<Option<IncidentRecord>, String> {
            Ok(None)
        }

        fn search(&self, _: &str, _: usize) -> Result<SearchResults, String> {
            Ok(SearchResults::default())
        }

        fn known_about(&self, _: &str) -> Result<Option<Knowledge>, String> {
            Ok(None)
        }
    }

    #[test]
    fn what_is_looked_at_for_one_part_has_a_bound_and_nothing_is_lost() {
        let many = Many(AtomicUsize::new(0));
        let wanted = |incident: &Incident| number(incident).is_multiple_of(1_000);
        let (mut filter, mut found) = (Filter { limit: 3, ..Filter::default() }, Vec::new());
        loop {
            let before = many.0.load(Ordering::Relaxed);
            let part = those(&many, &filter, &Cancellation::default(), wanted).unwrap();
            assert!(many.0.load(Ordering::Relaxed) - before <= LOOKED_AT);
            assert!(part.incidents.len() <= 3);
            found.extend(part.incidents.iter().map(number));
            filter.before = part.next;
            if filter.before.is_none() {
                break;
            }
        }
        assert_eq!(found, (0..20).rev().map(|n| n * 1_000).collect::<Vec<_>>());
        // Of what nobody may see it is said, part by part, that there may be more.
        let none =
            those(&many, &Filter { limit: 3, ..Filter::default() }, &Cancellation::default(), |_| false).unwrap();
        assert!(none.incidents.is_empty() && none.next.as_deref() == Some("i15000"), "{none:?}");
    }
}
