//! `plugin test`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::Args;

use super::{cache, failed};
use crate::author::PluginFolder;
use crate::author::cases::{ComponentLocation, PluginUnderTest, all};
use crate::cli::screen::{Screen, note, one_line};
use crate::environment::Environment;

#[derive(Args)]
#[command(after_help = "\
A case is a folder testdata/CASE/ with the input, what answers it, and expected.json:
  source       body.json or body.txt; request.json {method, headers, query}, settings.json
  notifier     notification.json; settings.json, secrets.json, http.json (answers in order)
  remediation  incident.json; settings.json, tools.json (catalogue and looks with their answers), secrets.json, http.json
An action of a remediation's own is a case too, as actions/CASE/ with action.json {name, arguments, attempt-id, call}
(call is execute, undo or probe), settings.json, secrets.json and http.json; expected.json shows the requests and what
came of it. A file, key or word that is not read is an error.

Exit codes: 0 when every case comes out as expected, 1 when one does not, 2 for wrong usage.")]
pub struct Arguments {
    /// Write what comes out into expected.json; then look at the change with `git diff`
    #[arg(long)]
    update: bool,
    /// The plugin's folder (without one it is this folder), and names of cases (without any, all)
    #[arg(value_name = "FOLDER] [CASE")]
    words: Vec<String>,
}

pub async fn run(arguments: &Arguments, environment: &dyn Environment) -> anyhow::Result<ExitCode> {
    let (folder, wanted) = split(&arguments.words);
    let found = PluginFolder::at(&folder).map_err(failed)?;
    let manifest = found.whole().map_err(failed)?;
    found.current().map_err(failed)?;
    let cases = chosen(all(&found.folder, manifest.kind).map_err(failed)?, &wanted).map_err(failed)?;
    let cache = cache(environment);
    let subject =
        PluginUnderTest { manifest, place: ComponentLocation::Folder(&found.folder), cache: cache.as_deref() };
    let started = Instant::now();
    let mut wrong = 0;
    for case in &cases {
        let name = name(case);
        let told = if arguments.update {
            subject.update(case).await.map(|changed| (changed.then(|| format!("updated  {name}")), None))
        } else {
            subject.verdict(case).await.map(|differs| (differs.is_none().then(|| format!("ok       {name}")), differs))
        };
        match told {
            Ok((line, None)) => one_line(line.unwrap_or_else(|| format!("as was   {name}"))).print()?,
            Ok((_, Some(text))) | Err(text) => {
                wrong += 1;
                let mut screen = Screen::default();
                screen.line(format!("WRONG    {name}"));
                text.lines().for_each(|line| screen.line(format!("    {line}")));
                screen.print()?;
            }
        }
    }
    let took = started.elapsed().as_secs_f64();
    if wrong == 0 {
        one_line(format!("{}: {} in {took:.1} s", manifest.label(), count(cases.len()))).print()?;
        return Ok(ExitCode::SUCCESS);
    }
    let hint = if arguments.update { "" } else { "; where what came is right, --update takes it as expected" };
    note(format!("{}: {wrong} of {} wrong{hint}", manifest.label(), count(cases.len())));
    Ok(ExitCode::FAILURE)
}

fn count(cases: usize) -> String {
    if cases == 1 { "1 case".into() } else { format!("{cases} cases") }
}

/// The folder and the cases: a first word that is a plugin's folder is one.
fn split(words: &[String]) -> (PathBuf, Vec<String>) {
    match words.split_first() {
        Some((first, rest))
            if Path::new(first).join("plugin.toml").is_file()
                || (first.contains('/') && !(first.starts_with("actions/") && Path::new("plugin.toml").is_file())) =>
        {
            (PathBuf::from(first), rest.to_vec())
        }
        Some((first, rest)) if !Path::new("plugin.toml").is_file() => (PathBuf::from(first), rest.to_vec()),
        _ => (PathBuf::from("."), words.to_vec()),
    }
}

fn chosen(cases: Vec<PathBuf>, wanted: &[String]) -> Result<Vec<PathBuf>, String> {
    let names: Vec<String> = cases.iter().map(|case| name(case)).collect();
    if let Some(unknown) = wanted.iter().find(|wanted| !names.contains(wanted)) {
        return Err(format!("there is no case `{unknown}`; there are {}", names.join(", ")));
    }
    Ok(cases.into_iter().filter(|case| wanted.is_empty() || wanted.contains(&name(case))).collect())
}

/// `first` of `testdata/`, and `actions/first`.
fn name(case: &Path) -> String {
    let own = case.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let within = case.parent().and_then(Path::file_name).unwrap_or_default();
    if within == "testdata" { own } else { format!("{}/{own}", within.to_string_lossy()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(String::from).collect()
    }

    #[test]
    fn a_first_word_that_can_be_a_folder_is_one() {
        assert_eq!(split(&[]), (PathBuf::from("."), vec![]));
        assert_eq!(split(&words("../pager first")), (PathBuf::from("../pager"), words("first")));
        assert_eq!(split(&words("pager first")), (PathBuf::from("pager"), words("first")), "nothing here is a plugin");
    }

    #[test]
    fn a_case_that_is_not_there_is_told_with_those_that_are() {
        let cases = vec![PathBuf::from("/x/testdata/first"), PathBuf::from("/x/testdata/second")];
        assert_eq!(chosen(cases.clone(), &[]).unwrap().len(), 2);
        assert_eq!(chosen(cases.clone(), &words("second")).unwrap(), [PathBuf::from("/x/testdata/second")]);
        assert_eq!(chosen(cases, &words("third")).unwrap_err(), "there is no case `third`; there are first, second");
    }
}
