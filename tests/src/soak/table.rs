//! One line a minute, and the table at the end.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::sleep;

use super::measure::slope;
use super::probes;
use super::stage::Stage;

/// Bytes of memory that a closed incident may leave, reports and history included.
pub const MEMORY_EACH: f64 = 1000.0;
/// Bytes on disk that an incident may leave, of the mixture that is sent.
pub const DISK_EACH: f64 = 8000.0;
/// Violations of one kind that are shown.
const SHOWN: usize = 5;

/// Prints a line each minute.
pub fn report_each_minute(stage: &Arc<Stage>, begin: Instant, tasks: &mut JoinSet<()>) {
    let stage = Arc::clone(stage);
    tasks.spawn(async move {
        loop {
            sleep(Duration::from_secs(60)).await;
            let sample = probes::sample(&stage).await;
            let counts = stage.ledger.counts();
            let faults: u64 = stage.ledger.faults().values().sum();
            println!(
                "minute {}: {} alerts accepted, {} messages, {} incidents, {} live, {} MB, {} files, {} threads, {faults} faults, {} violations",
                begin.elapsed().as_secs() / 60,
                counts.accepted,
                counts.delivered,
                sample.incidents,
                sample.live,
                sample.rss_kb / 1024,
                sample.files,
                sample.threads,
                stage.ledger.violations(),
            );
        }
    });
}

/// Everything, at the end.
pub fn totals(stage: &Stage) -> String {
    let mut text = String::new();
    let counts = stage.ledger.counts();
    let (mut begun, mut twice) = (0, 0);
    for (_, _, times) in stage.calls().all() {
        begun += 1;
        twice += u64::from(times > 1);
    }
    let rows = [
        ("alerts acknowledged", counts.accepted),
        ("requests sent again", counts.resent),
        ("stories", stage.ledger.stories().len() as u64),
        ("messages taken by targets", counts.delivered),
        ("of these repeated", counts.repeated),
        ("questions seen by people", counts.answers),
        ("changes begun", begun),
        ("of these more than once", twice),
        ("breakers reset by people", counts.breakers),
    ];
    for (what, count) in rows {
        let _ = writeln!(text, "{what:<28} {count:>10}");
    }
    let faults = stage.ledger.faults();
    let faults: Vec<String> = faults.iter().map(|(name, times)| format!("{name} {times}")).collect();
    let _ = writeln!(text, "\nfaults: {}", faults.join(", "));
    let _ = writeln!(text, "\n{:<28} {:>8} {:>10} {:>10} {:>10}", "time", "count", "p50 ms", "p99 ms", "max ms");
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    for (what, spread) in stage.measures.spreads() {
        let (p50, p99, max) = (ms(spread.p50), ms(spread.p99), ms(spread.max));
        let _ = writeln!(text, "{what:<28} {:>8} {p50:>10.1} {p99:>10.1} {max:>10.1}", spread.count);
    }
    growth(stage, &mut text);
    let violations = stage.ledger.all_violations();
    if violations.is_empty() {
        let _ = writeln!(text, "\nnothing was lost, doubled or stuck");
    }
    for (kind, all) in violations {
        let _ = writeln!(text, "\nVIOLATION {kind}: {}", all.len());
        for one in all.iter().take(SHOWN) {
            let _ = writeln!(text, "  {one}");
        }
    }
    text
}

fn growth(stage: &Stage, text: &mut String) {
    let samples = stage.measures.samples();
    let _ = writeln!(
        text,
        "\n{:<28} {:>8} {:>6} {:>8} {:>6} {:>8} {:>10}",
        "at the end of a quiet phase", "decided", "live", "MB", "files", "threads", "disk kB"
    );
    // At most a dozen lines, the last one always.
    let step = samples.len().div_ceil(12).max(1);
    let last = samples.len().saturating_sub(1);
    for (place, sample) in samples.iter().enumerate().filter(|(place, _)| place % step == 0 || *place == last) {
        let _ = writeln!(
            text,
            "{:<28} {:>8} {:>6} {:>8} {:>6} {:>8} {:>10}",
            place + 1,
            sample.incidents,
            sample.live,
            sample.rss_kb / 1024,
            sample.files,
            sample.threads,
            sample.disk / 1024
        );
    }
    let steady = samples.get(samples.len() / 3..).unwrap_or_default();
    if steady.len() >= 3 {
        let of = |y: fn(&super::measure::Sample) -> f64| {
            slope(&steady.iter().map(|sample| (sample.incidents as f64, y(sample))).collect::<Vec<_>>())
        };
        let memory = of(|sample| sample.rss_kb as f64 * 1024.0);
        let disk = of(|sample| sample.disk as f64);
        let _ = writeln!(text, "growth for each incident: {memory:.0} bytes of memory, {disk:.0} bytes on disk");
    }
}
