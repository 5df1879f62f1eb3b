//! From the maps that files declare to typed items, with everything that is wrong collected.

mod events;
mod silences;

use std::collections::HashMap;

pub(super) use events::alert_of;
use jiff::Timestamp;
use rhai::{Dynamic, FnPtr};

use super::code::{Defined, Func};
use super::evaluation::Declared;
use super::fields::Fields;
use super::functions::gating::{LONGEST_MS, opening, question};
use super::interval::Interval;
use super::items::{
    CheckRule, Condition, Evidence, Gate, GateResponse, Group, Inhibit, Items, Meta, Route, Rule, RuleVerdict, Silence,
};
use super::on::{DeclarationKind, On};
use super::problem::{Location, Problem};
use super::values::{AllowTerms, VerdictValue};
use crate::domain::delivery::Fallback;
use crate::domain::{Mode, Occasion};

/// How long a critical message or a question may stay undelivered before the fallback is told.
const FALLBACK_AFTER: i64 = 5 * 60_000;

/// Takes in what files declare, one after the other.
#[derive(Default)]
pub(super) struct Builder {
    pub items: Items,
    pub problems: Vec<Problem>,
    names: HashMap<(&'static str, String), Location>,
}

/// One declaration while it is read.
struct Reading<'a> {
    fields: Fields,
    file: usize,
    defined: &'a Defined,
    /// Its closures are given an event.
    of_events: bool,
}

impl Builder {
    /// Takes in one declaration.
    pub fn add(&mut self, file: usize, defined: &Defined, declared: Declared) {
        let Declared { kind, name, place, fields } = declared;
        let mut reading = Reading { fields: Fields::new(fields), file, defined, of_events: kind == "event" };
        self.name(kind, &name, &place, &mut reading.fields.problems);
        let meta = Meta {
            name: name.clone(),
            place: place.clone(),
            description: reading.fields.text("description").unwrap_or_default(),
            owner: reading.fields.text("owner").unwrap_or_default(),
            tags: reading.fields.texts("tags").unwrap_or_default(),
            mode: if matches!(kind, "rule" | "gate") { reading.mode() } else { Mode::Enforce },
        };
        let items = &mut self.items;
        match kind {
            "rule" => items.rules.extend(reading.rule(meta)),
            "gate" => items.gates.extend(reading.gate(meta)),
            "route" => items.routes.extend(reading.route(meta)),
            "group" => items.groups.extend(reading.group(meta)),
            "silence" => items.silences.extend(reading.silence(meta)),
            "silence_gate" => items.silence_gates.extend(reading.silence_gate(meta)),
            "inhibit" => items.inhibits.extend(reading.inhibit(meta)),
            "evidence" => items.evidence.extend(reading.evidence(meta)),
            "event" => items.events.extend(reading.event(meta)),
            _ => items.checks.extend(reading.check(meta)),
        }
        for wrong in reading.fields.finish() {
            let message = format!("{kind} `{name}`: {wrong}");
            self.problems.push(Problem { place: place.clone(), message });
        }
    }

    fn name(&mut self, kind: &'static str, name: &str, place: &Location, problems: &mut Vec<String>) {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
        if name.is_empty() || name.len() > 100 || !name.chars().all(plain) || name.starts_with("builtin.") {
            problems.push(
                "a name is 1 to 100 letters, digits, `-`, `_`, `.` or `/`, and does not begin with `builtin.`".into(),
            );
        }
        if let Some(first) = self.names.insert((kind, name.to_string()), place.clone()) {
            problems.push(format!("the name is taken by {first}; every {kind} needs a name of its own"));
        }
    }
}

impl Reading<'_> {
    fn mode(&mut self) -> Mode {
        match self.fields.text("mode").as_deref() {
            None | Some("enforce") => Mode::Enforce,
            Some("observe") => Mode::Observe,
            Some(other) => {
                self.fields.problems.push(format!("`mode` is \"observe\" or \"enforce\", not {other:?}"));
                Mode::Observe
            }
        }
    }

    fn on_key(&mut self, key: &'static str, about: DeclarationKind) -> On {
        let map = self.fields.map(key).unwrap_or_default();
        let mut problems = Vec::new();
        let on = On::read(&map, about, &mut problems);
        self.fields.problems.extend(problems);
        on
    }

    fn on(&mut self, about: DeclarationKind) -> On {
        self.on_key("on", about)
    }

    fn func(&mut self, key: &str, closure: FnPtr, arguments: usize) -> Option<Func> {
        match Func::find(self.file, self.defined, closure) {
            Ok(func) if func.params > arguments => {
                let takes = func.params;
                let given = match arguments {
                    1 if self.of_events => "|e|",
                    1 => "|i|",
                    2 => "|a, i|",
                    _ => "|a, before, i|",
                };
                self.fields.problems.push(format!("the closure in `{key}` takes {takes} arguments, but gets {given}"));
                None
            }
            Ok(func) => Some(func),
            Err(why) => {
                self.fields.problems.push(format!("`{key}` {why}"));
                None
            }
        }
    }

    fn closure(&mut self, key: &'static str, arguments: usize, like: &str) -> Option<Func> {
        let closure = self.fields.closure(key, like)?;
        self.func(key, closure, arguments)
    }

    fn when(&mut self, arguments: usize) -> Condition {
        let Some(value) = self.fields.take("when") else { return Condition::Always };
        if let Some(interval) = value.read_lock::<Interval>() {
            return Condition::Interval(interval.clone());
        }
        if let Some(closure) = value.read_lock::<FnPtr>() {
            return self.func("when", closure.clone(), arguments).map_or(Condition::Always, Condition::Closure);
        }
        let like = if self.of_events { "|e| e.namespace != \"test\"" } else { "|i| i.age > 300" };
        self.fields.unfit("when", &format!("a closure such as {like}, or during(…)"), &value);
        Condition::Always
    }

    fn rule(&mut self, meta: Meta) -> Option<Rule> {
        let (on, when) = (self.on(DeclarationKind::Rule), self.when(1));
        let for_at_least = self.fields.span("for_at_least");
        let Some(value) = self.fields.take("then") else {
            self.fields.missing("then", "then: escalate(), or a closure |i| … that returns a verdict");
            return None;
        };
        let then = if let Some(word) = value.read_lock::<VerdictValue>() {
            RuleVerdict::Fixed(word.clone())
        } else if let Some(closure) = value.read_lock::<FnPtr>() {
            RuleVerdict::Closure(self.func("then", closure.clone(), 1)?)
        } else {
            self.fields.unfit("then", "a verdict such as escalate(), or a closure |i| …", &value);
            return None;
        };
        Some(Rule { meta, on, when, then, for_at_least })
    }

    fn gate(&mut self, meta: Meta) -> Option<Gate> {
        let (on, when) = (self.on(DeclarationKind::Action), self.when(2));
        let allow = self.fields.take("allow").and_then(|value| self.allow(&value));
        let ask = self.fields.take("ask").and_then(|value| self.ask(&value));
        let deny = self.fields.take("deny").and_then(|value| self.deny(&value));
        let cooldown = self.fields.span("cooldown");
        if cooldown.is_some_and(|cooldown| cooldown > LONGEST_MS) {
            self.fields.problems.push("`cooldown` may be \"31d\" at most: what was changed before is forgotten".into());
        }
        if cooldown.is_some() && deny.is_some() {
            self.fields.problems.push("a gate that denies lets nothing through, so it has no `cooldown`".into());
        }
        let mut said: Vec<GateResponse> = [allow, ask, deny].into_iter().flatten().collect();
        if said.len() != 1 {
            if self.fields.problems.is_empty() {
                self.fields.problems.push("a gate says exactly one of `allow`, `ask` and `deny`".into());
            }
            return None;
        }
        let wide = on.normalised();
        said.pop().map(|says| Gate { meta, on, wide, when, says, cooldown })
    }

    fn allow(&mut self, value: &Dynamic) -> Option<GateResponse> {
        if value.as_bool() == Ok(true) {
            return Some(GateResponse::Allow(AllowTerms::default()));
        }
        if let Some(closure) = value.read_lock::<FnPtr>() {
            return self.func("allow", closure.clone(), 2).map(GateResponse::AllowIf);
        }
        match opening(value) {
            Some(opening) => Some(GateResponse::Allow(opening)),
            None => {
                let like = "true, budget(…), a list of budgets, canary(…), or a closure |a, i| …";
                self.fields.unfit("allow", like, value);
                None
            }
        }
    }

    fn ask(&mut self, value: &Dynamic) -> Option<GateResponse> {
        let map = if let Ok(reason) = value.as_immutable_string_ref() {
            [("reason".into(), Dynamic::from(reason.clone()))].into()
        } else if let Ok(map) = value.as_map_ref() {
            map.clone()
        } else {
            self.fields.unfit("ask", "a map such as #{ who: \"sre\", within: \"30m\" }, or the reason", value);
            return None;
        };
        let mut fields = Fields::new(map);
        let question = question(&mut fields);
        let wrong = fields.finish();
        let right = wrong.is_empty();
        self.fields.problems.extend(wrong.into_iter().map(|wrong| format!("`ask`: {wrong}")));
        right.then_some(GateResponse::Ask(question))
    }

    fn deny(&mut self, value: &Dynamic) -> Option<GateResponse> {
        if value.as_bool() == Ok(true) {
            return Some(GateResponse::Deny(String::new()));
        }
        if let Ok(reason) = value.as_immutable_string_ref() {
            return Some(GateResponse::Deny(reason.to_string()));
        }
        if let Some(closure) = value.read_lock::<FnPtr>() {
            return self.func("deny", closure.clone(), 2).map(GateResponse::DenyIf);
        }
        self.fields.unfit("deny", "the reason as a text, true, or a closure |a, i| …", value);
        None
    }

    fn route(&mut self, meta: Meta) -> Option<Route> {
        let (on, when) = (self.on(DeclarationKind::Message), self.when(1));
        let and_continue = self.fields.flag("and_continue").unwrap_or(false);
        let mut occasions = Vec::new();
        for word in self.fields.texts("occasions").unwrap_or_default() {
            let all = [Occasion::Approval, Occasion::Report, Occasion::Resolved];
            match all.into_iter().find(|occasion| occasion.as_str() == word) {
                Some(occasion) => occasions.push(occasion),
                None => self.fields.problems.push(format!(
                    "`occasions` cannot name {word:?}; they are \"approval\", \"report\" and \"resolved\""
                )),
            }
        }
        let to = self.fields.texts("to").unwrap_or_default();
        if to.is_empty() && self.fields.problems.is_empty() {
            self.fields.missing("to", "to: [\"name-of-a-notifier-target\"]");
        }
        let fallback = self.fallback(&to);
        Some(Route { meta, on, when, to, fallback, and_continue, occasions })
    }

    fn fallback(&mut self, to: &[String]) -> Option<Fallback> {
        let targets = self.fields.texts("fallback");
        let after = self.fields.span("fallback_after");
        let Some(targets) = targets else {
            if after.is_some() && self.fields.problems.is_empty() {
                self.fields.missing("fallback", "fallback: [\"name-of-another-notifier-target\"]");
            }
            return None;
        };
        for target in targets.iter().filter(|target| to.contains(target)) {
            self.fields.problems.push(format!(
                "`fallback` names {target:?}, which `to` names too; name a target that people hear from by another way"
            ));
        }
        let after = after.unwrap_or(FALLBACK_AFTER);
        if !(1_000..=86_400_000).contains(&after) {
            self.fields.problems.push("`fallback_after` is from \"1s\" to \"24h\"".into());
        }
        (!targets.is_empty()).then_some(Fallback { to: targets, after_ms: u64::try_from(after).unwrap_or_default() })
    }

    fn group(&mut self, meta: Meta) -> Option<Group> {
        let on = self.on(DeclarationKind::Incident);
        let by = self.fields.texts("by").unwrap_or_default();
        if by.is_empty() && self.fields.problems.is_empty() {
            self.fields.missing("by", "by: [\"alertname\", \"namespace\"]");
        }
        Some(Group { meta, on, by })
    }

    fn time(&mut self, key: &'static str) -> Option<Timestamp> {
        let text = self.fields.text(key)?;
        let zoned = || text.parse::<jiff::Zoned>().map(|zoned| zoned.timestamp());
        let time = text.parse::<Timestamp>().or_else(|_| zoned());
        if time.is_err() {
            self.fields.problems.push(format!(
                "`{key}`: {text:?} is not a time; write it like \"2026-12-24T18:00:00Z\" or \"2026-12-24T18:00[Europe/Berlin]\""
            ));
        }
        time.ok()
    }

    fn silence(&mut self, meta: Meta) -> Option<Silence> {
        let on = self.on(DeclarationKind::Incident);
        let (from, until) = (self.time("from"), self.time("until"));
        let author = self.fields.text("author").unwrap_or_default();
        let comment = self.fields.text("comment").unwrap_or_default();
        if on.conditions.is_empty() && self.fields.problems.is_empty() {
            self.fields.problems.push("a silence without `on` would silence everything; name what it is about".into());
        }
        if author.is_empty() && self.fields.problems.is_empty() {
            self.fields.missing("author", "author: \"who wants it\"");
        }
        if let (Some(from), Some(until)) = (from, until)
            && until <= from
        {
            self.fields.problems.push("it ends before it begins".into());
        }
        Some(Silence { meta, on, from, until, author, comment })
    }

    fn inhibit(&mut self, meta: Meta) -> Option<Inhibit> {
        let (source, target) =
            (self.on_key("source", DeclarationKind::Incident), self.on_key("target", DeclarationKind::Incident));
        let equal = self.fields.texts("equal").unwrap_or_default();
        let recheck = self.fields.span("recheck").unwrap_or(300_000);
        if (source.conditions.is_empty() || target.conditions.is_empty()) && self.fields.problems.is_empty() {
            self.fields.missing("source", "both source: #{ … } and target: #{ … }");
        }
        Some(Inhibit { meta, source, target, equal, recheck })
    }

    fn evidence(&mut self, meta: Meta) -> Option<Evidence> {
        let (on, when) = (self.on(DeclarationKind::Incident), self.when(1));
        let like = "|i| [look(\"server.tool\", #{ … })]";
        let collect = self.closure("collect", 1, like);
        if collect.is_none() && self.fields.problems.is_empty() {
            self.fields.missing("collect", &format!("collect: {like}"));
        }
        Some(Evidence { meta, on, when, collect: collect? })
    }

    fn check(&mut self, meta: Meta) -> Option<CheckRule> {
        let (on, when) = (self.on(DeclarationKind::Call), self.when(2));
        let verify = self.closure("verify", 2, "|a, i| verification(look(…), #{ … })");
        let before = self.closure("before", 2, "|a, i| look(…)");
        let undo = self.closure("undo", 3, "|a, before, i| act(…)");
        if verify.is_none() && undo.is_none() && self.fields.problems.is_empty() {
            self.fields.missing(
                "verify",
                "verify: |a, i| verification(…), or before: |a| look(…) and undo: |a, before| act(…)",
            );
        }
        if before.is_some() && undo.is_none() && self.fields.problems.is_empty() {
            self.fields.missing("undo", "undo: |a, before| act(…), which restores what `before` saw");
        }
        let wide = on.normalised();
        Some(CheckRule { meta, on, wide, when, verify, before, undo })
    }
}
