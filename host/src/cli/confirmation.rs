//! Whether a command acts on what whoever typed it has seen: `latest` and beginnings of ids may have come to mean another incident
//! since. One rule for all commands that change something: the full id means one incident; anything else is shown and asked about, and
//! where nobody sits at a terminal nothing is done.

use anyhow::bail;

use super::screen::ask;

/// What a command is to do, to which incident.
pub struct Confirmation<'a> {
    /// The word that was typed for the incident.
    pub word: &'a str,
    /// The full id of the incident that it means now.
    pub incident: &'a str,
    /// What is done then, as `approved`.
    pub done: &'a str,
    /// The command, behind the name of the program, that names the same in full.
    pub command: String,
}

impl Confirmation<'_> {
    /// Whether the word can mean nothing else.
    pub fn is_exact(&self) -> bool {
        self.word == self.incident
    }

    /// Takes the answer of whoever sits at the terminal, in front of whom it is shown; without one the word alone decides.
    ///
    /// # Errors
    /// When it is not meant, or nobody can say so.
    pub fn agreed(&self, answer: Option<bool>) -> anyhow::Result<()> {
        match answer {
            Some(true) => Ok(()),
            Some(false) => bail!("nothing was {}", self.done),
            None if self.is_exact() => Ok(()),
            None => bail!(
                "{:?} may mean another incident than you saw, so nothing was {}; if the one above is it, run: tidegate {}",
                self.word,
                self.done,
                self.command
            ),
        }
    }
}

/// The answer of whoever sits at the terminal; none where nobody does.
///
/// # Errors
/// When the terminal is gone.
pub fn ask_on_a_terminal(question: &str) -> anyhow::Result<Option<bool>> {
    let answer = ask(&format!("{question} [y/N] "))?;
    Ok(answer.map(|answer| matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_a_full_id_or_a_yes_says_which_incident_is_meant() {
        let meant = |word: &'static str| Confirmation {
            word,
            incident: "i-b1",
            done: "closed",
            command: "incidents close i-b1".into(),
        };
        for word in ["latest", "i-b", "I-B1", ""] {
            let refused = meant(word).agreed(None).unwrap_err().to_string();
            assert!(refused.contains("nothing was closed") && refused.ends_with("close i-b1"), "{refused}");
            assert!(meant(word).agreed(Some(true)).is_ok(), "{word}");
        }
        assert!(meant("i-b1").agreed(None).is_ok() && meant("i-b1").agreed(Some(false)).is_err());
    }
}
