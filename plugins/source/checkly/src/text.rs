//! Templates that hold a text alone.

use crate::Kind;

/// What a title tells of: `Check is DOWN`, `The SSL certificate for shop.example will expire in 14 days`.
pub(crate) fn kind(title: &str) -> Kind {
    let lower = title.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if has(&["certificate", "ssl"]) && has(&["expire"]) {
        Kind::Certificate
    } else if has(&["recovered", "has recovered", "is up", "is back", "resolved", "passing"]) {
        Kind::Recovery
    } else if has(&["degraded"]) {
        Kind::Degraded
    } else {
        Kind::Failure
    }
}

/// The check's id in the address of a check or a result: `…/checks/<id>`.
pub(crate) fn check_of(link: &str) -> Option<&str> {
    let id = link.split("/checks/").nth(1)?.split(['/', '?', '#']).next()?;
    (!id.is_empty()).then_some(id)
}

/// The domain whose certificate expires.
pub(crate) fn domain(title: &str) -> Option<&str> {
    let name = title.split("certificate for ").nth(1)?.split_whitespace().next()?;
    name.contains('.').then_some(name)
}
