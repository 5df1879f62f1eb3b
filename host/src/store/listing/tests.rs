//! Live incidents by their facets.

use super::*;
use crate::domain::{Entry, Fact, Outcome};

fn incident(id: &str, source: &str) -> Incident {
    let opened = Fact::Opened { group_key: "g".into(), source: source.into(), alerts: Vec::new() };
    Incident::open(IncidentId(id.into()), &Entry { at: Timestamp::UNIX_EPOCH, fact: opened }).unwrap()
}

fn conclude(incident: &mut Incident) {
    let fact = Fact::Concluded { outcome: Outcome::Suppressed, reason: String::new() };
    incident.apply(&Entry { at: Timestamp::UNIX_EPOCH, fact });
}

fn found(listing: &Listing, wanted: &FacetFilter, range: &Range, limit: usize) -> String {
    let found = listing.newest(wanted, range, limit);
    found.iter().map(|id| &*id.0).collect::<Vec<_>>().join(" ")
}

#[test]
fn an_incident_stands_where_it_is_and_nowhere_else() {
    let mut listing = Listing::default();
    let (mut one, two) = (incident("i1", "a"), incident("i2", "b"));
    listing.note(&one);
    listing.note(&two);
    listing.note(&two);
    let (any, ever) = (FacetFilter::default(), Range::default());
    let open = FacetFilter { state: Some(State::Open), ..any.clone() };
    let suppressed = FacetFilter { outcome: Some(Outcome::Suppressed), ..any.clone() };
    assert_eq!(found(&listing, &any, &ever, 9), "i2 i1");
    assert_eq!(found(&listing, &any, &ever, 1), "i2");
    assert_eq!(found(&listing, &any, &ever.clone().before("i2"), 9), "i1");
    assert_eq!(found(&listing, &FacetFilter { source: Some("a".into()), ..any.clone() }, &ever, 9), "i1");
    assert_eq!(found(&listing, &open, &ever, 9), "i2 i1");
    conclude(&mut one);
    listing.note(&one);
    assert_eq!(found(&listing, &open, &ever, 9), "i2");
    assert_eq!(found(&listing, &suppressed, &ever, 9), "i1");
    assert_eq!(listing.decided.values().map(|hour| hour.all).sum::<u64>(), 1);
    listing.note(&one);
    assert_eq!(listing.decided.values().map(|hour| hour.all).sum::<u64>(), 1, "counted twice");
    listing.forget(&one.id);
    assert_eq!(found(&listing, &any, &ever, 9), "i2");
    assert_eq!(listing.decided.values().map(|hour| hour.all).sum::<u64>(), 1, "it was decided all the same");
    listing.forget(&two.id);
    assert!(listing.by_facets.is_empty() && listing.facets.is_empty());
}

#[test]
fn what_is_live_after_a_start_is_counted_once() {
    let mut one = incident("i1", "a");
    conclude(&mut one);
    let mut listing = Listing::default();
    listing.count(&[Past::of(&one), Past::of(&incident("i2", "a"))]);
    listing.restore(&one);
    listing.note(&one);
    let decided: Vec<(u64, u64)> = listing.decided.values().map(|hour| (hour.all, hour.by_rule)).collect();
    assert_eq!(decided, [(1, 0)]);
    assert_eq!(listing.decided.values().map(|hour| hour.by_outcome.iter().sum::<u64>()).sum::<u64>(), 1);
}
