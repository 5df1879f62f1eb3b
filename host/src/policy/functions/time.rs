//! `during` and `holiday`: when something applies. `all_of` takes matchers as well.

use jiff::tz::TimeZone;
use rhai::{Array, Dynamic, Engine, EvalAltResult, ImmutableString, Map, NativeCallContext};

use super::checked;
use crate::policy::evaluation::{ask, error, or_problem};
use crate::policy::fields::{Fields, strings};
use crate::policy::interval::{self, Interval, Window};
use crate::policy::matcher::Matcher;

type FnResult<T> = Result<T, Box<EvalAltResult>>;

pub(super) fn register(engine: &mut Engine) {
    engine.register_type_with_name::<Interval>("Interval");
    engine.register_fn("during", |context: NativeCallContext<'_>, text: ImmutableString| {
        or_problem(&context, week(&text, "UTC"), || Interval::Broken)
    });
    engine.register_fn("during", |context: NativeCallContext<'_>, text: ImmutableString, zone: ImmutableString| {
        or_problem(&context, week(&text, &zone), || Interval::Broken)
    });
    engine.register_fn("during", |context: NativeCallContext<'_>, more: Map| {
        or_problem(&context, calendar(more), || Interval::Broken)
    });
    engine.register_fn("holiday", |context: NativeCallContext<'_>, days: Dynamic| {
        or_problem(&context, holiday(&days, "UTC"), || Interval::Broken)
    });
    engine.register_fn("holiday", |context: NativeCallContext<'_>, days: Dynamic, zone: ImmutableString| {
        or_problem(&context, holiday(&days, &zone), || Interval::Broken)
    });
    engine.register_fn("any_of", |intervals: Array| list(intervals).map(Interval::Any));
    engine.register_fn(
        "all_of",
        |context: NativeCallContext<'_>, list: Array| -> Result<Dynamic, Box<EvalAltResult>> {
            if list.first().is_some_and(|first| first.read_lock::<Interval>().is_some()) {
                return self::list(list).map(|all| Dynamic::from(Interval::All(all)));
            }
            or_problem(&context, matchers(&list), || Matcher::Broken).map(Dynamic::from)
        },
    );
    engine.register_fn("except", |interval: &mut Interval, other: Interval| {
        Interval::All(vec![interval.clone(), Interval::Not(Box::new(other))])
    });
    engine
        .register_fn("is_now", |interval: &mut Interval| ask("is_now()", |evaluation| interval.holds(evaluation.now)));
}

fn week(text: &str, zone: &str) -> Result<Interval, String> {
    let wrong = |message| format!("during: {message}");
    let zone = interval::zone(zone).map_err(wrong)?;
    interval::parse(text, zone).map(Interval::Window).map_err(wrong)
}

fn holiday(days: &Dynamic, zone: &str) -> Result<Interval, String> {
    let zone = interval::zone(zone).map_err(|message| format!("holiday: {message}"))?;
    let days = strings(days).filter(|days| !days.is_empty());
    let days = days.ok_or("holiday takes a date or a list of dates such as [\"12-25\", \"2026-04-03\"]")?;
    let dates = days.iter().map(|day| interval::dates(day)).collect::<Result<_, _>>()?;
    let open = Vec::new;
    Ok(Interval::Window(Window { zone, days: open(), months: open(), dates, hours: Vec::new() }))
}

fn calendar(more: Map) -> Result<Interval, String> {
    let mut fields = Fields::new(more);
    let mut wrong = Vec::new();
    let mut each = |texts: Option<Vec<String>>, read: &mut dyn FnMut(&str) -> Result<(), String>| {
        for text in texts.into_iter().flatten() {
            wrong.extend(read(&text).err());
        }
    };
    let mut window =
        Window { zone: TimeZone::UTC, days: Vec::new(), months: Vec::new(), dates: Vec::new(), hours: Vec::new() };
    each(fields.texts("days"), &mut |text| interval::days(text).map(|days| merge(&mut window.days, days)));
    each(fields.texts("months"), &mut |text| interval::months(text).map(|months| merge(&mut window.months, months)));
    each(fields.texts("hours"), &mut |text| interval::hours(text).map(|hours| window.hours.extend(hours)));
    each(fields.texts("dates"), &mut |text| interval::dates(text).map(|dates| window.dates.push(dates)));
    each(fields.text("zone").map(|zone| vec![zone]), &mut |text| interval::zone(text).map(|zone| window.zone = zone));
    fields.problems.extend(wrong);
    if window.days.is_empty() && window.months.is_empty() && window.hours.is_empty() && window.dates.is_empty() {
        fields.missing("days", "days, hours, months or dates");
    }
    checked(Interval::Window(window), fields.finish()).map_err(|wrong| format!("during: {wrong}"))
}

fn merge(all: &mut Vec<bool>, more: Vec<bool>) {
    if all.is_empty() {
        *all = more;
    } else {
        all.iter_mut().zip(more).for_each(|(slot, listed)| *slot |= listed);
    }
}

fn list(intervals: Array) -> FnResult<Vec<Interval>> {
    let one = |value: Dynamic| {
        value.try_cast::<Interval>().ok_or_else(|| error("this takes a list of during(…) and holiday(…)"))
    };
    intervals.into_iter().map(one).collect()
}

fn matchers(list: &Array) -> Result<Matcher, String> {
    if list.is_empty() {
        return Err("all_of([]) says nothing; name at least one matcher".into());
    }
    list.iter().map(Matcher::from_value).collect::<Result<_, _>>().map(Matcher::All)
}
