//! Policies for hooks: event rules that raise an alert for what a hook hears, and routes that bring it to the hook's target.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::condition::Condition;
use super::subject::{self, Listening};
use super::{Became, Hook};
use crate::suggest::literal::text;

/// How long an alert of a hook lasts without another such event: a hook of ops tells of each event, a message here of each
/// trouble.
pub(super) const ENDS_AFTER: &str = "10m";

/// A hook, read and ready to be written.
pub(super) struct Ready {
    pub hook: Hook,
    /// The name of its rules, route and target.
    pub name: String,
    pub listening: Listening,
    pub condition: Condition,
    pub became: Became,
    /// What other hooks send on to it.
    pub after: Vec<After>,
    /// Whether it raises alerts of its own for a target, rather than plain ones.
    pub notifies: bool,
    /// Whether its target could be written down.
    pub has_target: bool,
}

/// A hook of type event whose target another one listens on.
pub(super) struct After {
    pub rule: String,
    pub patterns: Vec<String>,
    pub condition: Condition,
}

impl Ready {
    /// Whether a rule stands for it.
    pub fn fires(&self) -> bool {
        self.became.never.is_empty()
    }

    pub fn rule(&self) -> String {
        format!("hook-{}", self.name)
    }

    /// Whether its target is to cordon a node.
    pub fn cordons(&self) -> bool {
        let words = |c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_');
        self.notifies
            && self.hook.additional.split(words).any(|word| matches!(word, "cordon-node" | "cordon_node" | "cordon"))
    }
}

/// Reads every hook, and finds which hears what another one sends on.
pub(super) fn ready(hooks: Vec<Hook>) -> Vec<Ready> {
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    hooks.iter().for_each(|hook| *names.entry(hook.name.clone()).or_default() += 1);
    let mut all: Vec<Ready> = hooks.into_iter().map(|hook| read(hook, &names)).collect();
    chain(&mut all);
    all
}

fn read(hook: Hook, names: &BTreeMap<String, usize>) -> Ready {
    let several = names.get(&hook.name).is_some_and(|count| *count > 1);
    let name = if several { format!("{}-{}", hook.namespace, hook.name) } else { hook.name.clone() };
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '-' };
    let name: String = name.chars().map(plain).take(80).collect();
    let (listening, condition) = (Listening::of(&hook.subject), Condition::of(&hook));
    let place = if hook.namespace.is_empty() { String::new() } else { format!("{}/", hook.namespace) };
    let mut became = Became { hook: format!("{place}{}", hook.name), ..Became::default() };
    became.never.extend(listening.never.clone().into_iter().chain(condition.never.clone()));
    became.notes.extend(listening.notes.iter().chain(&condition.notes).cloned());
    let notifies = match hook.kind.as_str() {
        "webhook" | "xiezuo" | "elasticsearch" => true,
        "event" => false,
        other => {
            became.never.push(format!(
                "type {other:?} is none of webhook, xiezuo, event and elasticsearch: ops logs an error for each event and sends nothing"
            ));
            false
        }
    };
    if hook.url.is_empty() && notifies {
        became.never.push("it has no url, so ops sends nothing anywhere".into());
    }
    Ready { hook, name, listening, condition, became, after: Vec::new(), notifies, has_target: notifies }
}

/// Who hears what another one sends on, over so many steps at most.
const STEPS: usize = 4;

fn chain(all: &mut [Ready]) {
    let sends: Vec<(usize, String, Vec<String>, Condition)> = all
        .iter()
        .enumerate()
        .filter(|(_, one)| one.hook.kind == "event" && one.fires())
        .map(|(n, one)| (n, one.rule(), one.listening.patterns.clone(), one.condition.clone()))
        .collect();
    for (n, rule, patterns, condition) in sends {
        let Some(one) = all.get_mut(n) else { continue };
        let mut heard = subject::example(&one.hook.subject);
        let mut seen = vec![n];
        for _ in 0..STEPS {
            let Some(sender) = seen.last().and_then(|last| all.get(*last)) else { break };
            let sent = subject::target(&sender.hook.url, &heard);
            let hears = |other: &Ready| other.fires() && subject::hears(&other.hook.subject, &sent);
            if seen.iter().any(|before| all.get(*before).is_some_and(hears)) {
                if let Some(one) = all.get_mut(n) {
                    one.became.notes.push(format!(
                        "in ops this goes round for ever: what it sends as {sent} is heard again. Here it raises one alert, and nothing goes round"
                    ));
                }
                break;
            }
            let hearing: Vec<usize> =
                all.iter().enumerate().filter(|(_, other)| hears(other)).map(|(m, _)| m).collect();
            for m in &hearing {
                let Some(other) = all.get_mut(*m) else { continue };
                if other.notifies {
                    let condition = condition.and(&other.condition);
                    other
                        .became
                        .notes
                        .push(format!("it hears what {rule} sends on, so a second rule hears that at its origin"));
                    other.after.push(After { rule: rule.clone(), patterns: patterns.clone(), condition });
                }
            }
            heard = sent;
            match hearing.into_iter().find(|m| all.get(*m).is_some_and(|other| !other.notifies)) {
                Some(next) => seen.push(next),
                None => break,
            }
        }
    }
}

/// The file of what tells targets; empty where there is nothing.
pub(super) fn notifying(all: &[Ready]) -> String {
    let notifying: Vec<&Ready> = all.iter().filter(|one| one.notifies && one.fires()).collect();
    let mut out = String::new();
    if notifying.is_empty() {
        return out;
    }
    out.push_str(
        "// Made of EventHooks by `tidegate import eventhooks`; see \"EventHooks\" in README.md. A hook raises an alert for what it\n\
         // hears and lets later rules speak as well, so put this file before those that decide.\n",
    );
    for one in &notifying {
        let told = |why: &str| format!("{} sends it to its {}{why}", one.became.hook, one.hook.kind);
        event(&mut out, &one.rule(), &told(""), &one.listening.patterns, &one.condition, Some(&one.name));
        for after in &one.after {
            let (name, why) =
                (format!("{}-after-{}", one.rule(), after.rule), format!(", which {} sends on", after.rule));
            event(&mut out, &name, &told(&why), &after.patterns, &after.condition, Some(&one.name));
        }
    }
    let names: Vec<String> = notifying.iter().map(|one| text(&one.name)).collect();
    let on = format!("on: #{{ source: \"events\", hook: [{}] }},", names.join(", "));
    let _ = write!(
        out,
        "\n// Each object and reason is an incident of its own, so that each is told of.\n\
         group(\"hooks\", #{{\n    {on}\n    by: [\"hook\", \"event_subject\", \"reason\"],\n}});\n"
    );
    for one in notifying.iter().filter(|one| one.cordons()) {
        cordon(&mut out, one);
    }
    let _ = write!(
        out,
        "\nrule(\"hooks-tell-people\", #{{\n    description: \"a hook is for its target, and nobody is asked what to do\",\n    {on}\n    then: escalate(\"a hook sends it to its target\"),\n}});\n"
    );
    for one in &notifying {
        let (rule, name) = (text(&one.rule()), text(&one.name));
        let _ = write!(
            out,
            "\nroute({rule}, #{{\n    on: #{{ source: \"events\", hook: {name} }},\n    occasions: [\"report\", \"resolved\"],\n    to: [{name}],\n}});\n"
        );
    }
    out
}

/// The file of what becomes an alert; empty where there is nothing.
pub(super) fn converting(all: &[Ready]) -> String {
    let mut out = String::new();
    for one in all.iter().filter(|one| !one.notifies && one.fires()) {
        if out.is_empty() {
            out.push_str(
                "// Made of EventHooks of type event by `tidegate import eventhooks`: what they hear is an alert, called by its reason.\n\
                 // Put this file behind the rules that know better what an event means.\n",
            );
        }
        let why = format!("{} makes an alert of it", one.became.hook);
        event(&mut out, &one.rule(), &why, &one.listening.patterns, &one.condition, None);
    }
    out
}

fn event(out: &mut String, rule: &str, why: &str, patterns: &[String], condition: &Condition, hook: Option<&str>) {
    let patterns: Vec<String> = patterns.iter().map(|pattern| text(pattern)).collect();
    let subject = match patterns.as_slice() {
        [one] => one.clone(),
        all => format!("[{}]", all.join(", ")),
    };
    let rendered = condition.expression().map(|on| format!("\n        rendered: {on},")).unwrap_or_default();
    let _ = write!(
        out,
        "\nevent({}, #{{\n    description: {},\n    on: #{{\n        subject: {subject},{rendered}\n    }},\n",
        text(rule),
        text(why)
    );
    let _ = match hook {
        Some(hook) => {
            let (hook, start) = (text(hook), text(&format!("hook {hook} ")));
            write!(
                out,
                "    and_continue: true,\n    alert: |e| #{{\n        name: {hook},\n        severity: \"warning\",\n        \
                 labels: #{{ hook: {hook}, reason: e.reason, event_subject: e.subject }},\n        \
                 annotations: #{{ event_text: e.rendered }},\n        \
                 fingerprint: {start} + e.subject + \" \" + e.reason,\n        ends_after: \"{ENDS_AFTER}\",\n    }},\n}});\n"
            )
        }
        None => {
            let rule = text(rule);
            write!(
                out,
                "    alert: |e| #{{\n        name: if e.reason == \"\" {{ {rule} }} else {{ e.reason }},\n        \
                 severity: \"warning\",\n        annotations: #{{ event_text: e.rendered }},\n        ends_after: \"{ENDS_AFTER}\",\n    }},\n}});\n"
            )
        }
    };
}

fn cordon(out: &mut String, one: &Ready) {
    let (rule, name) = (text(&format!("{}-cordons", one.rule())), text(&one.name));
    let why = text(&format!("{} wants the node cordoned; here it goes through the gate", one.became.hook));
    let _ = write!(
        out,
        "\n// Its target cordons the node behind the back of every gate. Take the line with the mode away to have it done here, and\n\
         // then the route {} as well: both would do it.\n\
         rule({rule}, #{{\n    description: {why},\n    mode: \"observe\",\n    \
         on: #{{ source: \"events\", hook: {name}, node: exists() }},\n    \
         when: |i| tool(\"*.node_management\") != (),\n    \
         then: |i| remediate(act(tool(\"*.node_management\"), #{{ operation: \"cordon\", nodeName: i.labels.node }}, #{{\n        \
         target: \"node/\" + i.labels.node, reason: \"keep new pods off node \" + i.labels.node,\n    }})),\n}});\n",
        one.rule()
    );
}
