//! Declarations about events: what an event must be, and what it means.

use std::collections::BTreeMap;

use rhai::{Dynamic, FnPtr, Map};

use super::Reading;
use crate::domain::Severity;
use crate::domain::event::Pattern;
use crate::policy::fields::{Fields, describe};
use crate::policy::items::{AlertOf, AlertTemplate, Count, EventMeaning, EventRule, Meta};
use crate::policy::matcher::plain;
use crate::policy::on::DeclarationKind;
use crate::policy::span;

/// Times of a count: each is remembered.
const MOST_TIMES: u32 = 1_000;
/// The longest span of a count, and until an alert ends by itself.
const LONGEST_MS: i64 = 7 * 86_400_000;
/// The words of [`Severity`].
const SEVERITIES: &str = "critical, error, warning or info";

const ALERT_LIKE: &str = "alert: #{ name: \"KubePodCrashLooping\", severity: \"warning\", ends_after: \"15m\" }";

impl Reading<'_> {
    pub(super) fn event(&mut self, meta: Meta) -> Option<EventRule> {
        let (on, when) = (self.on(DeclarationKind::Event), self.when(1));
        let nothing = self.fields.flag("ignore").map(|truth| (truth, EventMeaning::Nothing));
        let count = self.count();
        let and_continue = self.fields.flag("and_continue");
        let raises = self.fields.take("alert").and_then(|value| self.raises(&value));
        let over = self.fields.texts("resolve").map(EventMeaning::Resolved);
        let forward = self.forward();
        let counted = count.is_some();
        let alert =
            raises.map(|raises| EventMeaning::Alert { raises, count, and_continue: and_continue.unwrap_or_default() });
        if and_continue.is_some() && alert.is_none() && self.fields.problems.is_empty() {
            self.fields.problems.push("`and_continue` belongs to `alert`: it lets later rules speak as well".into());
        }
        if nothing.as_ref().is_some_and(|(truth, _)| !truth) {
            self.fields.problems.push("`ignore` can only be true; leave it out where the event means something".into());
        }
        if counted && alert.is_none() && self.fields.problems.is_empty() {
            self.fields.missing("alert", ALERT_LIKE);
        }
        if let Some(EventMeaning::Resolved(names)) = &over
            && (names.is_empty() || names.iter().any(String::is_empty))
        {
            self.fields.problems.push("`resolve` names the alerts of the same object that are over".into());
        }
        if on.conditions.is_empty() && self.fields.problems.is_empty() {
            self.fields.problems.push("an event rule without `on` would hear everything; name what it is about".into());
        }
        let mut said: Vec<EventMeaning> =
            [nothing.map(|(_, means)| means), alert, over, forward].into_iter().flatten().collect();
        if said.len() != 1 {
            if self.fields.problems.is_empty() {
                self.fields
                    .problems
                    .push("an event rule says exactly one of `alert`, `resolve`, `forward` and `ignore`".into());
            }
            return None;
        }
        said.pop().map(|means| EventRule { meta, on, when, means })
    }

    /// Subjects under which an event is sent on: whole ones, or one word in place of the last of the event's own.
    fn forward(&mut self) -> Option<EventMeaning> {
        let subjects = self.fields.texts("forward")?;
        let wrong = subjects.iter().find(|subject| !Pattern::parse(subject).is_ok_and(|pattern| pattern.is_literal()));
        if wrong.is_some() || subjects.is_empty() {
            let text = "`forward` names a whole subject, such as \"ops.alerts.storage\", or one word that takes the place of the event's last, such as \"alerts\"";
            self.fields.problems.push(text.into());
        }
        Some(EventMeaning::Forward(subjects.iter().map(|subject| subject.to_lowercase()).collect()))
    }

    fn count(&mut self) -> Option<Count> {
        let map = self.fields.map("count")?;
        let mut fields = Fields::new(map);
        let (times, within_ms) = (fields.count("times"), fields.span("within"));
        if fields.problems.is_empty() && (times.is_none() || within_ms.is_none()) {
            fields.missing("times", "times: 3, within: \"10m\"");
        }
        if times.is_some_and(|times| times > MOST_TIMES) {
            fields.problems.push(format!("`times` is {MOST_TIMES} at most"));
        }
        if within_ms.is_some_and(|within| within > LONGEST_MS) {
            fields.problems.push("`within` may be \"7d\" at most".into());
        }
        self.fields.problems.extend(fields.finish().into_iter().map(|wrong| format!("`count`: {wrong}")));
        Some(Count { times: times?, within_ms: within_ms? })
    }

    fn raises(&mut self, value: &Dynamic) -> Option<AlertTemplate> {
        if let Some(closure) = value.read_lock::<FnPtr>() {
            return self.func("alert", closure.clone(), 1).map(AlertTemplate::Closure);
        }
        let Ok(map) = value.as_map_ref().map(|map| map.clone()) else {
            self.fields.unfit("alert", &format!("a map such as {ALERT_LIKE}, or a closure |e| #{{ … }}"), value);
            return None;
        };
        match alert_of(map) {
            Ok(alert) => Some(AlertTemplate::Fixed(Box::new(alert))),
            Err(wrong) => {
                self.fields.problems.extend(wrong.into_iter().map(|wrong| format!("`alert`: {wrong}")));
                None
            }
        }
    }
}

/// Reads an alert as a rule writes it down, or as its closure returns it.
pub(in crate::policy) fn alert_of(map: Map) -> Result<AlertOf, Vec<String>> {
    let mut fields = Fields::new(map);
    let name = fields.text("name").unwrap_or_default();
    let severity = fields.text("severity");
    let labels = pairs(&mut fields, "labels");
    let annotations = pairs(&mut fields, "annotations");
    let fingerprint = fields.text("fingerprint");
    let link = fields.text("link");
    let ends_after = fields.span("ends_after");
    if name.is_empty() && fields.problems.is_empty() {
        fields.missing("name", "name: \"KubePodCrashLooping\"");
    }
    let severity = match severity.as_deref() {
        None => Severity::Warning,
        Some(word) => Severity::ALL.into_iter().find(|known| known.as_str() == word).unwrap_or_else(|| {
            fields.problems.push(format!("`severity` is {SEVERITIES}, not {word:?}"));
            Severity::Warning
        }),
    };
    if let Some(ms) = ends_after.filter(|ms| !(1_000..=LONGEST_MS).contains(ms)) {
        fields.problems.push(format!("`ends_after` is from \"1s\" to \"7d\", not {:?}", span::show(ms)));
    }
    let wrong = fields.finish();
    if wrong.is_empty() {
        Ok(AlertOf { name, severity, labels, annotations, fingerprint, link, ends_after })
    } else {
        Err(wrong)
    }
}

fn pairs(fields: &mut Fields, key: &'static str) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for (name, value) in fields.map(key).unwrap_or_default() {
        // What an event does not have is no label.
        if value.is_unit() {
            continue;
        }
        match plain(&value) {
            Some(text) => {
                all.insert(name.to_string(), text);
            }
            None => {
                let got = describe(&value);
                fields
                    .problems
                    .push(format!("`{key}`, `{name}` must be a text, a number, true or false, but it is {got}"));
            }
        }
    }
    all
}
