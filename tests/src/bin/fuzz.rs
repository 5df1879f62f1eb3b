//! Tries the readers of what comes from outside for as long as is wanted:
//! `cargo run -p tidegate-tests --bin fuzz -- [MINUTES] [READER] [SEED]`.

use std::process::ExitCode;
use std::time::Duration;

use tidegate_tests::fuzz::{Effort, readers, run};

fn main() -> anyhow::Result<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    let minutes: u64 = arguments.next().map_or(Ok(1), |text| text.parse())?;
    let wanted = arguments.next();
    let seed: u64 = arguments.next().map_or(Ok(1), |text| text.parse())?;
    let runtime = tokio::runtime::Runtime::new()?;
    let cache = tempfile::tempdir()?;
    let mut failed = false;
    let all = readers::all(&runtime, cache.path())?;
    let chosen: Vec<_> = all
        .iter()
        .filter(|reader| wanted.as_deref().is_none_or(|wanted| wanted == "all" || wanted == reader.name))
        .collect();
    let share = Duration::from_secs(minutes * 60) / u32::try_from(chosen.len().max(1))?;
    for reader in chosen {
        match run(reader, Effort { rounds: u64::MAX, within: share, seed }) {
            Ok(rounds) => println!("{}: {rounds} rounds", reader.name),
            Err(why) => {
                println!("{why}");
                failed = true;
            }
        }
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
