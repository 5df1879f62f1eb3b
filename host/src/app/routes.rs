//! Whether what the routes send reaches anybody.
//!
//! Policies that several installations share name targets which not each of them has: such a one is passed over.
//! What is wrong is a route that ends with nobody, and a name that looks like a misspelt one.

use std::collections::BTreeSet;

use crate::author::cases::closest;
use crate::policy::{RoutedBy, Set};

/// What is known of the routes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Routes {
    /// Lines about what is no fault.
    pub told: Vec<String>,
    /// Sentences about messages that reach nobody.
    pub problems: Vec<String>,
}

/// Holds the routes of policies against the targets that there are.
pub fn of(set: &Set, targets: &BTreeSet<String>) -> Routes {
    held(&set.told(), targets)
}

fn held(routes: &[RoutedBy], targets: &BTreeSet<String>) -> Routes {
    let named: BTreeSet<&str> = routes.iter().flat_map(|route| &route.to).map(String::as_str).collect();
    let missing: Vec<&str> = named.into_iter().filter(|target| !targets.contains(*target)).collect();
    if targets.is_empty() {
        let named = if missing.is_empty() {
            "there are no routes either".to_string()
        } else {
            format!("the routes name {}", missing.join(", "))
        };
        return Routes {
            told: vec![format!("messages: none are sent: no [notifiers.NAME] is configured; {named}")],
            problems: vec![],
        };
    }
    let known: Vec<&str> = targets.iter().map(String::as_str).collect();
    let mut problems = Vec::new();
    for RoutedBy { route, place, to, goes_on } in routes {
        let absent: Vec<&String> = to.iter().filter(|target| !targets.contains(*target)).collect();
        if absent.len() == to.len() && !goes_on {
            let there = known.join(", ");
            problems.push(format!(
                "{place}: route `{route}` leads to {} alone, which is no target, and ends there, so that nobody is told; \
                 configure [notifiers.{}], or name one of {there}",
                to.join(", "),
                to.first().map_or("NAME", String::as_str)
            ));
            continue;
        }
        for target in absent {
            if let Some(meant) = closest(target, &known, LIKE) {
                problems.push(format!(
                    "{place}: route `{route}` names the target {target:?}, which there is not: is {meant:?} meant?"
                ));
            }
        }
    }
    let told = match missing.as_slice() {
        [] => vec![],
        names => vec![format!(
            "messages: the routes also name {}, which no [notifiers] has; these are passed over",
            names.join(", ")
        )],
    };
    Routes { told, problems }
}

/// From here on a name is taken for another one misspelt.
const LIKE: f32 = 0.75;

#[cfg(test)]
mod tests {
    use super::*;

    fn route(to: &[&str], goes_on: bool) -> RoutedBy {
        let to = to.iter().map(ToString::to_string).collect();
        RoutedBy { route: "r".into(), place: "90.rhai:4".into(), to, goes_on }
    }

    fn problems(routes: &[RoutedBy], targets: &[&str]) -> Vec<String> {
        held(routes, &targets.iter().map(ToString::to_string).collect()).problems
    }

    #[test]
    fn a_route_that_ends_with_nobody_is_a_problem() {
        let found = problems(&[route(&["nobody"], false)], &["default"]);
        assert!(found[0].starts_with("90.rhai:4: route `r` leads to nobody alone"), "{found:?}");
        assert_eq!(problems(&[route(&["oncall"], true), route(&["default"], false)], &["default"]), [""; 0]);
        assert_eq!(problems(&[route(&["sre", "default"], false)], &["default"]), [""; 0]);
    }

    #[test]
    fn a_misspelt_target_is_a_problem_also_beside_others() {
        let found = problems(&[route(&["oncal", "default"], false)], &["default", "oncall"]);
        assert!(found[0].contains("is \"oncall\" meant?"), "{found:?}");
    }

    #[test]
    fn without_any_target_that_is_said_once() {
        let all = held(&[route(&["default"], false)], &BTreeSet::new());
        assert!(all.problems.is_empty() && all.told[0].contains("the routes name default"), "{all:?}");
        let some = held(&[route(&["oncall"], true), route(&["default"], false)], &["default".to_string()].into());
        assert!(some.told[0].contains("also name oncall"), "{some:?}");
    }
}
