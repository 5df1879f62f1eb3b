//! Rules about events that cannot be meant: behind one that takes everything, alerts that nothing ends, ends of alerts
//! that nobody raises.

use std::collections::BTreeSet;

use super::{Finding, covering, covers, finding, hint};
use crate::policy::index::Index;
use crate::policy::items::{EventRule, Means, Raises, When};
use crate::policy::set::Set;

/// Reads all of them.
pub(super) fn events(set: &Set, findings: &mut Vec<Finding>) {
    let rules = &set.items.events;
    shadowed(rules, findings);
    let ended: BTreeSet<&str> = rules.iter().filter_map(over).flatten().map(String::as_str).collect();
    let computed = rules.iter().any(|rule| matches!(rule.means, Means::Alert { raises: Raises::Closure(_), .. }));
    let mut raised: BTreeSet<&str> = BTreeSet::new();
    for rule in rules {
        let Means::Alert { raises: Raises::Fixed(alert), .. } = &rule.means else { continue };
        raised.insert(&alert.name);
        // What has a fingerprint of its own is not found by its object.
        let ends = alert.ends_after.is_some() || alert.fingerprint.is_none() && ended.contains(alert.name.as_str());
        if !ends {
            let (name, alert) = (&rule.meta.name, &alert.name);
            findings.push(finding(
                &rule.meta,
                format!(
                    "event `{name}`: nothing ends its alert `{alert}`; add ends_after: \"30m\", or an event rule with resolve: \"{alert}\""
                ),
            ));
        }
    }
    for rule in rules.iter().filter(|_| !computed) {
        for alert in over(rule).into_iter().flatten().filter(|alert| !raised.contains(alert.as_str())) {
            let name = &rule.meta.name;
            findings.push(hint(&rule.meta, format!("event `{name}` ends `{alert}`, which no event rule raises")));
        }
    }
}

fn over(rule: &EventRule) -> Option<&Vec<String>> {
    if let Means::Over(names) = &rule.means { Some(names) } else { None }
}

/// Whether it decides about everything that its `on` takes.
fn decides(rule: &EventRule) -> bool {
    let says = match &rule.means {
        Means::Nothing => true,
        Means::Alert { raises, and_continue, .. } => matches!(raises, Raises::Fixed(_)) && !and_continue,
        Means::Over(_) | Means::Forward(_) => false,
    };
    says && matches!(rule.when, When::Always)
}

fn shadowed(rules: &[EventRule], findings: &mut Vec<Finding>) {
    let blocking = (0u32..).zip(rules).filter(|(_, rule)| decides(rule));
    let index = Index::new(blocking.map(|(id, rule)| (id, &rule.on)));
    for (later, rule) in rules.iter().enumerate().filter(|(_, rule)| rule.means.decides()) {
        let first = covering(&index, rules, later, &rule.on, |first| decides(first) && covers(&first.on, &rule.on));
        if let Some(first) = first {
            let (name, by, place) = (&rule.meta.name, &first.meta.name, &first.meta.place);
            findings.push(finding(
                &rule.meta,
                format!(
                    "event `{name}` can never decide, because `{by}` ({place}) takes everything before it; move it up or narrow `{by}`"
                ),
            ));
        }
    }
}
