//! `incidents`, `fixes`, `successes`, `flapping` and `past`: history as data.

use jiff::{SignedDuration, Timestamp};
use rhai::{Array, Engine, EvalAltResult, ImmutableString, Map};

use super::checked;
use crate::domain::Cause;
use crate::domain::history::{FixRow, PastRow, Wanted};
use crate::policy::evaluation::{Evaluation, ask, error};
use crate::policy::fields::Fields;
use crate::policy::on::no_finding;
use crate::policy::{span, view};

type FnResult<T> = Result<T, Box<EvalAltResult>>;

/// A list is cut to this many, the latest ones.
const LISTED: usize = 500;

pub(super) fn register(engine: &mut Engine) {
    engine.register_fn("incidents", |more: Map| count("incidents", more, |_, _| 1));
    engine.register_fn("fixes", |more: Map| count("fixes", more, |past, select| fixes(past, select, false)));
    engine.register_fn("successes", |more: Map| count("successes", more, |past, select| fixes(past, select, true)));
    engine.register_fn("incidents", || count("incidents", Map::new(), |_, _| 1));
    engine.register_fn("fixes", || count("fixes", Map::new(), |past, select| fixes(past, select, false)));
    engine.register_fn("successes", || count("successes", Map::new(), |past, select| fixes(past, select, true)));
    engine.register_fn("past", |more: Map| -> FnResult<Array> {
        let select = Select::read("past", more)?;
        ask("past(…)", |evaluation| {
            let mut rows: Vec<PastRow<'_>> = select.of(evaluation).collect();
            rows.sort_by_key(PastRow::order);
            let latest = rows.len().saturating_sub(LISTED);
            rows.iter().skip(latest).map(view::past).collect::<Array>()
        })
    });
    engine.register_fn("flapping", |times: i64, within: ImmutableString| -> FnResult<bool> {
        let window = span::parse(&within).map_err(error)?;
        let count = ask("flapping(…)", |evaluation| {
            // What a person had decided anew went on as another one, and came back no time more for it.
            evaluation.past(Wanted::since(since(evaluation.now, window)), true).filter(|row| !row.rerun).count()
        })?;
        // This incident itself is one more.
        Ok(i64::try_from(count).unwrap_or(i64::MAX).saturating_add(1) >= times)
    });
}

struct Select {
    rule: Option<String>,
    name: Option<String>,
    target: Option<String>,
    tool: Option<String>,
    finding: Option<Cause>,
    outcome: Option<String>,
    group: bool,
    within: Option<i64>,
}

impl Select {
    fn read(what: &str, more: Map) -> FnResult<Self> {
        let mut fields = Fields::new(more);
        let finding = fields.text("finding").and_then(|name| {
            let cause = Cause::of(&name);
            if cause.is_none() {
                fields.problems.push(format!("`finding`: {}", no_finding(&name)));
            }
            cause
        });
        let select = Self {
            rule: fields.text("rule"),
            name: fields.text("name"),
            target: fields.text("target"),
            tool: fields.text("tool"),
            finding,
            outcome: fields.text("outcome"),
            group: fields.flag("group").unwrap_or(false),
            within: fields.span("within"),
        };
        checked(select, fields.finish()).map_err(|wrong| error(format!("{what}: {wrong}")))
    }

    /// Whether one action must be all that is asked for.
    fn narrows(&self) -> bool {
        self.tool.is_some() || self.finding.is_some()
    }

    /// Whether an action is one of those that are asked for.
    fn counts(&self, fix: &FixRow<'_>) -> bool {
        self.target.as_deref().is_none_or(|target| target == fix.target)
            && self.tool.as_deref().is_none_or(|tool| fix.is_with(tool))
            && self.finding.is_none_or(|finding| fix.causes.has(finding))
    }

    fn of<'a>(&'a self, evaluation: &'a Evaluation) -> impl Iterator<Item = PastRow<'a>> {
        let from = self.within.map_or(Timestamp::MIN, |within| since(evaluation.now, within));
        let (rule, name, target) = (self.rule.as_deref(), self.name.as_deref(), self.target.as_deref());
        let wanted = Wanted { rule, name, target, cause: self.finding, ..Wanted::since(from) };
        let outcome = |row: &PastRow<'_>| row.outcome.map_or("", |outcome| outcome.as_str());
        evaluation
            .past(wanted, self.group)
            .filter(move |row| !self.narrows() || row.fixes.iter().any(|fix| self.counts(fix)))
            .filter(move |row| self.outcome.as_deref().is_none_or(|wanted| wanted == outcome(row)))
    }
}

fn since(now: Timestamp, ms: i64) -> Timestamp {
    now.saturating_sub(SignedDuration::from_millis(ms)).unwrap_or(Timestamp::MIN)
}

fn fixes(past: &PastRow<'_>, select: &Select, helped_only: bool) -> usize {
    past.fixes.iter().filter(|fix| select.counts(fix) && (fix.helped || !helped_only)).count()
}

fn count(what: &'static str, more: Map, each: impl Fn(&PastRow<'_>, &Select) -> usize) -> FnResult<i64> {
    let select = Select::read(what, more)?;
    let sum = ask(what, |evaluation| select.of(evaluation).map(|past| each(&past, &select)).sum::<usize>())?;
    Ok(i64::try_from(sum).unwrap_or(i64::MAX))
}
