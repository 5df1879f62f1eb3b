//! `budget`, `canary`, `share` and `seen`: on what terms a gate allows.

use rhai::{Dynamic, Engine, EvalAltResult, ImmutableString, Map, NativeCallContext};

use super::checked;
use crate::policy::evaluation::{ask, error, or_problem, with_loading};
use crate::policy::fields::{Fields, describe};
use crate::policy::json::from_json;
use crate::policy::span;
use crate::policy::values::{AllowTerms, BudgetOf, CanaryOf, Look, Question, Scope};

type FnResult<T> = Result<T, Box<EvalAltResult>>;

/// What was spent longer ago than this is forgotten.
pub(in crate::policy) const LONGEST_MS: i64 = crate::domain::history::REMEMBERED.as_millis() as i64;

pub(super) fn register(engine: &mut Engine) {
    engine.register_type_with_name::<BudgetOf>("Budget");
    engine.register_type_with_name::<CanaryOf>("Canary");
    engine.register_fn("budget", |context: NativeCallContext<'_>, more: Map| -> FnResult<BudgetOf> {
        or_problem(&context, budget(more), || BudgetOf { max: 1, per: Vec::new(), of: None, within_ms: 1 })
    });
    engine.register_fn("canary", |context: NativeCallContext<'_>, after: i64, more: Map| -> FnResult<CanaryOf> {
        let instead = || CanaryOf { after: 1, per: Vec::new(), question: Question::default() };
        or_problem(&context, canary(after, more), instead)
    });
    engine.register_fn("share", |percent: i64, number: Dynamic| share(percent, &number, 0).map_err(error));
    engine.register_fn("share", |percent: i64, number: Dynamic, least: i64| {
        share(percent, &number, least).map_err(error)
    });
    engine.register_fn("seen", |look: Look, within: ImmutableString| -> FnResult<Dynamic> {
        let within = span::parse(&within).map_err(error)?;
        let seen = ask("seen(…)", |evaluation| evaluation.seen(&look.0, within))?.map_err(error)?;
        Ok(seen.as_ref().map_or(Dynamic::UNIT, from_json))
    });
}

/// Budgets, a budget, or a canary.
pub(in crate::policy) fn opening(value: &Dynamic) -> Option<AllowTerms> {
    if let Some(canary) = value.read_lock::<CanaryOf>() {
        let budgets = canary.question.budgets.clone();
        return Some(AllowTerms { budgets, canary: Some(canary.clone()) });
    }
    budgets(value).map(|budgets| AllowTerms { budgets, canary: None })
}

/// A budget or a list of them.
fn budgets(value: &Dynamic) -> Option<Vec<BudgetOf>> {
    if let Some(budget) = value.read_lock::<BudgetOf>() {
        return Some(vec![budget.clone()]);
    }
    let items = value.as_array_ref().ok()?;
    items.iter().map(|item| item.read_lock::<BudgetOf>().map(|budget| budget.clone())).collect()
}

/// Reads `#{ who, approvals, own, within, reason, budget }`.
pub(in crate::policy) fn question(fields: &mut Fields) -> Question {
    Question {
        who: asked(fields),
        approvals: fields.count("approvals").unwrap_or(1),
        own: fields.flag("own").unwrap_or(false),
        within_ms: fields.span("within").unwrap_or(1_800_000),
        reason: fields.text("reason").unwrap_or_default(),
        budgets: match fields.take("budget") {
            None => Vec::new(),
            Some(value) => budgets(&value).unwrap_or_else(|| {
                fields.unfit("budget", "budget(…) or a list of budgets", &value);
                Vec::new()
            }),
        },
    }
}

/// The word for whoever can answer.
const ANYBODY: &str = "anybody";

/// Reads the groups that are asked; none of them for anybody.
fn asked(fields: &mut Fields) -> Vec<String> {
    let Some(who) = fields.texts("who") else { return Vec::new() };
    let who: Vec<String> = who.iter().map(|group| group.trim().to_string()).collect();
    let anybody = who.iter().filter(|group| group.eq_ignore_ascii_case(ANYBODY)).count();
    if who.is_empty() || who.iter().any(String::is_empty) {
        fields.problems.push(format!("`who` names nobody; name groups of [people], or {ANYBODY:?}"));
    } else if anybody > 0 && anybody < who.len() {
        fields.problems.push(format!("`who` is either {ANYBODY:?} or groups of [people], not both"));
    }
    if anybody > 0 { Vec::new() } else { who }
}

/// So many percent of a number, rounded down, and never less than `least`.
fn share(percent: i64, number: &Dynamic, least: i64) -> Result<i64, String> {
    let whole = number.as_int().ok().filter(|number| *number >= 0);
    let Some(whole) = whole else {
        let known = if number.is_unit() { "is not known".into() } else { format!("is {}", describe(number)) };
        return Err(format!("share: the number of which {percent} % are to be taken {known}"));
    };
    if !(0..=100).contains(&percent) || least < 0 {
        return Err(format!("share takes 0 to 100 percent and at least 0, not {percent} and {least}"));
    }
    // Divided first where the product would not fit.
    let part = whole.checked_mul(percent).map_or_else(|| whole / 100 * percent, |product| product / 100);
    Ok(part.max(least))
}

/// Reads `#{ max, per, of, within }`.
fn budget(more: Map) -> Result<BudgetOf, String> {
    let nothing = more.get("max").is_some_and(|max| max.as_int() == Ok(0)) && with_loading(|_| ()).is_none();
    let mut fields = Fields::new(more);
    // A share may be nothing; who writes 0 down means to deny.
    let max = if nothing { fields.take("max").map(|_| 0) } else { fields.count("max") };
    let per = per(&mut fields);
    let of = fields.text("of");
    let within_ms = fields.span("within");
    if max.is_none() && fields.problems.is_empty() {
        fields.missing("max", "max: 3");
    }
    if within_ms.is_none() && fields.problems.is_empty() {
        fields.missing("within", "within: \"1h\"");
    }
    if within_ms.is_some_and(|within| within > LONGEST_MS) {
        fields.problems.push("`within` may be \"31d\" at most: what was spent before is forgotten".into());
    }
    let budget = BudgetOf { max: max.unwrap_or(1), per, of, within_ms: within_ms.unwrap_or(1) };
    checked(budget, fields.finish()).map_err(|wrong| format!("budget: {wrong}"))
}

/// Reads how often, and what is asked until then.
fn canary(after: i64, more: Map) -> Result<CanaryOf, String> {
    let mut fields = Fields::new(more);
    let count = u32::try_from(after).ok().filter(|after| *after > 0);
    if count.is_none() {
        fields.problems.push(format!("it counts to a whole number from 1, not to {after}"));
    }
    let per = per(&mut fields);
    let question = question(&mut fields);
    let canary = CanaryOf { after: count.unwrap_or(1), per, question };
    checked(canary, fields.finish()).map_err(|wrong| format!("canary: {wrong}"))
}

/// Reads what is counted apart.
fn per(fields: &mut Fields) -> Vec<Scope> {
    let mut per = Vec::new();
    for word in fields.texts("per").unwrap_or_default() {
        match Scope::WORDS.iter().find(|(name, _)| *name == word) {
            Some((_, scope)) if per.contains(scope) => {}
            Some((_, scope)) => per.push(*scope),
            None => {
                let all: Vec<&str> = Scope::WORDS.iter().map(|(name, _)| *name).collect();
                fields.problems.push(format!("`per` cannot be {word:?}; it counts per {}", all.join(", ")));
            }
        }
    }
    per
}
