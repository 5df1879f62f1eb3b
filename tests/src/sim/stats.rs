//! Counts of what was simulated.

use std::ops::AddAssign;

/// Counts of one world or of many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Worlds.
    pub worlds: u64,
    /// Incidents opened.
    pub incidents: u64,
    /// Journal entries that became durable.
    pub entries: u64,
    /// Actions proposed.
    pub actions: u64,
    /// Calls that reached the cluster.
    pub calls: u64,
    /// Looks that reached the cluster.
    pub looks: u64,
    /// Looks that gates refused.
    pub refused_looks: u64,
    /// Actions that persons said yes to.
    pub approved: u64,
    /// Intents without a result that had to be settled.
    pub uncertain: u64,
    /// Steps that could not begin.
    pub not_begun: u64,
    /// Second and later attempts.
    pub repeats: u64,
    /// Actions proposed to take another one back.
    pub undos: u64,
    /// Effects that helped and that a canary counted.
    pub proven: u64,
    /// Denials that were held against their origin.
    pub denied: u64,
    /// Delivery attempts.
    pub deliveries: u64,
    /// Processes killed.
    pub crashes: u64,
    /// Appends that failed.
    pub append_failures: u64,
    /// Tool calls and looks that failed, lied, hung or were lost.
    pub tool_faults: u64,
    /// Models and planners that failed or talked nonsense.
    pub adviser_faults: u64,
    /// Delivery attempts that failed.
    pub notifier_faults: u64,
    /// Connections to notifiers that were closed without an answer.
    pub closed: u64,
    /// Delivery attempts that hung.
    pub hung: u64,
    /// Targets that asked to be left in peace for ages.
    pub absurd_pauses: u64,
    /// Messages that their target refused as malformed.
    pub refused: u64,
    /// Messages told to somebody else in place of one that was not taken.
    pub fallbacks: u64,
    /// Messages that were pointless before they were sent.
    pub overtaken: u64,
    /// Messages of the bus that were read, again as well.
    pub messages: u64,
    /// Acknowledgements that the bus did not hear.
    pub lost_acknowledgements: u64,
    /// Times that the clock was set.
    pub clock_jumps: u64,
    /// Simulated time in seconds.
    pub seconds: u64,
}

impl Stats {
    /// Injected faults of all kinds.
    pub fn faults(&self) -> u64 {
        self.crashes
            + self.append_failures
            + self.tool_faults
            + self.adviser_faults
            + self.notifier_faults
            + self.clock_jumps
            + self.lost_acknowledgements
    }

    /// What was simulated, and what one minute on a real clock simulates at this pace: a line each,
    /// faults by their kind. `seconds` is how long it took.
    pub fn account(&self, seconds: f64) -> String {
        let rows = [
            ("worlds", self.worlds),
            ("simulated hours", self.seconds / 3_600),
            ("incidents", self.incidents),
            ("journal entries", self.entries),
            ("actions proposed", self.actions),
            ("  approved by persons", self.approved),
            ("  to take one back", self.undos),
            ("calls of the cluster", self.calls),
            ("  after a first attempt", self.repeats),
            ("looks at the cluster", self.looks),
            ("  refused by gates", self.refused_looks),
            ("intents to be settled", self.uncertain),
            ("steps that could not begin", self.not_begun),
            ("delivery attempts", self.deliveries),
            ("told in place of others", self.fallbacks),
            ("messages overtaken", self.overtaken),
            ("messages of the bus", self.messages),
            ("faults", self.faults()),
            ("  crashes of the host", self.crashes),
            ("  failed appends", self.append_failures),
            ("  tools fail, lie, hang", self.tool_faults),
            ("  models and planners", self.adviser_faults),
            ("  notifiers", self.notifier_faults),
            ("    connections closed", self.closed),
            ("    attempts that hang", self.hung),
            ("    absurd pauses", self.absurd_pauses),
            ("    messages refused", self.refused),
            ("  lost by the bus", self.lost_acknowledgements),
            ("  jumps of the clock", self.clock_jumps),
        ];
        let minute = |count: u64| if seconds > 0.0 { (count as f64 * 60.0 / seconds).round() as u64 } else { 0 };
        let mut text = format!("{:<24}{:>14}{:>16}\n", "", format!("in {seconds:.1} s"), "in one minute");
        for (what, count) in rows {
            text.push_str(&format!("{what:<24}{count:>14}{:>16}\n", minute(count)));
        }
        text
    }
}

impl AddAssign for Stats {
    fn add_assign(&mut self, other: Self) {
        self.worlds += other.worlds;
        self.incidents += other.incidents;
        self.entries += other.entries;
        self.actions += other.actions;
        self.calls += other.calls;
        self.looks += other.looks;
        self.refused_looks += other.refused_looks;
        self.approved += other.approved;
        self.uncertain += other.uncertain;
        self.not_begun += other.not_begun;
        self.repeats += other.repeats;
        self.undos += other.undos;
        self.proven += other.proven;
        self.denied += other.denied;
        self.deliveries += other.deliveries;
        self.crashes += other.crashes;
        self.append_failures += other.append_failures;
        self.tool_faults += other.tool_faults;
        self.adviser_faults += other.adviser_faults;
        self.notifier_faults += other.notifier_faults;
        self.closed += other.closed;
        self.hung += other.hung;
        self.absurd_pauses += other.absurd_pauses;
        self.refused += other.refused;
        self.fallbacks += other.fallbacks;
        self.overtaken += other.overtaken;
        self.messages += other.messages;
        self.lost_acknowledgements += other.lost_acknowledgements;
        self.clock_jumps += other.clock_jumps;
        self.seconds += other.seconds;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_counts_by_kind_and_by_the_minute() {
        let stats =
            Stats { worlds: 10, crashes: 3, tool_faults: 4, clock_jumps: 1, seconds: 7_200, ..Stats::default() };
        let text = stats.account(30.0);
        let row = |what: &str| {
            let line = text.lines().find(|line| line.trim_start().starts_with(what)).unwrap();
            line[24..].split_whitespace().map(|word| word.parse().unwrap()).collect::<Vec<u64>>()
        };
        assert_eq!(row("worlds"), [10, 20]);
        assert_eq!(row("simulated hours"), [2, 4]);
        assert_eq!(row("faults"), [8, 16]);
        assert_eq!(row("crashes"), [3, 6]);
        assert_eq!(row("tools fail"), [4, 8]);
        assert_eq!(row("incidents"), [0, 0]);
        assert!(text.starts_with(&format!("{:>38}{:>16}\n", "in 30.0 s", "in one minute")), "{text}");
    }
}
