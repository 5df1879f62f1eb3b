//! A configuration with mistakes, for `check`: what can be read of it is held against policies, plugins and tools all the same, so
//! that one run names everything.

use std::path::Path;

use super::problem::is_part;
use super::{Config, Overrides, Problem, Problems, text_of};

/// What is wrong with a configuration by itself. Of one that a host runs with it is nothing.
#[derive(Clone, Debug, Default)]
pub(super) struct Mistakes {
    /// What could not be read, and so is missing.
    pub unread: Vec<Problem>,
    /// What was read and cannot be meant.
    pub unmeant: Vec<Problem>,
}

impl Config {
    /// Reads a file as [`Config::load`] does, as far as it can be read: with its mistakes ([`Config::mistakes`]).
    ///
    /// # Errors
    /// When nothing of it can be read.
    pub fn load_with_mistakes(file: Option<&Path>, overrides: &Overrides) -> Result<Self, Problems> {
        let (text, file) = text_of(file)?;
        let (config, problems) = Self::read(text, file.as_deref(), overrides);
        config.ok_or(Problems(problems))
    }

    /// What is wrong with it by itself, in the order of the file.
    pub fn mistakes(&self) -> Vec<Problem> {
        let Mistakes { unread, unmeant } = &self.mistakes;
        Problems::sorted(unread.iter().chain(unmeant).cloned().collect()).0
    }

    /// Whether all of it could be read and can be meant.
    pub fn is_sound(&self) -> bool {
        self.mistakes.unread.is_empty() && self.mistakes.unmeant.is_empty()
    }

    /// Whether all that the file says at a path could be read, such as `users`: only then is it known what is not there.
    pub fn is_read(&self, path: &str) -> bool {
        !self.mistakes.unread.iter().any(|problem| is_lost(problem) && concerns(problem, path))
    }

    /// Whether that can be meant, too, so that something can be done with it.
    pub fn is_usable(&self, path: &str) -> bool {
        self.is_read(path) && !self.mistakes.unmeant.iter().any(|problem| concerns(problem, path))
    }

    /// Whether something at a path, or in it, is missing because it could not be read, as was told.
    pub fn misses(&self, path: &str) -> bool {
        !path.is_empty() && self.mistakes.unread.iter().any(|problem| is_lost(problem) && problem.explains(path))
    }

    /// Names in a section of which the tables could not be read.
    pub fn unread_names<'a>(&'a self, section: &'a str) -> impl Iterator<Item = &'a str> {
        let of_section = move |problem: &'a Problem| problem.subject.strip_prefix(section)?.strip_prefix('.');
        self.mistakes.unread.iter().filter(|problem| is_lost(problem)).filter_map(of_section)
    }
}

/// Whether something that may be meant is missing, and not merely a key that nobody knows.
fn is_lost(problem: &Problem) -> bool {
    let key = problem.subject.rsplit('.').next().unwrap_or_default();
    !problem.text.starts_with(&format!("unknown field `{key}`"))
}

fn concerns(problem: &Problem, path: &str) -> bool {
    is_part(&problem.subject, path) || is_part(path, &problem.subject)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Config {
        Config::read(text.into(), Some(Path::new("conf/t.toml")), &Overrides::default()).0.unwrap()
    }

    #[test]
    fn what_can_be_read_is_there_and_what_is_missing_is_known() {
        let config = read(
            "[server]\nlisten = 5\n[notifiers.chat]\nplugin = 'slack'\ncolour = 'red'\n[notifiers.lost]\nsettings = {}\n\
             [users.ada]\nnotify = 'nobody'\n[people]\nsre = ['ada']\n",
        );
        assert_eq!(config.mistakes().len(), 4, "{:#?}", config.mistakes());
        assert_eq!(config.notifiers.keys().collect::<Vec<_>>(), ["chat"]);
        assert_eq!(
            config.unread_names("notifiers").collect::<Vec<_>>(),
            ["lost"],
            "a key that nobody knows is no loss"
        );
        assert!(!config.is_read("server") && !config.is_read("server.listen") && config.is_read("server.auth"));
        assert!(config.is_read("users") && !config.is_usable("users") && config.is_usable("people"));
        assert!(config.misses("server") && config.misses("notifiers.lost") && !config.misses("users.ada"));
        assert!(!config.misses("notifiers.chat"), "all that may be meant is there");
        assert!(!config.is_sound() && read("[server]").is_sound());
    }

    #[test]
    fn one_of_a_list_hides_none_of_the_others() {
        let config = read(
            "[[cluster]]\nname = 'a'\ncolour = 1\n[[cluster]]\ntools = []\n[[cluster]]\nname = 'b b'\n[[cluster]]\nname = 'c'\n",
        );
        let told: Vec<String> = config.mistakes().iter().map(ToString::to_string).collect();
        for (told, want) in told.iter().zip([
            "conf/t.toml:1: cluster: name \"b b\"",
            "conf/t.toml:3: cluster.0.colour: unknown field `colour`",
            "conf/t.toml:4: cluster.1: missing field `name`",
        ]) {
            assert!(told.starts_with(want), "{told}\n  should start with\n{want}");
        }
        assert_eq!(told.len(), 3, "{told:#?}");
        assert_eq!(config.clusters.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["a", "c"]);
    }

    #[test]
    fn what_is_no_toml_is_not_read() {
        let (config, problems) = Config::read("[server\n".into(), None, &Overrides::default());
        assert!(config.is_none() && problems.len() == 1, "{problems:?}");
    }
}
