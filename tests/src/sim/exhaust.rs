//! A crash at every point that a world passes, one world for each.

use super::life::run;
use super::plan::{Event, EventKind, Plan, generate};

/// Whether a process ends by it, at another point than the one that is tried.
fn ends(what: &EventKind) -> bool {
    matches!(what, EventKind::Crash | EventKind::CrashAtPoint(_) | EventKind::Stop(_) | EventKind::Observe(_))
}

/// Runs the seed's world once for each point at which a process may die; the number of points, or
/// the world in which something broke.
pub fn crash_everywhere(seed: u64) -> Result<u64, Box<Plan>> {
    let mut calm = generate(seed);
    calm.events.retain(|event| !ends(&event.what));
    for point in 0.. {
        let mut plan = calm.clone();
        plan.events.insert(0, Event { at_ms: 0, what: EventKind::CrashAtPoint(point) });
        let result = run(&plan, None, false);
        if result.violation.is_some() {
            return Err(Box::new(plan));
        }
        if result.stats.crashes == 0 {
            return Ok(point);
        }
    }
    Ok(0)
}
