//! Figures of events: `events [--events N] [--objects N] [--seconds N]`, see `tests/events`.

use std::process::ExitCode;

use tidegate_tests::figures::{Arguments, run};

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let ended = match Arguments::read(&arguments) {
        Ok(arguments) => run(&arguments).await,
        Err(error) => Err(error),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
