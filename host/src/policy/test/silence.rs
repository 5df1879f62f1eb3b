//! What the gates on silences say about one.

use std::cell::RefCell;

use jiff::SignedDuration;
use serde::Deserialize;

use super::case::Want;
use super::judge::Lines;
use crate::domain::{Matcher, RulingKind};
use crate::policy::query::CoverageLog;
use crate::policy::set::Set;
use crate::policy::{silences, span};
use crate::rules::SilenceLimits;

/// A silence that somebody wants.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SilenceRow {
    matchers: Vec<String>,
    #[serde(rename = "for")]
    length: String,
}

impl SilenceRow {
    fn read(&self) -> Result<(Vec<Matcher>, SignedDuration), String> {
        let matchers = self.matchers.iter().map(|text| Matcher::parse(text)).collect::<Result<_, _>>()?;
        Ok((matchers, SignedDuration::from_millis(span::parse(&self.length)?)))
    }
}

/// Compares the ruling on a silence with the wanted one.
pub(super) fn compare(set: &Set, row: &SilenceRow, want: &Want, seen: &RefCell<Vec<CoverageLog>>, lines: &mut Lines) {
    let (matchers, length) = match row.read() {
        Ok(read) => read,
        Err(why) => return lines.say(format!("the case is not right: {why}")),
    };
    let against = silences::against(set, &SilenceLimits { matchers: &matchers, length }, Some(seen));
    if want.ruling.is_none() && want.rule.is_none() && want.reason.is_none() {
        lines.say("`want` asks nothing about the silence; name ruling, rule or reason".into());
    }
    if let Some(wanted) = &want.ruling {
        let ruling = if against.is_some() { RulingKind::Deny } else { RulingKind::Allow };
        lines.same("ruling", wanted, &ruling.as_str());
    }
    if let Some(wanted) = &want.rule {
        lines.same("rule", wanted, &against.as_ref().map_or("none", |against| against.gate.as_str()));
    }
    let reason = against.as_ref().map_or("", |against| against.reason.as_str());
    if let Some(part) = &want.reason
        && !reason.contains(part.as_str())
    {
        lines.differs("reason", &format!("something with {part:?}"), &format!("{reason:?}"));
    }
}
