//! Who is told: the routes of a message, and why each of them is or is not one.

use std::cell::RefCell;

use super::facts::refusal;
use super::items::{Condition, Route};
use super::matcher::Matcher;
use super::on::Field;
use super::query::{CoverageLog, Query};
use super::set::Set;
use crate::domain::{Incident, Occasion};
use crate::rules::{Context, RouteTried, RoutedMessage};

/// Why a route is none of a message's.
enum Miss<'a> {
    /// It is for other occasions.
    Occasion,
    /// An alert is not as it wants it.
    On(&'a (Field, Matcher)),
    /// Its `when` does not hold.
    When,
    /// Its `when` failed.
    Fault(String),
}

/// Why a route is not one; none where it is.
fn miss<'a>(query: &Query<'_>, route: &'a Route, occasion: Occasion) -> Option<Miss<'a>> {
    if !route.occasions.is_empty() && !route.occasions.contains(&occasion) {
        return Some(Miss::Occasion);
    }
    if let Some(refused) = query.facts.refuses(&route.on) {
        return Some(Miss::On(refused));
    }
    match query.when("route", &route.meta, &route.when, || vec![query.view()]) {
        Ok(true) => None,
        Ok(false) => Some(Miss::When),
        Err(why) => Some(Miss::Fault(why)),
    }
}

/// The routes of a message: the first that matches, and the following as long as they continue.
pub(super) fn routes(
    set: &Set,
    incident: &Incident,
    occasion: Occasion,
    context: &Context<'_>,
    watch: Option<&RefCell<Vec<CoverageLog>>>,
) -> Vec<RoutedMessage> {
    Query::ask(set, incident, context, watch, |query| {
        let mut routed = Vec::new();
        for id in set.indexes.routes.of_alerts(&query.facts) {
            let Some(route) = set.items.routes.get(id as usize) else { continue };
            match miss(query, route, occasion) {
                None => {}
                Some(Miss::Fault(why)) => {
                    tracing::warn!("{why}");
                    continue;
                }
                Some(_) => continue,
            }
            query.note("route", &route.meta, None, true);
            routed.push(RoutedMessage {
                route: route.meta.name.clone(),
                targets: route.to.clone(),
                fallback: route.fallback.clone(),
            });
            if !route.and_continue {
                break;
            }
        }
        routed
    })
}

/// Every route in order, and why it is or is not one of the message's.
pub(super) fn explain(set: &Set, incident: &Incident, occasion: Occasion, context: &Context<'_>) -> Vec<RouteTried> {
    Query::ask(set, incident, context, None, |query| {
        let mut ended: Option<&str> = None;
        let mut all = Vec::new();
        for route in &set.items.routes {
            let missed = miss(query, route, occasion).map(|miss| why(query, route, occasion, miss));
            let matches = missed.is_none();
            let (taken, why) = match (missed, ended) {
                (Some(why), _) => (false, why),
                (None, Some(first)) => (false, format!("matches, but {first} came first and ends the search")),
                (None, None) if route.and_continue => (true, "matches, and later routes are asked as well".into()),
                (None, None) => (true, "matches, and ends the search".into()),
            };
            if matches && !route.and_continue && ended.is_none() {
                ended = Some(&route.meta.name);
            }
            all.push(RouteTried {
                route: route.meta.name.clone(),
                place: route.meta.place.to_string(),
                taken,
                why,
                targets: route.to.clone(),
                fallback: route.fallback.clone(),
            });
        }
        all
    })
}

fn why(query: &Query<'_>, route: &Route, occasion: Occasion, miss: Miss<'_>) -> String {
    match miss {
        Miss::Occasion => {
            let wanted: Vec<&str> = route.occasions.iter().map(|occasion| occasion.as_str()).collect();
            format!("the occasion is {}, wanted {}", occasion.as_str(), wanted.join(" or "))
        }
        Miss::On(refused) => refusal(&query.facts, Some(refused)).err().unwrap_or_default(),
        Miss::When => match route.when {
            Condition::Interval(_) => format!("its time is not at {}", query.context.now),
            Condition::Always | Condition::Closure(_) => "`when` is false".into(),
        },
        Miss::Fault(why) => format!("counts as no match: {why}"),
    }
}
