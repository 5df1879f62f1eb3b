//! Whom an object belongs to, as far as its name tells.
//!
//! Controllers of Kubernetes make names: a Deployment's pod is `<name>-<hash>-<five letters>`, one of a
//! StatefulSet `<name>-<number>`, one of a DaemonSet or Job `<name>-<five letters>`, a Job of a CronJob
//! `<name>-<minutes since 1970>`.

/// Kind and name of the owner; none where the name tells of none. The kind is `workload` where it is open.
pub fn owner_of<'a>(kind: &str, name: &'a str) -> Option<(&'static str, &'a str)> {
    let (stem, last) = name.rsplit_once('-').filter(|(stem, _)| !stem.is_empty())?;
    match kind {
        "replicaset" => is_hash(last).then_some(("deployment", stem)),
        "job" => is_minutes(last).then_some(("cronjob", stem)),
        "pod" => {
            if is_ordinal(last) {
                return Some(("statefulset", stem));
            }
            if let Some((name, hash)) = stem.rsplit_once('-').filter(|(name, _)| !name.is_empty())
                && is_five(last)
                && (is_hash(hash) || is_minutes(hash))
            {
                let owner = if is_minutes(hash) { "cronjob" } else { "deployment" };
                return Some((owner, name));
            }
            is_generated(last).then_some(("workload", stem))
        }
        _ => None,
    }
}

/// Letters of generated parts: without vowels and what looks alike, so that no word comes of them.
fn generated(text: &str) -> bool {
    text.chars().all(|c| "bcdfghjklmnpqrstvwxz2456789".contains(c))
}

fn is_five(text: &str) -> bool {
    text.len() == 5 && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
}

fn is_generated(text: &str) -> bool {
    text.len() == 5 && generated(text)
}

/// A hash of a pod's template. Where people make names up it is often one of hexadecimal digits.
fn is_hash(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let hex = text.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'));
    let made = generated(text) || text.len() >= 6 && hex && digits > 1;
    // A number alone is more often one that somebody counts with.
    let number = digits == text.len() && text.len() < 9;
    (5..=10).contains(&text.len()) && digits > 0 && made && !number
}

/// Minutes since 1970, of this century.
fn is_minutes(text: &str) -> bool {
    text.len() == 8 && text.chars().all(|c| c.is_ascii_digit())
}

fn is_ordinal(text: &str) -> bool {
    (1..=4).contains(&text.len()) && text.chars().all(|c| c.is_ascii_digit()) && (text == "0" || !text.starts_with('0'))
}
