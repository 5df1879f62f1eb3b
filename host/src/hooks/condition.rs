//! Keywords of a hook as a matcher over the text of an event.

use super::Hook;
use super::re2::{self, PatternError};
use crate::suggest::literal;

/// What its keywords come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Condition {
    /// Matchers that must all hold, as expressions of the policy language; none for every event.
    pub all: Vec<String>,
    /// Texts of which each holds what `include` wants, the likeliest first.
    pub samples: Vec<String>,
    /// Texts that an event must not hold.
    pub forbidden: Vec<String>,
    /// Why it can never hold.
    pub never: Option<String>,
    /// The field that this host cannot hold against an event, and why.
    pub beyond: Option<(String, String)>,
    /// What is odd about it.
    pub notes: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Contains,
    Exact,
    Regex,
}

impl Condition {
    /// Reads the keywords.
    pub fn of(hook: &Hook) -> Self {
        let mut own = Self::default();
        let kind = match hook.match_type.as_str() {
            "" | "CONTAINS" => Kind::Contains,
            "EXACT" => Kind::Exact,
            "REGEX" => Kind::Regex,
            other => {
                own.notes.push(format!(
                    "matchType {other:?} is no word of ops, which takes it for CONTAINS; so does this translation"
                ));
                Kind::Contains
            }
        };
        let mut excluded = Vec::new();
        for (n, keyword) in hook.exclude.iter().enumerate() {
            match matcher(kind, keyword) {
                Ok((expression, sample)) => {
                    if keyword.is_empty() && kind != Kind::Exact {
                        own.never = Some("exclude has an empty keyword, which every event holds".into());
                    }
                    excluded.push(expression);
                    own.forbidden.extend(sample);
                }
                Err(PatternError::Go(why)) => {
                    own.notes.push(format!(
                        "exclude {keyword:?} excludes nothing, as in ops: Go does not compile it ({why})"
                    ));
                }
                Err(PatternError::Here(why)) => own.beyond = Some((format!("spec.keywords.exclude[{n}]"), why)),
            }
        }
        match excluded.as_slice() {
            [] => {}
            [one] => own.all.push(format!("not({one})")),
            all => own.all.push(format!("not([{}])", all.join(", "))),
        }
        own.include(hook, kind);
        own
    }

    fn include(&mut self, hook: &Hook, kind: Kind) {
        if hook.include.is_empty() {
            if !hook.match_mode.is_empty() && !matches!(hook.match_mode.as_str(), "ANY" | "ALL") {
                self.notes.push(format!(
                    "matchMode {:?} is no word of ops; without include it does not matter",
                    hook.match_mode
                ));
            }
            return;
        }
        let every = match hook.match_mode.as_str() {
            "" | "ANY" => false,
            "ALL" => true,
            other => {
                self.never = Some(format!(
                    "matchMode {other:?} is neither ANY nor ALL, and with include ops never takes such a hook for matched"
                ));
                return;
            }
        };
        if kind == Kind::Exact {
            self.notes.push(
                "EXACT compares a keyword with the whole text of an event, which for one of Kubernetes has lines with its time \
                 and object: it fires only for events that are shown as they are, such as Webhook"
                    .into(),
            );
        }
        let mut wanted = Vec::new();
        let mut samples = Vec::new();
        for (n, keyword) in hook.include.iter().enumerate() {
            match matcher(kind, keyword) {
                Ok((expression, sample)) => {
                    wanted.push(expression);
                    samples.extend(sample);
                }
                Err(PatternError::Here(why)) => self.beyond = Some((format!("spec.keywords.include[{n}]"), why)),
                Err(PatternError::Go(why)) => {
                    let why = format!("Go does not compile it ({why})");
                    self.notes.push(format!("include {keyword:?} never matches, as in ops: {why}"));
                    if every {
                        self.never = Some(format!("ALL wants {keyword:?} as well, which never matches: {why}"));
                    }
                }
            }
        }
        if wanted.is_empty() && self.never.is_none() && self.beyond.is_none() {
            self.never = Some("none of its include keywords can ever match".into());
        }
        if every {
            self.samples = vec![samples.join(" ")];
            self.all.extend(wanted);
        } else {
            self.samples = samples;
            match wanted.as_slice() {
                [] => {}
                [one] => self.all.push(one.clone()),
                all => self.all.push(format!("[{}]", all.join(", "))),
            }
        }
    }

    /// The matcher as an expression; none where every event will do.
    pub fn expression(&self) -> Option<String> {
        match self.all.as_slice() {
            [] => None,
            [one] => Some(one.clone()),
            all => Some(format!("all_of([{}])", all.join(", "))),
        }
    }

    /// Both of them.
    pub fn and(&self, other: &Self) -> Self {
        let mut both = self.clone();
        for one in &other.all {
            if !both.all.contains(one) {
                both.all.push(one.clone());
            }
        }
        both.samples = match (self.samples.is_empty(), other.samples.is_empty()) {
            (true, _) => other.samples.clone(),
            (_, true) => self.samples.clone(),
            _ => {
                let pairs = |one: &String| other.samples.iter().map(|two| format!("{one} {two}")).collect::<Vec<_>>();
                self.samples.iter().take(4).flat_map(pairs).collect()
            }
        };
        both.forbidden.extend(other.forbidden.iter().cloned());
        both.never = self.never.clone().or_else(|| other.never.clone());
        both
    }
}

/// A keyword as an expression, and a text that holds it.
fn matcher(kind: Kind, keyword: &str) -> Result<(String, Option<String>), PatternError> {
    Ok(match kind {
        Kind::Contains => (format!("contains({})", literal::text(keyword)), Some(keyword.to_string())),
        Kind::Exact => (literal::text(keyword), Some(keyword.to_string())),
        Kind::Regex => {
            let whole = ["(?s)", "(?m)", "(?sm)"].iter().any(|flags| keyword.starts_with(flags));
            let pattern = if whole { keyword.to_string() } else { format!("(?s){keyword}") };
            let translated = re2::translate(&pattern)?;
            let sample = super::sample::of(&translated);
            (format!("search({})", literal::text(&translated)), sample)
        }
    })
}
