//! `re`, `glob`, `not`, `exists` and the other matchers.

use rhai::{Dynamic, Engine, EvalAltResult, ImmutableString, NativeCallContext};

use crate::policy::evaluation::{error, or_problem};
use crate::policy::fields::describe;
use crate::policy::interval::Interval;
use crate::policy::matcher::{Comparison, Matcher, plain};

type FnResult = Result<Matcher, Box<EvalAltResult>>;

pub(super) fn register(engine: &mut Engine) {
    engine.register_type_with_name::<Matcher>("Matcher");
    engine.register_fn("re", |context: NativeCallContext<'_>, pattern: ImmutableString| -> FnResult {
        or_problem(&context, Matcher::regex(&pattern), || Matcher::Broken)
    });
    engine.register_fn("glob", |context: NativeCallContext<'_>, pattern: ImmutableString| -> FnResult {
        or_problem(&context, Matcher::glob(&pattern), || Matcher::Broken)
    });
    engine.register_fn("search", |context: NativeCallContext<'_>, pattern: ImmutableString| -> FnResult {
        or_problem(&context, Matcher::search(&pattern), || Matcher::Broken)
    });
    engine.register_fn("contains", |context: NativeCallContext<'_>, text: ImmutableString| -> FnResult {
        or_problem(&context, Matcher::contains(&text), || Matcher::Broken)
    });
    engine.register_fn("cidr", |context: NativeCallContext<'_>, network: ImmutableString| -> FnResult {
        or_problem(&context, Matcher::network(&network), || Matcher::Broken)
    });
    engine.register_fn("exists", || Matcher::Exists);
    engine.register_fn("absent", || Matcher::Absent);
    engine.register_fn("not", |context: NativeCallContext<'_>, value: Dynamic| -> Result<Dynamic, _> {
        if let Some(interval) = value.read_lock::<Interval>() {
            return Ok(Dynamic::from(Interval::Not(Box::new(interval.clone()))));
        }
        let inner = or_problem(&context, Matcher::from_value(&value), || Matcher::Broken)?;
        Ok::<_, Box<EvalAltResult>>(Dynamic::from(Matcher::Not(Box::new(inner))))
    });
    for (name, order) in
        [("gt", Comparison::Above), ("ge", Comparison::AtLeast), ("lt", Comparison::Below), ("le", Comparison::AtMost)]
    {
        engine.register_fn(name, move |limit: f64| Matcher::Number(order, limit));
        #[expect(clippy::cast_precision_loss, reason = "labels hold no numbers beyond 2^53")]
        engine.register_fn(name, move |limit: i64| Matcher::Number(order, limit as f64));
    }
    engine.register_fn(
        "matches",
        |context: NativeCallContext<'_>, text: Dynamic, value: Dynamic| -> Result<bool, Box<EvalAltResult>> {
            let matcher = or_problem(&context, Matcher::from_value(&value), || Matcher::Broken)?;
            if text.is_unit() {
                return Ok(matcher.accepts(None));
            }
            let Some(value) = plain(&text) else {
                return Err(error(format!("matches(…) takes a text or a number, not {}", describe(&text))));
            };
            matcher.judges(Some(&value)).ok_or_else(|| {
                error(format!(
                    "{} is not plainly what {matcher} asks for, so nobody can say whether it is",
                    describe(&text)
                ))
            })
        },
    );
    engine.register_fn("to_string", |matcher: &mut Matcher| matcher.to_string());
    engine.register_fn("to_debug", |matcher: &mut Matcher| matcher.to_string());
}
