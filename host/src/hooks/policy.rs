//! Policies for hooks: event rules that raise an alert for what a hook hears, and routes that bring it to the hook's target.

use std::fmt::Write;

use super::condition::Condition;
use super::config::{self, Target};
use super::names::Names;
use super::subject::{self, Forwarding, Subscription};
use super::{ExistingNames, Hook, HookResult, ImportRequest, LeftOut};
use crate::suggest::literal::text as text_of;

/// How long an alert of a hook lasts without another such event: a hook of ops tells of each event, a message here of each
/// trouble.
pub(super) const ENDS_AFTER: &str = "10m";

/// A hook, read and ready to be written.
pub(super) struct ConvertedHook {
    pub hook: Hook,
    /// The name of its rules, route and target.
    pub name: String,
    pub listening: Subscription,
    pub condition: Condition,
    pub became: HookResult,
    /// What other hooks send on to it.
    pub after: Vec<After>,
    /// How it sends events on; none where it tells a target.
    pub sends: Option<Forwarding>,
    /// Whom it tells; none where it sends events on, or can never fire.
    pub target: Option<Target>,
}

/// A hook of type event whose target another one listens on.
pub(super) struct After {
    pub patterns: Vec<String>,
    pub condition: Condition,
    /// How it is sent on from its origin, where it is.
    pub sends: Option<Forwarding>,
    /// Which hook sends it on.
    pub sender: String,
}

impl ConvertedHook {
    /// Whether a rule stands for it.
    pub fn fires(&self) -> bool {
        self.became.never.is_empty()
    }

    /// Whether it raises alerts of its own for a target.
    pub fn notifies(&self) -> bool {
        self.target.is_some()
    }

    pub fn rule(&self) -> String {
        format!("hook-{}", self.name)
    }

    /// Its rules about events: their names, and whose events they hear where that is not the hook itself.
    pub fn rules(&self) -> impl Iterator<Item = (String, &[String], &Condition, Option<&After>)> {
        let own = (self.rule(), self.listening.patterns.as_slice(), &self.condition, None);
        let after = self.after.iter().enumerate();
        let after = after.map(|(n, after)| {
            (format!("{}/after-{}", self.rule(), n + 1), after.patterns.as_slice(), &after.condition, Some(after))
        });
        std::iter::once(own).chain(after)
    }

    /// Whether its target is to cordon a node.
    pub fn cordons(&self) -> bool {
        let words = |c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_');
        self.notifies()
            && self.hook.additional.split(words).any(|word| matches!(word, "cordon-node" | "cordon_node" | "cordon"))
    }

    /// That nothing is made of it.
    pub fn left_out(&self, field: &str, why: String) -> LeftOut {
        LeftOut { file: self.hook.file.clone(), hook: self.hook.place(), field: field.into(), why }
    }
}

/// Reads every hook, and finds which hears what another one sends on; and of which nothing can be made.
pub(super) fn ready(hooks: Vec<Hook>, wanted: &ImportRequest) -> (Vec<ConvertedHook>, Vec<LeftOut>) {
    let (mut names, mut all, mut left_out) = (Names::default(), Vec::new(), Vec::new());
    for hook in hooks {
        match read(hook, &mut names, wanted) {
            Ok(one) => all.push(one),
            Err(without) => left_out.push(without),
        }
    }
    chain(&mut all);
    (all, left_out)
}

fn read(hook: Hook, names: &mut Names, wanted: &ImportRequest) -> Result<ConvertedHook, LeftOut> {
    let (listening, condition) = (Subscription::of(&hook.subject), Condition::of(&hook));
    let mut became = HookResult { hook: hook.place(), file: hook.file.clone(), ..HookResult::default() };
    became.never.extend(listening.never.clone().into_iter().chain(condition.never.clone()));
    became.notes.extend(hook.notes.iter().chain(&listening.notes).chain(&condition.notes).cloned());
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
    let (after, name) = (Vec::new(), String::new());
    let mut one = ConvertedHook { hook, name, listening, condition, became, after, sends: None, target: None };
    if !one.fires() {
        return Ok(one);
    }
    if let Some((field, why)) = one.condition.beyond.take() {
        return Err(one.left_out(&field, why));
    }
    if notifies {
        let target = |name: &str| config::target(&one.hook, name, &wanted.into);
        let is_same = |name: &str| {
            let there = wanted.taken.targets.get(name);
            there.is_some_and(|there| target(name).is_ok_and(|(target, _)| target.is(there)))
        };
        let (name, said) = names.give(&one.hook, &wanted.taken, &is_same);
        let (target, notes) = target(&name).map_err(|(field, why)| one.left_out(field, why))?;
        one.became.notes.extend(said.into_iter().chain(notes));
        (one.name, one.target) = (name, Some(target));
    } else {
        let sends = Forwarding::of(&one.hook.url.to_lowercase(), &one.hook.subject);
        one.sends = Some(sends.map_err(|why| one.left_out("spec.url", why))?);
        let (name, said) = names.give(&one.hook, &wanted.taken, &|_| false);
        one.became.notes.extend(said);
        one.name = name;
    }
    Ok(one)
}

/// The steps of an event that is sent on again and again that are followed.
const STEPS: usize = 4;

/// Finds who hears what another one sends on, and has that heard at its origin: this host makes nothing of its own messages.
fn chain(all: &mut [ConvertedHook]) {
    let senders: Vec<usize> =
        all.iter().enumerate().filter(|(_, one)| one.sends.is_some() && one.fires()).map(|(n, _)| n).collect();
    for n in senders {
        let Some((one, mut sends)) = all.get(n).and_then(|one| Some((one, one.sends.clone()?))) else { continue };
        let (sender, patterns, condition) = (one.hook.place(), one.listening.patterns.clone(), one.condition.clone());
        let origin = subject::example(&one.hook.subject);
        let (mut heard, mut seen) = (origin.clone(), vec![n]);
        for _ in 0..STEPS {
            let Some(last) = seen.last().and_then(|last| all.get(*last)) else { break };
            let sent = subject::target(&last.hook.url, &heard);
            let hears = |other: &ConvertedHook| other.fires() && subject::hears(&other.hook.subject, &sent);
            if seen.iter().any(|before| all.get(*before).is_some_and(hears)) {
                if let Some(one) = all.get_mut(n) {
                    one.became.notes.push(format!(
                        "in ops this goes round for ever: what it sends as {sent} is heard again. Here it is sent on once, and nothing goes round"
                    ));
                }
                break;
            }
            let hearing: Vec<usize> =
                all.iter().enumerate().filter(|(_, other)| hears(other)).map(|(m, _)| m).collect();
            let mut next = None;
            for m in hearing {
                // Whoever hears the origin itself needs no second rule for that.
                let deaf = |other: &&mut ConvertedHook| !subject::hears(&other.hook.subject, &origin);
                let Some(other) = all.get_mut(m).filter(deaf) else { continue };
                let on = other.sends.as_ref().map(|on| sends.then(on));
                if let Some(on) = &on {
                    next.get_or_insert((m, on.clone()));
                }
                let note = format!("it hears what {sender} sends on, so another rule hears that at its origin");
                other.became.notes.push(note);
                let condition = condition.and(&other.condition);
                other.after.push(After { patterns: patterns.clone(), condition, sends: on, sender: sender.clone() });
            }
            let Some((m, on)) = next else { break };
            seen.push(m);
            (heard, sends) = (sent, on);
        }
    }
}

/// Says which targets the configuration needs beside those of the hooks: as long as it has none, that routes lead nowhere is no
/// fault.
pub(super) fn routed(all: &[ConvertedHook], wanted: &ImportRequest, notes: &mut Vec<String>) {
    let ExistingNames { targets, routed, .. } = &wanted.taken;
    let there =
        |name: &&String| targets.contains_key(*name) || all.iter().any(|one| one.notifies() && one.name == **name);
    let missing: Vec<String> =
        routed.iter().filter(|name| !there(name)).map(|name| format!("[notifiers.{name}]")).collect();
    if all.iter().any(ConvertedHook::notifies) && !missing.is_empty() {
        notes.push(format!(
            "routes in force lead to {} alone, which the configuration does not have: with the targets of hooks in it, \
             `tidegate check` wants {} as well, for what these routes tell; or take the routes out",
            missing.join(", "),
            if missing.len() == 1 { "that" } else { "those" }
        ));
    }
}

/// Says what the configuration needs for events to be sent on.
pub(super) fn configured(all: &[ConvertedHook], wanted: &ImportRequest, notes: &mut Vec<String>) {
    let sending: Vec<&ConvertedHook> = all.iter().filter(|one| one.sends.is_some() && one.fires()).collect();
    if sending.is_empty() {
        return;
    }
    if wanted.buses.is_empty() {
        return notes.push(
            "events are sent on over a bus, and the configuration has none on which anything is told: add a section \
             [[bus.nats]] with publish = { prefix = \"ops\" }, the prefix being what the subjects begin with; until then they go nowhere"
                .into(),
        );
    }
    let names: Vec<&str> = wanted.buses.iter().map(|(name, _)| name.as_str()).collect();
    notes.push(format!("events are sent on over [[bus.nats]] {}", names.join(", ")));
    let beyond = |one: &&&ConvertedHook, prefix: &str| {
        let first = one.hook.subject.split('.').next().unwrap_or_default();
        matches!(one.sends, Some(Forwarding::Last(_))) && prefix.split('.').next() != Some(first)
    };
    for (name, prefix) in &wanted.buses {
        for one in sending.iter().filter(|one| beyond(one, prefix)) {
            notes.push(format!(
                "[[bus.nats]] {name} tells subjects below {prefix} alone: of what {} hears, only that is sent on there",
                one.became.hook
            ));
        }
    }
}

/// The file of policies; empty where there is nothing.
pub(super) fn text(all: &[ConvertedHook]) -> String {
    let mut out = String::new();
    for one in all.iter().filter(|one| one.fires()) {
        if out.is_empty() {
            out.push_str(
                "// Made of EventHooks by `tidegate import eventhooks`; see \"EventHooks\" in README.md. A hook that tells a target raises\n\
                 // an alert for what it hears and lets later rules speak as well, so put this file before those that decide. One of type\n\
                 // event sends the event on.\n",
            );
        }
        let does = match &one.sends {
            Some(_) => format!("{} sends it on", one.became.hook),
            None => format!("{} sends it to its {}", one.became.hook, one.hook.kind),
        };
        for (rule, patterns, condition, after) in one.rules() {
            let why = after.map_or(String::new(), |after| format!(", which {} has sent on", after.sender));
            let sends = after.map_or(&one.sends, |after| &after.sends).as_ref();
            event(
                &mut out,
                &rule,
                &format!("{does}{why}"),
                patterns,
                condition,
                sends.map_or(Means::Alert(&one.name), Means::Forward),
            );
        }
    }
    let notifying: Vec<&ConvertedHook> = all.iter().filter(|one| one.notifies()).collect();
    if notifying.is_empty() {
        return out;
    }
    let names: Vec<String> = notifying.iter().map(|one| text_of(&one.name)).collect();
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
        let (rule, name) = (text_of(&one.rule()), text_of(&one.name));
        let _ = write!(
            out,
            "\nroute({rule}, #{{\n    on: #{{ source: \"events\", hook: {name} }},\n    occasions: [\"report\", \"resolved\"],\n    to: [{name}],\n}});\n"
        );
    }
    out
}

/// What a rule makes of an event.
enum Means<'a> {
    /// An alert for the target of this name.
    Alert(&'a str),
    Forward(&'a Forwarding),
}

fn event(out: &mut String, rule: &str, why: &str, patterns: &[String], condition: &Condition, means: Means<'_>) {
    let patterns: Vec<String> = patterns.iter().map(|pattern| text_of(pattern)).collect();
    let subject = match patterns.as_slice() {
        [one] => one.clone(),
        all => format!("[{}]", all.join(", ")),
    };
    let rendered = condition.expression().map(|on| format!("\n        rendered: {on},")).unwrap_or_default();
    let _ = write!(
        out,
        "\nevent({}, #{{\n    description: {},\n    on: #{{\n        subject: {subject},{rendered}\n    }},\n",
        text_of(rule),
        text_of(why)
    );
    let _ = match means {
        Means::Alert(hook) => {
            let (hook, start) = (text_of(hook), text_of(&format!("hook {hook} ")));
            write!(
                out,
                "    and_continue: true,\n    alert: |e| #{{\n        name: {hook},\n        severity: \"warning\",\n        \
                 labels: #{{ hook: {hook}, reason: e.reason, event_subject: e.subject }},\n        \
                 annotations: #{{ event_text: e.rendered }},\n        \
                 fingerprint: {start} + e.subject + \" \" + e.reason,\n        ends_after: \"{ENDS_AFTER}\",\n    }},\n}});\n"
            )
        }
        Means::Forward(sends) => write!(out, "    forward: {},\n}});\n", text_of(sends.text())),
    };
}

fn cordon(out: &mut String, one: &ConvertedHook) {
    let (rule, name) = (text_of(&format!("{}-cordons", one.rule())), text_of(&one.name));
    let why = text_of(&format!("{} wants the node cordoned; here it goes through the gate", one.became.hook));
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
