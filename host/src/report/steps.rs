//! Steps that a model advises, for people: what to do, and a command as code that nothing executes.

use super::escape::Style;
use crate::domain::entry::Step;
use crate::domain::text::one_line;

/// Letters of a command; a longer one is not shown, because half a command is another one.
const COMMAND: usize = 1000;

/// A step in one line.
pub(super) fn line(step: &Step) -> String {
    let text = Style::Markdown.say(&step.text);
    let command = one_line(&step.command, COMMAND + 1);
    if command.is_empty() || command.chars().count() > COMMAND {
        return text;
    }
    let command = Style::Markdown.name(&command);
    if text.is_empty() { command } else { format!("{text} {command}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_code_and_never_half_of_it() {
        let step = |text: &str, command: &str| Step { text: text.into(), command: command.into() };
        assert_eq!(line(&step("See why.", "kubectl logs web")), "See why. `kubectl logs web`");
        assert_eq!(line(&step("", "ls\nrm")), "`ls rm`");
        assert_eq!(line(&step("See", &"x".repeat(COMMAND + 1))), "See");
        assert_eq!(line(&"Look".into()), "Look");
    }
}
