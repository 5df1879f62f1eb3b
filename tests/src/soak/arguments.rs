//! What the command line can say.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};

use super::faults::Kind;
use super::senders::StoryKind;

/// How it is called.
pub const USAGE: &str = "\
tests/soak --minutes N     how long, without the time to settle at the end
  --seconds N              the same in seconds
  --seed S                 what is tried, and in what order; by default 1
  --binary PATH            the tidegate to try; by default the release build
  --faults A,B,…           only these faults, or none
  --stories A,B,…          only these stories of alerts
  --rate N                 alerts a second beside the storms; by default 20
  --settle SECONDS         how long everything may take to come to rest at the end; by default 120
  --bounds                 latencies and growth beyond their bounds fail the run; else they are only printed
  --keep                   leaves the folder of the run and says where it is
Exit codes: 0 when everything held, 1 when it did not, 2 when it could not be tried.";

/// How a run is meant to be.
#[derive(Clone, Debug)]
pub struct Arguments {
    /// How long, without settling.
    pub lasts: Duration,
    /// A busy and a quiet phase.
    pub cycle: Duration,
    /// What is tried, and in what order.
    pub seed: u64,
    /// The program to try.
    pub binary: PathBuf,
    /// The faults to choose from.
    pub faults: Vec<Kind>,
    /// The stories to choose from, by their words.
    pub stories: Vec<&'static str>,
    /// Alerts a second beside the storms.
    pub rate: u64,
    /// How long everything may take to come to rest at the end.
    pub settle: Duration,
    /// Whether latencies and growth count.
    pub bounds: bool,
    /// Whether the folder stays.
    pub keep: bool,
}

impl Arguments {
    /// Reads the words behind the program's name; `binary` is the program to try where they name none.
    ///
    /// # Errors
    /// A sentence about the word that cannot be read.
    pub fn read(words: &[String], binary: PathBuf) -> anyhow::Result<Self> {
        let mut read = Self {
            lasts: Duration::from_secs(120),
            cycle: Duration::from_secs(60),
            seed: 1,
            binary,
            faults: Kind::ALL.to_vec(),
            stories: StoryKind::WORDS.to_vec(),
            rate: 20,
            settle: Duration::from_secs(120),
            bounds: false,
            keep: false,
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().with_context(|| format!("{word} needs a value"));
            let seconds = |text: &String, unit: f64| -> anyhow::Result<Duration> {
                let number: f64 = text.parse().with_context(|| format!("{word}: {text} is not a number"))?;
                Duration::try_from_secs_f64(number * unit)
                    .with_context(|| format!("{word}: {text} is no length of time"))
            };
            match word.as_str() {
                "--minutes" => read.lasts = seconds(value()?, 60.0)?,
                "--seconds" => read.lasts = seconds(value()?, 1.0)?,
                "--settle" => read.settle = seconds(value()?, 1.0)?,
                "--seed" => read.seed = value()?.parse().context("--seed: not a number")?,
                "--rate" => read.rate = value()?.parse::<u64>().context("--rate: not a number")?.max(1),
                "--binary" => read.binary = std::path::absolute(value()?)?,
                "--faults" => read.faults = kinds(value()?)?,
                "--stories" => read.stories = stories(value()?)?,
                "--bounds" => read.bounds = true,
                "--keep" => read.keep = true,
                other => bail!("{other} is not known"),
            }
        }
        Ok(read)
    }
}

fn kinds(text: &str) -> anyhow::Result<Vec<Kind>> {
    if text == "none" {
        return Ok(Vec::new());
    }
    let known = |word: &str| Kind::ALL.into_iter().find(|kind| kind.name() == word);
    let all = Kind::ALL.map(Kind::name).join(",");
    text.split(',').map(|word| known(word).with_context(|| format!("--faults: there is no {word} in {all}"))).collect()
}

fn stories(text: &str) -> anyhow::Result<Vec<&'static str>> {
    let known = |word: &str| StoryKind::WORDS.into_iter().find(|known| *known == word);
    let all = StoryKind::WORDS.join(",");
    text.split(',').map(|word| known(word).with_context(|| format!("--stories: there is no {word} in {all}"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> anyhow::Result<Arguments> {
        let words: Vec<String> = text.split_whitespace().map(str::to_string).collect();
        Arguments::read(&words, "tidegate".into())
    }

    #[test]
    fn every_word_is_read() {
        let read =
            read("--minutes 1.5 --seed 7 --rate 3 --settle 9 --faults kill,stop --stories late --bounds --binary /x/y")
                .unwrap();
        assert_eq!((read.lasts, read.settle), (Duration::from_secs(90), Duration::from_secs(9)));
        assert_eq!((read.seed, read.rate, read.bounds, read.keep), (7, 3, true, false));
        assert_eq!(read.stories, ["late"]);
        assert_eq!((read.faults, read.binary), (vec![Kind::Kill, Kind::Stop], PathBuf::from("/x/y")));
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        for (text, part) in [
            ("--minutes", "needs a value"),
            ("--minutes soon", "not a number"),
            ("--minutes -1", "no length of time"),
            ("--faults kill,rust", "there is no rust"),
            ("--stories noise,silence", "there is no silence"),
            ("--fast", "--fast is not known"),
        ] {
            let said = format!("{:#}", read(text).unwrap_err());
            assert!(said.contains(part), "{text}: {said}");
        }
    }
}
