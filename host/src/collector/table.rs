//! The tables as they stand in files, and what is wrong with them.

use std::collections::BTreeMap;

use regex::Regex;
use serde::Deserialize;
use serde_json::{Map, Value};

/// All tables of a set of policies.
#[derive(Debug, Default)]
pub struct Tables {
    /// How things are looked at.
    pub(super) looks: BTreeMap<String, Vec<LookMethod>>,
    /// What is looked at.
    pub(super) collectors: Vec<Collector>,
    /// What an inspection lists.
    pub(super) surveys: Vec<super::survey::Row>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    look: Vec<LookRow>,
    #[serde(default)]
    collector: Vec<CollectorRow>,
    #[serde(default)]
    survey: Vec<super::survey::Row>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LookRow {
    name: String,
    by: Vec<LookMethod>,
}

/// One way to make a look: the first whose tool a server has is taken.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LookMethod {
    /// The tool's name without its server.
    pub tool: String,
    /// Kinds for which it is; all where none is named.
    #[serde(default)]
    pub kinds: Vec<String>,
    /// Arguments; `{name}` and the like stand for what is looked at.
    #[serde(default)]
    pub arguments: Map<String, Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CollectorRow {
    name: String,
    /// Kinds of objects in small letters, or `alert` for each alert.
    of: Vec<String>,
    #[serde(default)]
    alertname: Vec<String>,
    #[serde(default)]
    look: Vec<String>,
    #[serde(default)]
    then: Vec<FollowUp>,
}

/// What is looked at of objects of some kinds.
#[derive(Debug)]
pub(super) struct Collector {
    pub of: Vec<String>,
    /// Alerts for which it is; all where none is named.
    pub alertname: Vec<Regex>,
    pub look: Vec<String>,
    pub then: Vec<FollowUp>,
}

/// What is looked at once the object is known.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FollowUp {
    /// A path that must lead to something in the object.
    #[serde(default)]
    pub when: Option<String>,
    /// One of these must be what it leads to.
    #[serde(default)]
    pub is: Vec<String>,
    /// Further looks at the object.
    #[serde(default)]
    pub look: Vec<String>,
    /// A path to names of other objects, or to references with `kind` and `name`.
    #[serde(default)]
    pub follow: Option<String>,
    /// Of which kind these are, where they do not say so themselves.
    #[serde(default)]
    pub kind: Option<String>,
    /// A kind of which those in the object's namespace are listed.
    #[serde(default)]
    pub list: Option<String>,
    /// Whether only those are listed that the object's selector chooses.
    #[serde(default)]
    pub selected: bool,
    /// Of what is listed, so many are looked at themselves.
    #[serde(default)]
    pub each: usize,
}

impl Tables {
    /// Takes in one file.
    ///
    /// # Errors
    /// Sentences about everything that is wrong with it.
    pub fn add(&mut self, text: &str) -> Result<(), Vec<String>> {
        let file: File = toml::from_str(text).map_err(|error| vec![error.to_string()])?;
        let mut problems = Vec::new();
        for row in file.look {
            if row.by.is_empty() {
                problems.push(format!("look `{}` names no tool in `by`", row.name));
            }
            if self.looks.contains_key(&row.name) {
                problems.push(format!("the look `{}` is there twice; give one of them another name", row.name));
            }
            self.looks.insert(row.name, row.by);
        }
        for row in file.collector {
            let mut alertname = Vec::new();
            for pattern in &row.alertname {
                match Regex::new(&format!("^(?:{pattern})$")) {
                    Ok(regex) => alertname.push(regex),
                    Err(error) => problems.push(format!("collector `{}`: `alertname`: {error}", row.name)),
                }
            }
            if row.of.is_empty() {
                problems.push(format!("collector `{}`: `of` names no kind", row.name));
            }
            for then in &row.then {
                let kinds = [&then.kind, &then.list].into_iter().flatten();
                for kind in kinds.filter(|kind| super::kinds::of(kind).is_none()) {
                    let known = "kinds are written in small letters, such as `pod`";
                    problems.push(format!("collector `{}`: the kind `{kind}` is not known; {known}", row.name));
                }
                if then.look.is_empty() && then.follow.is_none() && then.list.is_none() {
                    problems.push(format!("collector `{}`: a `then` needs `look`, `follow` or `list`", row.name));
                }
            }
            self.collectors.push(Collector { of: row.of, alertname, look: row.look, then: row.then });
        }
        for row in file.survey {
            problems.extend(row.problem());
            self.surveys.push(row);
        }
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }

    /// How many collectors there are.
    pub fn len(&self) -> usize {
        self.collectors.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.collectors.is_empty()
    }

    /// What is wrong with all files together: looks that nobody has described.
    pub fn problems(&self) -> Vec<String> {
        let thens = self.collectors.iter().flat_map(|one| &one.then);
        let named = self.collectors.iter().flat_map(|one| &one.look).chain(thens.clone().flat_map(|then| &then.look));
        let unknown = named.filter(|name| !self.looks.contains_key(*name));
        let mut problems: Vec<String> =
            unknown.map(|name| format!("a collector wants the look `{name}`, which no [[look]] describes")).collect();
        if thens.clone().any(|then| then.list.is_some()) && !self.looks.contains_key("list") {
            problems.push("collectors list objects, and no [[look]] named `list` says how".into());
        }
        problems.sort();
        problems.dedup();
        problems
    }
}
