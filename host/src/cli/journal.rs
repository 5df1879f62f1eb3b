//! `journal`: whether the record is whole, copies of it, and what it holds.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::screen::{Screen, note, one_line};
use super::{Context, progress};
use crate::domain::Anchor;

#[derive(Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Read the whole journal and check its chain
    #[command(after_help = VERIFY)]
    Verify {
        /// A head of this journal that was kept elsewhere, as `journal head` prints it
        #[arg(long, value_name = "POSITION:HASH")]
        anchor: Vec<Anchor>,
    },
    /// Print position and hash of the last entry: the anchor to keep elsewhere
    Head,
    /// Write a copy of the journal, whether a host writes it or not
    #[command(
        after_help = "The copy is one state of the journal between two appends. It is complete when the file has \
                            its name. Holds the whole record: keep it as safe as the journal."
    )]
    Backup {
        /// The copy; it must not exist
        file: PathBuf,
    },
    /// Put a backup in the place of the journal; stop the host before
    #[command(
        after_help = "The backup is verified first, and the journal that is there stays beside it under another \
                            name. What happened after the backup is not in it: the next start says so, because the \
                            host may have done things that it does not know of any more."
    )]
    Restore {
        /// The backup
        file: PathBuf,
    },
    /// Print all entries as JSON lines, in their order
    #[command(
        after_help = "Each line is an object with `position` (in the whole journal), `stream` (the incident, or \
                            `host`), `n` (position in the stream), `at` (when) and `entry` (as it was written). \
                            Entries that a rule of retention removed are left out."
    )]
    Export {
        /// Only entries behind this position
        #[arg(long, default_value_t = 0)]
        after: u64,
    },
}

const VERIFY: &str = "\
It finds, without help from outside: an entry that was changed, removed, put in or moved; an incident that \
was removed, also when the rest was renumbered; another order; an end that was cut off while the database's own \
note of the highest position was left; what is missing from the archive and was not removed by a rule of retention; an \
incident that the index of the archive does not lead to. Where the projection lies beside the journal, \
what it knows is an anchor.

It cannot see by itself: that somebody who can write the file changed it and computed the chain anew behind \
the change; that the end was cut off together with that note; that an older copy was put in its place. An anchor \
shows all three. The gauges tidegate_journal_position and tidegate_journal_chain of /metrics make one of every scrape: \
--anchor POSITION:$(printf %013x CHAIN); every report that was sent ends with one. Nor does it see what was written falsely in the first place.

Exit codes: 0 when the journal is whole, 1 when it is not or cannot be read.";

/// Lines that are written at once.
const LINES: usize = 256;

pub fn run(context: &Context<'_>, arguments: Arguments) -> anyhow::Result<ExitCode> {
    match arguments.command {
        Command::Verify { anchor } => return verify(context, &anchor),
        Command::Head => {
            let head = context.host.journal_head(&context.config).map_err(anyhow::Error::msg)?;
            one_line(head.to_string()).print()?;
        }
        Command::Backup { file } => {
            let head = context.host.back_up(&context.config, &file).map_err(anyhow::Error::msg)?;
            one_line(format!("{} holds the journal up to entry {}; its head is {head}", file.display(), head.position))
                .print()?;
        }
        Command::Restore { file } => {
            let lines = context.host.restore(&context.config, &file).map_err(anyhow::Error::msg)?;
            lines.iter().try_for_each(|line| one_line(line).print())?;
        }
        Command::Export { after } => {
            let (mut screen, mut lines) = (Screen::default(), 0);
            let mut line = |text: &str| {
                screen.json_line(text);
                lines += 1;
                if lines % LINES > 0 {
                    return Ok(());
                }
                std::mem::take(&mut screen).print().map_err(|error| format!("the export cannot be written: {error}"))
            };
            context.host.export(&context.config, after, &mut line).map_err(anyhow::Error::msg)?;
            screen.print()?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn verify(context: &Context<'_>, anchors: &[Anchor]) -> anyhow::Result<ExitCode> {
    let progress = progress();
    let found = context.host.verify(&context.config, anchors, &progress).map_err(anyhow::Error::msg)?;
    let journal = context.config.journal.display();
    let size = format!("{} entries in {} streams", found.entries, found.streams);
    if found.faults.is_empty() {
        one_line(format!("the journal {journal} is whole: {size}; its head is {}", found.head)).print()?;
        return Ok(ExitCode::SUCCESS);
    }
    for fault in &found.faults {
        note(format!("error: {fault}"));
    }
    note(format!("the journal {journal} is not whole: {} faults among {size}", found.faults.len()));
    Ok(ExitCode::FAILURE)
}
