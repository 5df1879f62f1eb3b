//! Draws a policy set.

use tidegate::domain::{Mode, RulingKind, Severity};

use super::{GateRule, PolicySet, Rule, RuleVerdict};
use crate::sim::cluster::{READS, TOOLS};
use crate::sim::dice::Dice;
use crate::sim::propose::Template;

/// A policy set; often one that allows much, for a world in which nothing happens proves nothing.
pub fn generate(dice: &mut Dice) -> PolicySet {
    let rules = (0..dice.within(1..5)).map(|i| rule(dice, i)).collect();
    let mut gates: Vec<GateRule> = (0..dice.within(0..4)).map(|i| gate(dice, i)).collect();
    if dice.chance(90) {
        let (budget, name) = budget(dice, "wide");
        gates.push(GateRule {
            name,
            tool: None,
            service: None,
            origin: None,
            reads: None,
            elsewhere: false,
            says: RulingKind::Allow,
            budget,
            canary: canary(dice, RulingKind::Allow, 25),
            cooldown_ms: cooldown(dice, RulingKind::Allow),
            approvals: 1,
            who: Vec::new(),
            within_ms: 60_000,
            mode: Mode::Enforce,
        });
    }
    gates.extend((0..dice.within(0..4) / 2).map(|i| gate_on_looks(dice, i)));
    let all: [&'static str; 5] = ["steady", "flaky", "remote", "picky", "ghost"];
    let routes = (0..dice.within(1..3)).map(|_| {
        let least = *dice.pick(&[Severity::Info, Severity::Info, Severity::Critical]);
        (least, (0..dice.within(1..4)).map(|_| *dice.pick(&all)).collect())
    });
    let routes = routes.collect();
    let (grouping, check) = (dice.within(0..5), dice.chance(90));
    PolicySet { rules, gates, routes, grouping, check, sees: if dice.chance(10) { dice.within(1..4) } else { 0 } }
}

fn rule(dice: &mut Dice, i: u64) -> Rule {
    let says = match dice.within(0..20) {
        0 => RuleVerdict::Suppress,
        1 => RuleVerdict::Escalate,
        2..5 => RuleVerdict::Investigate,
        5..8 => RuleVerdict::Plan,
        8..10 => RuleVerdict::Hold(dice.skewed(600_000), dice.within(0..3) * dice.skewed(60_000)),
        10 => RuleVerdict::Remediate(Vec::new()),
        _ => RuleVerdict::Remediate((0..dice.within(1..4)).map(|_| template(dice)).collect()),
    };
    Rule {
        name: format!("rule-{i}"),
        condition: dice.chance(60).then(|| dice.within(0..4)),
        says,
        mode: if dice.chance(98) { Mode::Enforce } else { Mode::Observe },
        evidence: dice.within(0..3),
    }
}

/// A proposal to be.
pub fn template(dice: &mut Dice) -> Template {
    Template {
        tool: dice.pick::<&'static str>(&TOOLS),
        service: dice.within(0..8),
        verify: dice.within(0..3),
        undo: dice.chance(30),
    }
}

/// A gate that closes looks: at a service, with a tool, of an origin, or into another cluster.
fn gate_on_looks(dice: &mut Dice, i: u64) -> GateRule {
    let tool = dice.chance(30).then(|| *dice.pick(&READS));
    let origin = dice.chance(40).then(|| *dice.pick(&["model", "plugin", "policy", "undo"]));
    let elsewhere = dice.chance(40);
    GateRule {
        name: format!("look-{i}"),
        tool,
        service: dice.chance(70).then(|| dice.within(0..4)),
        origin,
        reads: Some(true),
        elsewhere,
        says: *dice.pick(&[RulingKind::Deny, RulingKind::Deny, RulingKind::Ask, RulingKind::Allow]),
        budget: None,
        canary: None,
        cooldown_ms: None,
        approvals: 1,
        who: Vec::new(),
        within_ms: 30_000,
        mode: if dice.chance(90) { Mode::Enforce } else { Mode::Observe },
    }
}

const SAYS: [RulingKind; 7] = [
    RulingKind::Allow,
    RulingKind::Allow,
    RulingKind::Allow,
    RulingKind::Allow,
    RulingKind::Ask,
    RulingKind::Ask,
    RulingKind::Deny,
];

fn gate(dice: &mut Dice, i: u64) -> GateRule {
    let (budget, name) = budget(dice, &format!("gate-{i}"));
    let says = *dice.pick(&SAYS);
    GateRule {
        name,
        canary: canary(dice, says, 50),
        cooldown_ms: cooldown(dice, says),
        tool: dice.chance(70).then(|| *dice.pick(&TOOLS)),
        service: dice.chance(30).then(|| dice.within(0..4)),
        origin: dice.chance(10).then(|| *dice.pick(&["model", "plugin", "policy", "undo"])),
        reads: dice.chance(80).then_some(false),
        elsewhere: dice.chance(10),
        says,
        budget,
        approvals: *dice.pick(&[1, 1, 1, 2]),
        who: if dice.chance(25) { groups(dice) } else { Vec::new() },
        within_ms: *dice.pick(&[0, 30_000, 300_000, 1_800_000, 1_800_000]),
        mode: if dice.chance(98) { Mode::Enforce } else { Mode::Observe },
    }
}

/// Whom a gate asks; now and then a group that there is not.
fn groups(dice: &mut Dice) -> Vec<&'static str> {
    (0..dice.within(1..3)).map(|_| *dice.pick(&["oncall", "oncall", "data", "data", "ghosts"])).collect()
}

fn canary(dice: &mut Dice, says: RulingKind, percent: u64) -> Option<u32> {
    (says == RulingKind::Allow && dice.chance(percent)).then(|| *dice.pick(&[1, 1, 2]))
}

fn cooldown(dice: &mut Dice, says: RulingKind) -> Option<u64> {
    (says != RulingKind::Deny && dice.chance(25)).then(|| *dice.pick(&[5_000, 60_000, 3_600_000]))
}

fn budget(dice: &mut Dice, name: &str) -> (Option<(u32, u64, bool)>, String) {
    if dice.chance(50) {
        return (None, name.into());
    }
    let (max, within_ms) = (*dice.pick(&[0, 1, 2, 2, 3, 5, 9, 9]), *dice.pick(&[1_000, 60_000, 3_600_000]));
    (Some((max, within_ms, dice.chance(50))), format!("{name}-max{max}-within{within_ms}"))
}
