//! What an alert may hold, the same for every source.
//!
//! A limit of content costs no alert: what is too long is cut and says so, and one annotation tells
//! what happened. Identity is settled before anything is cut.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::{Alert, Labels};
use crate::domain::text::truncate;

/// Bytes of a name, of a key and of a fingerprint.
pub const NAME: usize = 1 << 10;

/// Bytes of a value.
pub const VALUE: usize = 64 << 10;

/// Bytes of a link; a longer one is left out, because a part of it leads elsewhere.
pub const LINK: usize = 8 << 10;

/// Entries of `labels`, and of `annotations`.
pub const PAIRS: usize = 512;

/// The annotation that says what an alert has lost.
pub const SHORTENED: &str = "tidegate_shortened";

/// The alert within its limits. One that is within them already comes back as it is.
pub fn fit(mut alert: Alert) -> Alert {
    let mut lost = Truncated::default();
    lost.text(&mut alert.name, NAME);
    lost.pairs(&mut alert.labels);
    lost.pairs(&mut alert.annotations);
    if alert.fingerprint.len() > NAME {
        // Cutting would make one alert of two.
        alert.fingerprint = format!("sha256:{}", hex::encode(Sha256::digest(&alert.fingerprint)));
    }
    if alert.link.as_ref().is_some_and(|link| link.len() > LINK) {
        alert.link = None;
        lost.left_out += 1;
    }
    if lost != Truncated::default() {
        let Truncated { shortened, left_out } = lost;
        alert.annotations.insert(SHORTENED, format!("{shortened} texts cut, {left_out} entries left out"));
    }
    alert
}

#[derive(Default, PartialEq, Eq)]
struct Truncated {
    shortened: usize,
    left_out: usize,
}

impl Truncated {
    fn text(&mut self, text: &mut String, most: usize) {
        if text.len() > most {
            *text = truncate(text, most);
            self.shortened += 1;
        }
    }

    fn pairs(&mut self, pairs: &mut Labels) {
        let fits = |(key, value): (&str, &str)| !key.is_empty() && key.len() <= NAME && value.len() <= VALUE;
        if pairs.len() <= PAIRS && pairs.iter().all(fits) {
            return;
        }
        let mut kept = BTreeMap::new();
        for (key, value) in pairs.iter() {
            let (mut key, mut value) = (key.to_string(), value.to_string());
            self.text(&mut key, NAME);
            if key.is_empty() || kept.len() == PAIRS || kept.contains_key(&key) {
                self.left_out += 1;
                continue;
            }
            self.text(&mut value, VALUE);
            kept.insert(key, value);
        }
        *pairs = kept.into();
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Severity, Status};
    use super::*;

    fn alert() -> Alert {
        Alert {
            source: "s".into(),
            name: "n".into(),
            status: Status::Firing,
            severity: Severity::Warning,
            labels: [("a".to_string(), "b".to_string())].into(),
            annotations: Labels::new(),
            starts_at: None,
            ends_at: None,
            fingerprint: "f".into(),
            link: Some("https://a.example/".into()),
        }
    }

    #[test]
    fn what_fits_is_left_alone() {
        assert_eq!(fit(alert()), alert());
    }

    #[test]
    fn what_does_not_fit_is_cut_and_says_so() {
        let long = |n: usize| "x".repeat(n);
        let mut big = alert();
        big.labels.insert(long(2000), "v");
        big.labels.insert("", "v");
        big.annotations.extend((0..600).map(|i| (format!("a{i:03}"), "v".to_string())));
        big.annotations.insert("a000", long(70_000));
        big.fingerprint = long(5000);
        big.link = Some(long(9000));
        let fitted = fit(big.clone());
        assert!(fitted.annotations["a000"].ends_with("… (4464 bytes cut)"));
        assert!(fitted.labels.keys().any(|key| key.ends_with("… (976 bytes cut)")));
        assert_eq!(fitted.annotations.len(), PAIRS + 1);
        assert_eq!(&fitted.annotations[SHORTENED], "2 texts cut, 90 entries left out");
        assert_eq!((fitted.fingerprint.len(), fitted.link), (71, None));
        let other = fit(Alert { fingerprint: format!("{}y", long(4999)), ..big });
        assert_ne!(other.fingerprint, fitted.fingerprint, "two alerts stay two");
    }
}
