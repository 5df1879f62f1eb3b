//! Whether a silence covers more than anybody would want who has thought about it.

use std::fmt;

use crate::domain::matcher::Matcher;

/// So few alerts are not many, unless they are of several incidents.
const FEW: u64 = 5;
/// So many incidents are several: most of the little that fires may be one trouble, and is not three.
const SEVERAL: u64 = 3;
/// So many are always many.
const MANY: u64 = 100;
/// Labels that say how bad something is, and nothing about what it is.
const HOW_BAD: [&str; 4] = ["severity", "level", "priority", "urgency"];
/// Values that nothing has: a pattern that takes all of them takes nearly everything.
const PROBES: [&str; 3] = ["qz7-1", "Xw_9.kj", "0"];

/// Why a silence is too broad to be made in one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TooBroad {
    /// No matcher narrows it to anything in particular.
    Anything,
    /// It covers so many of all alerts that fire.
    Many(u64, u64),
}

impl fmt::Display for TooBroad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anything => {
                f.write_str("no matcher says what it is about, so it would cover nearly everything that ever comes")
            }
            // How many there are is no business of whoever sees some of them.
            Self::Many(covered, of) if covered.saturating_mul(2) > *of => {
                write!(f, "it covers {covered} alerts, more than half of all that fire")
            }
            Self::Many(covered, _) => write!(f, "it covers {covered} alerts that fire"),
        }
    }
}

impl TooBroad {
    /// Of a silence that covers so many of the alerts that fire, in so many incidents; none where it is narrow enough.
    pub fn of(matchers: &[Matcher], covered: u64, of: u64, incidents: u64) -> Option<Self> {
        if by_itself(matchers) {
            return Some(Self::Anything);
        }
        let most = (covered > FEW || incidents >= SEVERAL) && covered.saturating_mul(2) > of;
        (most || covered > MANY).then_some(Self::Many(covered, of))
    }
}

/// Whether it would cover nearly everything, whatever fires now.
pub fn by_itself(matchers: &[Matcher]) -> bool {
    !matchers.iter().any(narrows)
}

fn narrows(matcher: &Matcher) -> bool {
    let says_what = !HOW_BAD.contains(&matcher.name());
    let particular = !matcher.takes("") && !PROBES.iter().all(|probe| matcher.takes(probe));
    says_what && matcher.is_equal() && particular
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_nothing_about_what_it_covers_is_too_broad() {
        let broad = |text: &str| by_itself(&Matcher::parse_all(text).unwrap());
        for text in
            ["severity=warning", "a!=b", "alertname=~.+", "alertname=~.*,severity=critical", "a=", "namespace!~kube-.*"]
        {
            assert!(broad(text), "{text}");
        }
        for text in ["alertname=X", "alertname=~Kube.*", "namespace=~shop|web,severity=warning", "severity=x,pod=web-1"]
        {
            assert!(!broad(text), "{text}");
        }
    }

    #[test]
    fn many_is_more_than_half_of_what_fires_or_a_hundred() {
        let of_incidents =
            |covered, of, incidents| TooBroad::of(&Matcher::parse_all("alertname=X").unwrap(), covered, of, incidents);
        let of = |covered, of| of_incidents(covered, of, 1);
        assert_eq!((of(5, 5), of(0, 0), of(6, 12)), (None, None, None));
        assert_eq!(of(6, 11), Some(TooBroad::Many(6, 11)));
        assert_eq!((of(100, 10_000), of(101, 10_000)), (None, Some(TooBroad::Many(101, 10_000))));
        assert_eq!(of_incidents(3, 4, 3), Some(TooBroad::Many(3, 4)), "most of the little that fires");
        assert_eq!((of_incidents(3, 4, 1), of_incidents(3, 6, 3), of_incidents(2, 2, 2)), (None, None, None));
    }
}
