//! Sentry's levels.

use std::borrow::Cow;

/// `sample` and `log` are Sentry's own; the host knows the rest.
pub(crate) fn of(level: Option<Cow<'_, str>>) -> Option<Cow<'_, str>> {
    level.map(|level| if matches!(level.as_ref(), "sample" | "log") { "info".into() } else { level })
}
