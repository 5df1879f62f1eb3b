//! Everything that a policy may call, as data: from this come the definitions for editors, and the
//! tests that hold `policies/README.md` complete.

use std::fmt::Write;

/// One function.
#[derive(Clone, Copy, Debug)]
pub(super) struct Function {
    /// The forms in which it can be called, as rhai definitions.
    pub forms: &'static [&'static str],
    /// What it does, in a sentence or two.
    pub about: &'static str,
}

#[cfg(test)]
impl Function {
    /// Its name.
    pub fn name(&self) -> &'static str {
        self.forms.first().and_then(|form| form.split('(').next()).unwrap_or_default()
    }
}

const fn f(forms: &'static [&'static str], about: &'static str) -> Function {
    Function { forms, about }
}

/// Functions by what they are for.
pub(super) const FUNCTIONS: [(&str, &[Function]); 9] = [
    (
        "Declarations, at the top level of a file",
        &[
            f(
                &["rule(name: string, fields: map)"],
                "What to do about an incident; `on: #{ finding: … }` goes by what the host finds to be wrong, which is then found out first: `on`, `when`, `then`, `for_at_least`, `mode`, `description`, `owner`, `tags`. The first rule that matches decides.",
            ),
            f(
                &["gate(name: string, fields: map)"],
                "Whether an action may be done: `on`, `when`, and one of `allow`, `ask` and `deny`; `cooldown`, `mode`. The most restrictive gate that matches wins.",
            ),
            f(
                &["route(name: string, fields: map)"],
                "Who is told: `on`, `when`, `to`, `occasions`, `and_continue`; and who is told when one of them does not take the message: `fallback`, `fallback_after`. The first route that matches is taken, and the following as long as they continue.",
            ),
            f(&["group(name: string, fields: map)"], "Which alerts belong to one incident: `on`, `by`."),
            f(
                &["silence(name: string, fields: map)"],
                "Nobody wants to hear of these: `on`, `from`, `until`, `author`, `comment`.",
            ),
            f(
                &["silence_gate(name: string, fields: map)"],
                "What silences people may make while the host runs: `on` (labels of the alerts that one might cover), and one of `max` and `deny`.",
            ),
            f(
                &["inhibit(name: string, fields: map)"],
                "While an alert of `source` fires in another incident, one of `target` waits: `source`, `target`, `equal`, `recheck`.",
            ),
            f(
                &["evidence(name: string, fields: map)"],
                "What the model is shown: `on`, `when`, `collect`. Every one that matches is asked.",
            ),
            f(
                &["check(name: string, fields: map)"],
                "How the host sees that an action helped, and what restores what it changed: `on`, `when`, `verify`, `before: |a| look(…)`, `undo: |a, before| act(…)`.",
            ),
            f(
                &["event(name: string, fields: map)"],
                "What an event means: `on`, `when`, and one of `alert`, `resolve` and `ignore`; `count: #{ times, within }` and `and_continue` with `alert`. The first that raises or ignores decides, unless it says `and_continue`; every `resolve` is heard.",
            ),
        ],
    ),
    (
        "Matchers, in `on`",
        &[
            f(&["re(pattern: string) -> Matcher"], "A regular expression that must match the whole value."),
            f(&["glob(pattern: string) -> Matcher"], "`*` stands for anything, `?` for one character."),
            f(&["search(pattern: string) -> Matcher"], "A regular expression that must match somewhere in the value."),
            f(&["contains(text: string) -> Matcher"], "A text that must stand somewhere in the value."),
            f(
                &["not(matcher: ?) -> Matcher", "not(interval: Interval) -> Interval"],
                "Anything else; also no value at all, except in a gate that allows.",
            ),
            f(&["exists() -> Matcher"], "Any value."),
            f(&["absent() -> Matcher"], "No value."),
            f(&["gt(limit: float) -> Matcher"], "A number above the limit."),
            f(&["ge(limit: float) -> Matcher"], "A number at or above the limit."),
            f(&["lt(limit: float) -> Matcher"], "A number below the limit."),
            f(&["le(limit: float) -> Matcher"], "A number at or below the limit."),
            f(&["cidr(network: string) -> Matcher"], "An address within a network, with or without a port."),
            f(&["matches(value: ?, matcher: ?) -> bool"], "Holds a value against a matcher, in a closure."),
        ],
    ),
    (
        "Verdicts, in `then`",
        &[
            f(&["suppress() -> Verdict", "suppress(reason: string) -> Verdict"], "Nobody needs to know."),
            f(&["escalate() -> Verdict", "escalate(reason: string) -> Verdict"], "A person must look."),
            f(
                &["investigate() -> Verdict", "investigate(reason: string) -> Verdict"],
                "The model is asked, with the evidence that is collected before.",
            ),
            f(
                &[
                    "remediate(act: Act) -> Verdict",
                    "remediate(acts: array) -> Verdict",
                    "remediate(acts: ?, reason: string) -> Verdict",
                ],
                "These actions are done in order, as far as the gate allows.",
            ),
            f(
                &["alternatives(acts: array) -> Verdict", "alternatives(acts: array, reason: string) -> Verdict"],
                "The first of these actions that helps, best first: the next is tried only where the one before was denied, or did not help and nothing is left of it; three at most.",
            ),
            f(
                &["plan(plugin: string) -> Verdict", "plan(plugin: string, reason: string) -> Verdict"],
                "A remediation plugin is asked what to do.",
            ),
            f(
                &["hold(time: string) -> Verdict", "hold(time: string, reason: string) -> Verdict"],
                "Nothing is done yet; it is decided again after this time.",
            ),
        ],
    ),
    (
        "Calls as data; nothing is called by a policy",
        &[
            f(
                &["look(tool: string) -> Look", "look(tool: string, arguments: map) -> Look"],
                "A read-only call, on which the gates rule before it is made.",
            ),
            f(
                &[
                    "act(tool: string) -> Act",
                    "act(tool: string, arguments: map) -> Act",
                    "act(tool: string, arguments: map, more: map) -> Act",
                ],
                "A change. `more` may hold `target`, `reason`, `evidence`, `root_cause`, `verify` and `undo`; each is also a method.",
            ),
            f(&["target(act: Act, text: string) -> Act"], "What is changed, for people."),
            f(&["reason(act: Act, text: string) -> Act"], "Why, for the person who must decide."),
            f(&["evidence(act: Act, texts: ?) -> Act"], "The observations behind it."),
            f(&["root_cause(act: Act, text: string) -> Act"], "What is wrong."),
            f(&["verify(act: Act, verification: Verification) -> Act"], "How to see that it worked."),
            f(
                &["undo(act: Act, back: Act) -> Act"],
                "What takes it back in this rule's word: it is shown to people, and asked about before it is done.",
            ),
            f(
                &["verification(look: Look, more: map) -> Verification"],
                "A look and the JSONPath queries that must select something (`present`), nothing (`absent`), or something as soon as the call has arrived (`applied`); `within`, `every`.",
            ),
            f(&["tools(pattern: string) -> array"], "Names of the tools that exist, by a glob. In closures."),
            f(&["tool(pattern: string) -> ?"], "The first of them, or (). In closures."),
        ],
    ),
    (
        "Gates",
        &[
            f(
                &["budget(fields: map) -> Budget"],
                "At most `max` within `within`, counted apart `per` cluster, namespace, kind, target, tool or incident, and for what `of` names.",
            ),
            f(
                &["canary(after: int, fields: map) -> Canary"],
                "Asks until so many executions in a row were seen to help, then allows: `who`, `approvals`, `own`, `within` and `reason` as in `ask`; `per` as in a budget; `budget`.",
            ),
            f(
                &["share(percent: int, number: ?) -> int", "share(percent: int, number: ?, least: int) -> int"],
                "So many percent of a number, rounded down, but not less than `least`; an error, and so a no, when the number is ().",
            ),
            f(
                &["seen(look: Look, within: string) -> ?"],
                "What the host itself saw when it made this look for the gate, at most this long ago, read as JSON or YAML; () when it saw no object. In closures of gates.",
            ),
        ],
    ),
    (
        "Objects that stand as texts in arguments",
        &[
            f(
                &["parse_object(text: ?) -> ?"],
                "The one object that a text holds, as JSON or YAML; () where it cannot be read without doubt or holds several.",
            ),
            f(&["object_text(object: map) -> string"], "An object as a text that the tools read."),
            f(
                &["changes(before: ?, after: ?) -> array"],
                "The fields in which two objects differ, each with `path`, `before` and `after` as JSON, () where there is none; lists of named things are compared by name. An error, and so a no in a gate, beyond 40.",
            ),
        ],
    ),
    (
        "Time",
        &[
            f(
                &[
                    "during(text: string) -> Interval",
                    "during(text: string, zone: string) -> Interval",
                    "during(fields: map) -> Interval",
                ],
                "Days and hours on a clock of this zone; UTC where none is named. A night belongs to the day on which it begins.",
            ),
            f(
                &["holiday(dates: ?) -> Interval", "holiday(dates: ?, zone: string) -> Interval"],
                "A date, a list of dates, `12-25` for a day of every year, `from..to` for a span.",
            ),
            f(&["any_of(intervals: array) -> Interval"], "When any of them holds."),
            f(&["all_of(list: array) -> ?"], "When all of them hold: times, or matchers in `on`."),
            f(
                &["except(interval: Interval, other: Interval) -> Interval"],
                "When the first holds and the other does not.",
            ),
            f(&["is_now(interval: Interval) -> bool"], "Whether it holds at the time of the decision. In closures."),
        ],
    ),
    (
        "History, in closures",
        &[
            f(
                &["incidents() -> int", "incidents(select: map) -> int"],
                "How many other incidents there were: `rule`, `name`, `outcome`, `group: true` for this group key, `target`, `tool` (what changed it, with or without its server), `finding` (what was found to be wrong when it was changed), `within`.",
            ),
            f(&["fixes() -> int", "fixes(select: map) -> int"], "How many actions were executed for them."),
            f(&["successes() -> int", "successes(select: map) -> int"], "How many of these were seen to help."),
            f(
                &["flapping(times: int, within: string) -> bool"],
                "Whether this group key, this time included, has opened so often; what a person had decided anew counts once.",
            ),
            f(
                &["past(select: map) -> array"],
                "The incidents themselves, the latest 500: name, rule, group_key, opened_at, outcome, count (of fixes), names (of their targets), tools (with which), findings (for what), helped.",
            ),
        ],
    ),
    (
        "Labels, in closures",
        &[
            f(
                &["label(view: View, name: string) -> string"],
                "A label of an incident or alert; an empty text where it is missing.",
            ),
            f(&["annotation(view: View, name: string) -> string"], "The same for annotations."),
            f(
                &["subject_of(view: View) -> ?"],
                "Whom an alert is about, or what all alerts of an incident that fire are about, be it the workload that they share: `kind` (`pod`, `deployment`, `node`, …), `name`, `namespace`, `cluster`; () where the labels name nobody but an exporter, or the alerts are about several. The values are an alert's own text.",
            ),
            f(
                &["workload_by_name(view: View) -> ?"],
                "The workload that this belongs to, as far as names tell: a pod `web-85754b9c87-x2k4p` to the deployment `web`. The kind is `workload` where a pod's name leaves it open; () for what is none.",
            ),
        ],
    ),
];

/// The definitions for editors that know rhai: `policies/api.d.rhai`.
pub fn definitions() -> String {
    let mut out = String::from("module static;\n");
    for (title, functions) in FUNCTIONS {
        let _ = write!(out, "\n// ---- {title} ----\n");
        for function in functions {
            for form in function.forms {
                let _ = write!(out, "\n/// {}\nfn {form};\n", function.about);
            }
        }
    }
    out
}
