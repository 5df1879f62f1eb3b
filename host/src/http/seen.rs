//! What of a list somebody may see: lists go through here, so that places bound what is listed as they bound what is looked at.

use crate::backend::{Backend, Cancellation, Filter};
use crate::domain::{Access, Incident, Permission};

/// Incidents that are looked at together to find those within somebody's places.
const TOGETHER: usize = 500;

/// Whether somebody may look at an incident.
pub fn sees(access: &Access, incident: &Incident) -> bool {
    access.may_to(Permission::Look, incident)
}

/// The incidents of a list that somebody may look at, as many as are wanted.
///
/// # Errors
/// When they cannot be read, or nobody waits for them any more.
pub fn list(
    backend: &dyn Backend,
    filter: &Filter,
    access: &Access,
    cancellation: &Cancellation,
) -> Result<Vec<Incident>, String> {
    if !access.is_bound() {
        return backend.list(filter, cancellation);
    }
    let mut part = Filter { limit: TOGETHER, ..filter.clone() };
    let mut seen = Vec::new();
    loop {
        let listed = backend.list(&part, cancellation)?;
        let (whole, last) = (listed.len() == TOGETHER, listed.last().map(|incident| incident.id.to_string()));
        seen.extend(listed.into_iter().filter(|incident| sees(access, incident)));
        seen.truncate(filter.limit);
        if !whole || seen.len() == filter.limit || cancellation.is_cancelled() {
            return Ok(seen);
        }
        part.before = last;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::fake::Fake;
    use crate::domain::{Bounds, Grant, Role};

    #[test]
    fn a_list_shows_what_is_within_and_nothing_else() {
        let (fake, filter) = (Fake::default(), Filter::default());
        let seen = |access: &Access| list(&fake, &filter, access, &Cancellation::default()).unwrap().len();
        assert_eq!(seen(&Access::of(Role::Viewer)), 3);
        // Their alerts say nothing of where they are.
        let bounds = Bounds { namespace: Some("*".into()), ..Bounds::default() };
        assert_eq!(seen(&Access::new([Grant { role: Role::Admin, bounds }])), 0);
        assert_eq!(seen(&Access::default()), 0);
    }
}
