//! Rules about events that cannot be meant: behind one that takes everything, alerts that nothing ends, ends of alerts
//! that nobody raises.

use std::collections::BTreeSet;

use super::{Finding, covering, covers, finding, hint};
use crate::policy::index::Index;
use crate::policy::items::{AlertTemplate, Condition, EventMeaning, EventRule};
use crate::policy::set::Set;

/// Reads all of them.
pub(super) fn events(set: &Set, findings: &mut Vec<Finding>) {
    let rules = &set.items.events;
    shadowed(rules, findings);
    let ended: BTreeSet<&str> = rules.iter().filter_map(over).flatten().map(String::as_str).collect();
    let computed =
        rules.iter().any(|rule| matches!(rule.means, EventMeaning::Alert { raises: AlertTemplate::Closure(_), .. }));
    let mut raised: BTreeSet<&str> = BTreeSet::new();
    for rule in rules {
        let EventMeaning::Alert { raises: AlertTemplate::Fixed(alert), .. } = &rule.means else { continue };
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
    if let EventMeaning::Resolved(names) = &rule.means { Some(names) } else { None }
}

/// Whether it decides about everything that its `on` takes.
fn decides(rule: &EventRule) -> bool {
    let says = match &rule.means {
        EventMeaning::Nothing => true,
        EventMeaning::Alert { raises, and_continue, .. } => matches!(raises, AlertTemplate::Fixed(_)) && !and_continue,
        EventMeaning::Resolved(_) | EventMeaning::Forward(_) => false,
    };
    says && matches!(rule.when, Condition::Always)
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
