//! Runs simulated worlds: `simulate --seeds N [--from S]`, or one of them with its history:
//! `simulate --seed S --trace`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a tool of the tests")]

use std::process::ExitCode;
use std::time::Instant;

use tidegate_tests::sim::{Stats, explain, generate, run, shrink};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let number = |name: &str| {
        let place = arguments.iter().position(|argument| argument == name)?;
        Some(arguments.get(place + 1)?.parse::<u64>().expect("a number"))
    };
    if let Some(seed) = number("--seed") {
        return one(seed, arguments.iter().any(|argument| argument == "--trace"));
    }
    let (seeds, from) = (number("--seeds").unwrap_or(1_000), number("--from").unwrap_or(0));
    let begin = Instant::now();
    let mut total = Stats::default();
    let mut failed = 0;
    for seed in from..from + seeds {
        let result = run(&generate(seed), None, false);
        total += result.stats;
        if let Some(violation) = result.violation {
            println!("seed {seed} breaks {}: {}", violation.invariant, violation.text);
            failed += 1;
        }
    }
    print!("{}", total.account(begin.elapsed().as_secs_f64()));
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// One world, made small if it fails.
fn one(seed: u64, trace: bool) -> ExitCode {
    let plan = generate(seed);
    let Some(violation) = run(&plan, None, false).violation else {
        println!("seed {seed} holds");
        if trace {
            println!("{}", explain(&plan, None));
        }
        return ExitCode::SUCCESS;
    };
    println!("{}", explain(&shrink(&plan, violation.invariant, None), None));
    ExitCode::FAILURE
}
