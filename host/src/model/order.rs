//! Which endpoint is asked when, and how long one may keep the others waiting. Pure but for the endpoints' state.

use std::time::Duration;

use tokio::time::Instant;

use super::endpoint::Endpoint;
use crate::domain::Incident;

/// The endpoints in the order in which they are asked about an incident: the one that answered its last turn
/// comes first, as long as it can be asked, because what hung before would cost its time again at every turn.
pub(super) fn of<'a>(endpoints: &'a [Endpoint], incident: &Incident, now: Duration) -> Vec<&'a Endpoint> {
    let last = incident.model.turns.last().and_then(|turn| turn.original.as_deref());
    let answered = |endpoint: &&Endpoint| last.is_some_and(|original| original.by == endpoint.label);
    let mut order: Vec<&Endpoint> = endpoints.iter().collect();
    if let Some(place) = order.iter().position(|endpoint| answered(endpoint) && askable(endpoint, now)) {
        let first = order.remove(place);
        order.insert(0, first);
    }
    order
}

/// Whether one of these can be asked.
pub(super) fn any(endpoints: &[&Endpoint], now: Duration) -> bool {
    endpoints.iter().any(|endpoint| askable(endpoint, now))
}

fn askable(endpoint: &Endpoint, now: Duration) -> bool {
    endpoint.circuit.skipped(now).is_none() && endpoint.affordable().is_ok()
}

/// Until when an endpoint may take: its own timeout twice, within the incident's time, of which it leaves the
/// half where another one could be asked.
pub(super) fn deadline(now: Instant, until: Instant, timeout: Duration, others: bool) -> Instant {
    let left = until.saturating_duration_since(now);
    let share = if others { left / 2 } else { left };
    now + share.min(timeout.saturating_mul(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_leaves_half_of_the_time_where_another_is_left() {
        let (now, s) = (Instant::now(), Duration::from_secs);
        for (left, others, want) in
            [(10, true, 5), (10, false, 10), (100, true, 12), (100, false, 12), (0, true, 0), (0, false, 0)]
        {
            assert_eq!(deadline(now, now + s(left), s(6), others), now + s(want), "{left} {others}");
        }
        assert_eq!(deadline(now + s(9), now, s(6), false), now + s(9), "what is over is over");
    }
}
