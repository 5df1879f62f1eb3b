//! What goes to the terminal. Nothing else in this process writes there (a lint of the crate
//! forbids it), and nothing goes through here as it came from outside: a line is one line and shows
//! letters without a shape by their number, so that no alert can forge a line or command a
//! terminal.

use std::io::{BufRead as _, ErrorKind, IsTerminal as _, Read as _, Write};

use serde::Serialize;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::domain::text::letters::{in_json, visible, visible_line};
use crate::secret::Secret;

/// Text that is fit for a terminal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Screen(String);

impl Screen {
    /// Exactly one line, whatever the text holds.
    pub fn line(&mut self, text: impl AsRef<str>) {
        self.0.push_str(&visible_line(text.as_ref()));
        self.0.push('\n');
    }

    /// A text of perhaps several lines: the first, and the others set in beneath it, so that none of them can be taken
    /// for a line of the host's own.
    pub fn text_lines(&mut self, text: impl AsRef<str>) {
        set_in(text.as_ref(), |line| self.line(line));
    }

    /// An empty line.
    pub fn gap(&mut self) {
        self.0.push('\n');
    }

    /// Text whose line breaks are the host's own, such as a report: what it holds from outside was
    /// put on lines when it was written.
    pub fn block(&mut self, text: &str) {
        self.0.push_str(&visible(text));
        if !text.ends_with('\n') {
            self.0.push('\n');
        }
    }

    /// A table with a line of heads.
    pub fn table<const N: usize>(heads: [&str; N], rows: impl Iterator<Item = [String; N]>) -> Self {
        let mut all = vec![heads.map(String::from).to_vec()];
        all.extend(rows.map(Vec::from));
        let mut screen = Self::default();
        screen.columns(&all);
        screen
    }

    /// Rows in columns as a terminal counts them, where a Chinese letter takes two; the last column is not filled up.
    pub fn columns(&mut self, rows: &[Vec<String>]) {
        let shown: Vec<Vec<String>> =
            rows.iter().map(|row| row.iter().map(|cell| visible_line(cell)).collect()).collect();
        let count = shown.iter().map(Vec::len).max().unwrap_or(0);
        let width =
            |column: usize| shown.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..count).map(width).collect();
        for row in &shown {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                line.push_str(cell);
                line.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.width()) + 2));
            }
            self.line(line.trim_end());
        }
    }

    /// A JSON document; letters without a shape are written as JSON escapes, so that it stays the
    /// same document.
    ///
    /// # Errors
    /// When the value is no JSON.
    pub fn json(value: &impl Serialize) -> Result<Self, serde_json::Error> {
        let text = serde_json::to_string_pretty(value)?;
        Ok(Self(format!("{}\n", in_json(&text))))
    }

    /// A JSON document on one line; as [`Screen::json`], it stays the same document.
    pub fn json_line(&mut self, document: &str) {
        self.0.push_str(&in_json(document));
        self.0.push('\n');
    }

    /// How many lines it has.
    pub fn height(&self) -> usize {
        self.0.lines().count()
    }

    /// As much of it as a terminal of this size shows without moving: what is too long for a line is cut, and the last line says
    /// how many more there are.
    #[must_use]
    pub fn fit(&self, size: Size) -> Self {
        let (height, room) = (self.height(), size.rows.saturating_sub(1).max(1));
        let mut fit = Self::default();
        let shown = if height > room { room - 1 } else { height };
        for line in self.0.lines().take(shown) {
            fit.0.push_str(&cut_to(line, size.columns));
            fit.0.push('\n');
        }
        if height > shown {
            fit.0.push_str(&cut_to(&format!("… and {} more lines", height - shown), size.columns));
            fit.0.push('\n');
        }
        fit
    }

    /// Appends another one.
    pub fn extend(&mut self, other: &Self) {
        self.0.push_str(&other.0);
    }

    /// Writes it to standard output. A reader that has seen enough, such as `head`, is no error.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn print(&self) -> std::io::Result<()> {
        let mut out = std::io::stdout().lock();
        match out.write_all(self.0.as_bytes()).and_then(|()| out.flush()) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            done => done,
        }
    }

    /// Writes it in the place of what the terminal shows.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn print_anew(&self) -> std::io::Result<()> {
        // To the first line, and away with all that is there.
        Self(format!("\u{1b}[H\u{1b}[J{}", self.0)).print()
    }

    /// The text as it will be written.
    #[cfg(test)]
    pub fn text(&self) -> &str {
        &self.0
    }
}

/// Words of somebody else that are written as they come: every line but the first is set in, so that none of them can
/// be taken for a line of the host's own.
#[derive(Debug, Default)]
pub struct StreamedText {
    /// The line that is being written has something on it.
    open: bool,
}

impl StreamedText {
    /// Writes the next words to standard output.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn add(&mut self, words: &str) -> std::io::Result<()> {
        self.write(&Self::set_in(words))?;
        self.open |= !words.is_empty();
        Ok(())
    }

    /// Ends the line, if there is one.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn end(&mut self) -> std::io::Result<()> {
        if std::mem::take(&mut self.open) { self.write("\n") } else { Ok(()) }
    }

    fn set_in(words: &str) -> String {
        visible(words).replace('\n', "\n    ")
    }

    fn write(&self, text: &str) -> std::io::Result<()> {
        let mut out = std::io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            done => done,
        }
    }
}

/// How much a terminal shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Letters of one column that a line has room for.
    pub columns: usize,
    /// Lines.
    pub rows: usize,
}

/// The size of the terminal at standard output; none where there is none, or it does not say.
pub fn size() -> Option<Size> {
    let (terminal_size::Width(columns), terminal_size::Height(rows)) =
        terminal_size::terminal_size_of(std::io::stdout())?;
    Some(Size { columns: columns.into(), rows: rows.into() })
}

/// The beginning of a line that is too long, with a mark that it is one.
fn cut_to(line: &str, columns: usize) -> String {
    if line.width() <= columns {
        return line.to_string();
    }
    let (mut kept, mut taken) = (String::new(), 0);
    for letter in line.chars() {
        taken += letter.width().unwrap_or(0);
        if taken + 1 > columns {
            break;
        }
        kept.push(letter);
    }
    kept.push('…');
    kept
}

/// Whether somebody looks at standard output as it comes.
pub fn shows_people() -> bool {
    std::io::stdout().is_terminal()
}

/// A screen of one line.
pub fn one_line(text: impl AsRef<str>) -> Screen {
    let mut screen = Screen::default();
    screen.line(text);
    screen
}

/// Asks whoever sits at the terminal, and returns the line that they type; none where nobody does.
///
/// # Errors
/// When the terminal cannot be written or read.
pub fn ask(question: &str) -> std::io::Result<Option<String>> {
    if !(std::io::stdin().is_terminal() && std::io::stdout().is_terminal()) {
        return Ok(None);
    }
    let mut out = std::io::stdout().lock();
    write!(out, "{}", visible_line(question))?;
    out.flush()?;
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(Some(line))
}

/// The longest secret that is typed or piped in.
const SECRET: u64 = 4096;

/// Asks whoever sits at the terminal for something that is not shown while it is typed, or reads a line of standard input where
/// nobody does; whether it was typed. It is never taken from an argument, which others can see.
///
/// # Errors
/// When nothing can be read.
pub fn ask_secret(question: &str) -> std::io::Result<(Secret, bool)> {
    if std::io::stdin().is_terminal() {
        return Ok((Secret::new(rpassword::prompt_password(visible_line(question))?), true));
    }
    let mut line = String::new();
    std::io::BufReader::new(std::io::stdin().lock().take(SECRET)).read_line(&mut line)?;
    let given = line.strip_suffix('\n').unwrap_or(&line);
    Ok((Secret::new(given.strip_suffix('\r').unwrap_or(given)), false))
}

/// Hands on the lines of a text, all but the first set in.
fn set_in(text: &str, mut each: impl FnMut(&str)) {
    for (i, line) in text.trim_end().lines().enumerate() {
        if i == 0 { each(line) } else { each(&format!("    {line}")) }
    }
}

/// Writes a text to standard error, as [`Screen::text_lines`] does.
pub fn note_lines(text: impl AsRef<str>) {
    set_in(text.as_ref(), |line| note(line));
}

/// Writes one line to standard error.
pub fn note(text: impl AsRef<str>) {
    // Where standard error is closed nobody is left to be told.
    let _ = writeln!(std::io::stderr().lock(), "{}", visible_line(text.as_ref()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::text::letters::is_invisible;

    const BAD: &str = "\u{1b}[2J\r\nFAKE\u{2028}x\u{202e}\u{200b}\u{e0100}";
    const SHOWN: &str = "\\u{1b}[2J\\u{d}\\u{a}FAKE\\u{2028}x\\u{202e}\\u{200b}\\u{e0100}";

    #[test]
    fn a_line_is_one_line_and_a_cell_is_one_cell() {
        assert_eq!(one_line(BAD).text(), format!("{SHOWN}\n"));
        let mut screen = Screen::default();
        screen.columns(&[vec!["a".into(), BAD.into()], vec!["long".into(), "c".into()]]);
        assert_eq!(screen.text(), format!("a     {SHOWN}\nlong  c\n"));
    }

    #[test]
    fn columns_are_those_of_a_terminal() {
        let mut screen = Screen::default();
        screen.columns(&[
            vec!["告警🔥".into(), "x".into()],
            vec!["abcdef".into(), "y".into()],
            vec!["a".into(), "z".into()],
        ]);
        assert_eq!(screen.text(), "告警🔥  x\nabcdef  y\na       z\n");
    }

    #[test]
    fn what_does_not_fit_a_terminal_is_cut_and_said() {
        let mut screen = Screen::default();
        ["abcdef", "告警告警", "z", "y", "x"].iter().for_each(|line| screen.line(line));
        let fit = |columns, rows| screen.fit(Size { columns, rows }).text().to_string();
        assert_eq!(fit(80, 24), screen.text());
        assert_eq!(fit(5, 24), "abcd…\n告警…\nz\ny\nx\n");
        assert_eq!(fit(4, 24).lines().nth(1), Some("告…"), "half a letter is none");
        assert_eq!(fit(40, 4), "abcdef\n告警告警\n… and 3 more lines\n");
        assert_eq!((fit(1, 1).as_str(), fit(0, 0).lines().count()), ("…\n", 1));
    }

    #[test]
    fn further_lines_of_a_text_are_set_in() {
        let mut screen = Screen::default();
        screen.text_lines("it printed: Traceback\n  File \"a\"\r\nerror: forged\u{1b}\n");
        assert_eq!(screen.text(), "it printed: Traceback\n      File \"a\"\n    error: forged\\u{1b}\n");
    }

    #[test]
    fn words_that_come_in_pieces_begin_no_line() {
        let pieces = ["It is\u{1b}[2J down.\nerror: ", "forged\n\u{202e}"];
        let text: String = pieces.iter().map(|piece| StreamedText::set_in(piece)).collect();
        assert_eq!(text, "It is\\u{1b}[2J down.\n    error: forged\n    \\u{202e}");
    }

    #[test]
    fn json_stays_the_same_document() {
        let value = serde_json::json!({ "label": BAD, "告警": ["\u{10ffff}"] });
        let screen = Screen::json(&value).unwrap();
        assert!(screen.text().chars().all(|letter| letter == '\n' || !is_invisible(letter)), "{screen:?}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(screen.text()).unwrap(), value);
    }
}
