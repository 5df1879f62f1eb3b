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
    /// Actions that persons said yes to.
    pub approved: u64,
    /// Intents without a result that had to be settled.
    pub uncertain: u64,
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
    }
}

impl AddAssign for Stats {
    fn add_assign(&mut self, other: Self) {
        self.worlds += other.worlds;
        self.incidents += other.incidents;
        self.entries += other.entries;
        self.actions += other.actions;
        self.calls += other.calls;
        self.approved += other.approved;
        self.uncertain += other.uncertain;
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
        self.clock_jumps += other.clock_jumps;
        self.seconds += other.seconds;
    }
}
