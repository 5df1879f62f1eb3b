//! What live incidents are made of stays small: a host holds a hundred thousand of them.

use std::mem::size_of;
use std::sync::Arc;

use super::{Alerts, Conclusion, Incident};
use crate::domain::history::Past;
use crate::domain::{Alert, Decision};

/// The sizes of the allocator's blocks around these: what is one byte larger takes the next one.
const INCIDENT: usize = 320;
const ALERT: usize = 224;
const PAST: usize = 128;
/// Both counts of an `Arc`.
const COUNTS: usize = 2 * size_of::<usize>();

#[test]
fn an_incident_without_actions_fits_its_block() {
    // What few incidents have is behind `Rare` or a box: see there before this bound is raised.
    let held = size_of::<Incident>() + COUNTS;
    assert!(held <= INCIDENT, "an incident takes {held} bytes, more than the block of {INCIDENT}");
    let held = size_of::<Alert>() + COUNTS;
    assert!(held <= ALERT, "an alert takes {held} bytes, more than the block of {ALERT}");
    let held = size_of::<Past>() + COUNTS;
    assert!(held <= PAST, "what policies know of an incident takes {held} bytes, more than the block of {PAST}");
    assert_eq!(size_of::<Alerts>(), 2 * size_of::<usize>());
    assert_eq!(size_of::<Option<Arc<Decision>>>(), size_of::<usize>());
    assert!(size_of::<Option<Conclusion>>() <= 48);
}
