//! `soak --minutes N`: the real binary among stand-ins and faults. With `tool-server MANNER RECORD` it is
//! the stand-in for an MCP server that the host under test starts.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use tidegate_tests::soak::{Arguments, USAGE, run, tool_server};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match tried(&words) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn tried(words: &[String]) -> anyhow::Result<bool> {
    if let [word, manner, record] = words
        && word == tool_server::WORD
    {
        return tool_server::serve(Path::new(manner), Path::new(record)).map(|()| true);
    }
    if words.iter().any(|word| word == "--help") {
        println!("{USAGE}");
        return Ok(true);
    }
    let arguments = Arguments::read(words, beside_this_program()?).map_err(|error| error.context(USAGE))?;
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(run(arguments))
}

/// The binary of the same profile.
fn beside_this_program() -> anyhow::Result<PathBuf> {
    let exe = std::env::current_exe()?;
    Ok(exe.parent().context("this program lies in no folder")?.join("tidegate"))
}
