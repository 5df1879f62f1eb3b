//! What fires now, with the silences that cover it.

use std::cell::LazyCell;
use std::cmp::{Ordering, Reverse};
use std::collections::HashMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use super::App;
use super::alert_expiry::{RESOLVE_TIMEOUT, SOURCE};
use crate::backend::Cancellation;
use crate::backend::alerts::{AlertPage, AlertQuery, Alerts, LiveAlert, SortOrder};
use crate::domain::matcher::{all_match, label};
use crate::domain::{Access, Alert, Incident, Labels, Matcher, Permission, Severity, Silences, Verdict};

/// Values of a label that are told with their counts.
const VALUES: usize = 30;

/// A name in the form of a UUID for what a policy calls otherwise: always the same for the same word.
fn uuid(word: &str) -> String {
    let hash = Sha256::digest(word.as_bytes());
    let hex = hex::encode(hash.get(..16).unwrap_or_default());
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-5{}-a{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}

/// The silence or inhibition of a policy that holds an incident back.
fn held_back(incident: &Incident) -> Option<&str> {
    let decision = incident.decision.as_ref();
    let holds = decision.filter(|decision| matches!(decision.verdict, Verdict::Hold { .. } | Verdict::Suppress));
    let rule = holds.and_then(|decision| decision.rule.as_deref());
    rule.filter(|rule| rule.starts_with("silence:") || rule.starts_with("inhibit:"))
}

/// What is the same for all alerts that are told at once.
struct Telling {
    now: Timestamp,
    elapsed: std::time::Duration,
    silences: Arc<Silences>,
    access: Access,
}

impl Telling {
    fn sees(&self, alert: &Alert) -> bool {
        self.access.may_on_alert(Permission::Look, alert)
    }

    /// Whether whoever asks may look at all of an incident.
    fn names(&self, incident: &Incident) -> bool {
        !self.access.is_bound() || self.access.may_on_incident(Permission::Look, incident)
    }
}

impl App {
    fn telling(&self, access: &Access) -> Telling {
        let (clock, store) = (&self.services.clock, &self.services.store);
        Telling { now: clock.now(), elapsed: clock.elapsed(), silences: store.silences(), access: access.clone() }
    }

    fn live_alert(&self, incident: &Incident, alert: &Alert, group: Labels, telling: &Telling) -> LiveAlert {
        let Telling { now, elapsed, silences, .. } = telling;
        let named = telling.names(incident);
        let held_by = held_back(incident).map(str::to_string);
        let by = |kind: &str| held_by.as_deref().filter(|rule| rule.starts_with(kind)).map(uuid);
        let (silence, inhibition) = (by("silence:"), by("inhibit:"));
        let left = self.pushed.left(alert, *elapsed).filter(|_| alert.source == SOURCE);
        let left = left.and_then(|left| SignedDuration::try_from(left).ok()).unwrap_or(RESOLVE_TIMEOUT);
        let covering = silences.of_alert(alert, *now).map(|silence| silence.id.to_string());
        LiveAlert {
            starts_at: alert.starts_at.unwrap_or(incident.opened_at),
            updated_at: incident.updated_at,
            ends_at: now.saturating_add(left).unwrap_or(Timestamp::MAX),
            incident: if named { incident.id.to_string() } else { String::new() },
            group,
            silenced_by: covering.chain(silence).collect(),
            inhibited_by: inhibition.into_iter().collect(),
            held_by,
            alert: alert.clone(),
        }
    }
}

/// The first of many in an order: finding them costs less than sorting all.
fn first<T>(mut all: Vec<T>, count: usize, order: impl Fn(&T, &T) -> Ordering) -> Vec<T> {
    if count == 0 {
        all.clear();
    } else if count < all.len() {
        all.select_nth_unstable_by(count - 1, &order);
        all.truncate(count);
    }
    all.sort_unstable_by(order);
    all
}

/// An alert that passes, before more is asked about it.
struct Passing<'a> {
    incident: &'a Incident,
    alert: &'a Alert,
    /// The incident's name; empty where whoever asks may not look at all of that.
    name: &'a str,
}

impl Passing<'_> {
    /// As [`LiveAlert::place`] names it.
    fn place(&self) -> (&str, &str, &str) {
        (self.name, &self.alert.source, &self.alert.fingerprint)
    }

    fn rank(&self) -> (Reverse<Severity>, Reverse<Timestamp>) {
        (Reverse(self.alert.severity), Reverse(self.alert.starts_at.unwrap_or(self.incident.opened_at)))
    }
}

impl Alerts for App {
    fn live_alerts(&self, access: &Access, matchers: &[Matcher]) -> Vec<LiveAlert> {
        let telling = self.telling(access);
        let mut all = Vec::new();
        for incident in self.services.store.all().iter().filter(|incident| incident.closed.is_none()) {
            let group = LazyCell::new(|| incident.labels());
            let seen = incident.firing().filter(|alert| telling.sees(alert) && all_match(matchers, alert));
            all.extend(seen.map(|alert| self.live_alert(incident, alert, group.clone(), &telling)));
        }
        all
    }

    fn firing(&self, wanted: &AlertQuery, cancellation: &Cancellation) -> AlertPage {
        let (telling, incidents) = (self.telling(&wanted.access), self.services.store.all());
        let (mut passing, mut of) = (Vec::new(), 0);
        let mut values: HashMap<&str, usize> = HashMap::new();
        for incident in incidents.iter().filter(|incident| incident.closed.is_none()) {
            if cancellation.is_cancelled() {
                return AlertPage::default();
            }
            let by_policy = held_back(incident).is_some();
            let name = if telling.names(incident) { &*incident.id.0 } else { "" };
            for alert in incident.firing().filter(|alert| telling.sees(alert)) {
                of += 1;
                let held = || by_policy || telling.silences.of_alert(alert, telling.now).next().is_some();
                let passes = wanted.severity.is_none_or(|severity| severity == alert.severity)
                    && all_match(&wanted.matchers, alert)
                    && wanted.held.is_none_or(|wanted| wanted == held());
                if passes {
                    if !wanted.by.is_empty() {
                        *values.entry(label(alert, &wanted.by)).or_default() += 1;
                    }
                    passing.push(Passing { incident, alert, name });
                }
            }
        }
        let (count, shown) = (passing.len(), wanted.skip.saturating_add(wanted.most));
        let passing = match &wanted.order {
            SortOrder::Worst => {
                first(passing, shown, |a, b| a.rank().cmp(&b.rank()).then_with(|| a.place().cmp(&b.place())))
            }
            SortOrder::Place(after) => {
                let mut passing = passing;
                if let Some(after) = after {
                    let mut parts = after.splitn(3, ' ').map(str::to_string);
                    let mut part = || parts.next().unwrap_or_default();
                    let after = (part(), part(), part());
                    passing.retain(|one| one.place() > (after.0.as_str(), after.1.as_str(), after.2.as_str()));
                }
                first(passing, shown, |a, b| a.place().cmp(&b.place()))
            }
        };
        let mut values: Vec<(String, usize)> =
            values.into_iter().map(|(value, count)| (value.to_string(), count)).collect();
        values.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let more_values = values.len().saturating_sub(VALUES);
        values.truncate(VALUES);
        let one = |one: Passing<'_>| self.live_alert(one.incident, one.alert, one.incident.labels(), &telling);
        let alerts = passing.into_iter().skip(wanted.skip).map(one).collect();
        AlertPage { alerts, count, of, values, more_values }
    }

    fn started_at(&self) -> Timestamp {
        self.started_at
    }
}

#[cfg(test)]
mod tests {
    use super::first;

    #[test]
    fn the_first_of_many_are_those_of_all_that_are_sorted() {
        for count in 0..8 {
            let found = first(vec![5, 1, 4, 1, 3, 9], count, |a: &i32, b: &i32| a.cmp(b));
            assert_eq!(found, [1, 1, 3, 4, 5, 9][..count.min(6)], "{count}");
        }
    }
}
