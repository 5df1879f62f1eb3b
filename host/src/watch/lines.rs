//! Cuts what comes in pieces into lines of bounded length.

/// The beginning of a line whose end has not come yet.
#[derive(Debug)]
pub struct Lines {
    begun: Vec<u8>,
    most: usize,
    /// Whether the rest of a line that is too long is on its way.
    skips: bool,
    /// Lines that were too long.
    pub left_out: u64,
}

impl Lines {
    /// Lines of so many bytes at most.
    pub fn new(most: usize) -> Self {
        Self { begun: Vec::new(), most, skips: false, left_out: 0 }
    }

    /// Takes in a piece, and hands on the lines that end in it. An empty line is none.
    pub fn take(&mut self, piece: &[u8], mut line: impl FnMut(&[u8])) {
        let mut rest = piece;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let (head, tail) = rest.split_at(end);
            self.add(head);
            if !self.skips && !self.begun.is_empty() {
                line(&self.begun);
            }
            self.begun.clear();
            self.skips = false;
            rest = tail.get(1..).unwrap_or_default();
        }
        self.add(rest);
    }

    fn add(&mut self, part: &[u8]) {
        if self.skips {
            return;
        }
        if self.begun.len() + part.len() > self.most {
            self.skips = true;
            self.left_out += 1;
            self.begun = Vec::new();
        } else {
            self.begun.extend_from_slice(part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_whole_however_they_are_cut_and_a_long_one_costs_no_other() {
        let text = b"one\n\ntwo\nmuch too long for a line\nthree\nfour";
        for size in 1..text.len() {
            let (mut lines, mut found) = (Lines::new(10), Vec::new());
            for piece in text.chunks(size) {
                lines.take(piece, |line| found.push(String::from_utf8_lossy(line).into_owned()));
            }
            assert_eq!((found, lines.left_out), (vec!["one".into(), "two".into(), "three".into()], 1), "{size}");
        }
    }
}
