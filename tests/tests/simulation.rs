//! The domain holds in two thousand random worlds; the checker sees what it is there to see.

use std::sync::atomic::{AtomicU64, Ordering};

use tidegate_tests::sim::{Mutant, Stats, crash_everywhere, explain, generate, run, shrink};

const SEEDS: u64 = 2_000;

#[test]
fn two_thousand_worlds_hold() {
    let next = AtomicU64::new(0);
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    // What one finds ends the others' work: the first seed that breaks something is enough to look at.
    let worlds = || {
        let mut total = Stats::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= SEEDS {
                return total;
            }
            let plan = generate(seed);
            let result = run(&plan, None, false);
            if let Some(violation) = result.violation {
                next.store(SEEDS, Ordering::Relaxed);
                let small = shrink(&plan, violation.invariant, None);
                panic!("seed {seed} breaks {}\n{}", violation.invariant, explain(&small, None));
            }
            total += result.stats;
        }
    };
    let total = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(worlds)).collect();
        let mut total = Stats::default();
        for thread in threads {
            total += thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        }
        total
    });
    // Worlds in which nothing happens would hold as well.
    assert!(total.incidents > 2 * SEEDS && total.calls > SEEDS && total.crashes > SEEDS, "{total:?}");
    assert!(total.faults() > 5 * SEEDS, "{total:?}");
    let messages = [total.closed, total.hung, total.absurd_pauses, total.refused, total.fallbacks, total.overtaken];
    assert!(messages.iter().all(|count| *count > SEEDS / 40), "{total:?}");
    assert!(total.messages > 2 * SEEDS && total.lost_acknowledgements > SEEDS / 10, "{total:?}");
    let rare = [total.approved, total.uncertain, total.repeats, total.undos, total.proven, total.denied];
    assert!(total.refused_looks > SEEDS && total.looks > 2 * total.refused_looks, "{total:?}");
    assert!(rare.iter().all(|count| *count > SEEDS / 20), "{total:?}");
}

#[test]
fn one_seed_is_one_history() {
    for seed in 0..60 {
        let (first, second) = (run(&generate(seed), None, false), run(&generate(seed), None, false));
        assert_eq!(first.fingerprint, second.fingerprint, "seed {seed}");
        assert_eq!(first.stats, second.stats, "seed {seed}");
    }
}

#[test]
fn a_crash_at_every_point_is_survived() {
    let mut total = 0;
    for seed in 0.. {
        if total >= 400 {
            break;
        }
        match crash_everywhere(seed) {
            Ok(points) => total += points,
            Err(plan) => panic!("{}", explain(&plan, None)),
        }
    }
}

#[test]
fn the_checker_sees_every_mutant() {
    for mutant in Mutant::ALL {
        let mut seen = Vec::new();
        // Most are seen within a few worlds; the rarest trouble needs a thousand.
        let caught = (0..4_000).any(|seed| {
            let violation = run(&generate(seed), Some(mutant), false).violation;
            seen.extend(violation.as_ref().map(|violation| violation.invariant));
            violation.is_some_and(|violation| mutant.breaks().contains(&violation.invariant))
        });
        assert!(caught, "{mutant:?} breaks {:?} unseen; seen were {seen:?}", mutant.breaks());
    }
}

#[test]
fn a_failing_world_becomes_small() {
    let mutant = Some(Mutant::AcceptsTooMuch);
    let failing = (0..600).map(generate).find(|plan| {
        plan.events.len() > 8
            && run(plan, mutant, false)
                .violation
                .is_some_and(|found| found.invariant == "acknowledged_alerts_are_in_the_journal")
    });
    let plan = failing.expect("a failing world");
    let small = shrink(&plan, "acknowledged_alerts_are_in_the_journal", mutant);
    assert!(small.events.len() * 2 < plan.events.len(), "{} events are left", small.events.len());
    assert!(explain(&small, mutant).contains("BROKEN acknowledged_alerts_are_in_the_journal"));
}
