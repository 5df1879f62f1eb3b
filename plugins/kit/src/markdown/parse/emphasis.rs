//! Which `*` and `_` belong together.

use std::collections::BTreeMap;

use super::inline::Token;

/// Signs in a row.
pub(super) struct Run {
    sign: char,
    /// How many have no partner yet.
    pub(super) left: usize,
    total: usize,
    opens: bool,
    closes: bool,
    /// How many marks end here, before what is left.
    pub(super) ends: usize,
    /// The marks that begin behind what is left, from the innermost; true for bold.
    pub(super) begins: Vec<bool>,
}

impl Run {
    /// `before` and `after` are the characters beside it; a line break where there are none.
    pub(super) fn new(sign: char, total: usize, before: char, after: char) -> Self {
        let (spaced, apart) = (before.is_whitespace(), after.is_whitespace());
        let left = !apart && (!is_punctuation(after) || spaced || is_punctuation(before));
        let right = !spaced && (!is_punctuation(before) || apart || is_punctuation(after));
        let word = sign == '_' && left && right;
        Self {
            sign,
            left: total,
            total,
            opens: left && (!word || is_punctuation(before)),
            closes: right && (!word || is_punctuation(after)),
            ends: 0,
            begins: Vec::new(),
        }
    }

    /// What is left as text.
    pub(super) fn text(&self) -> String {
        self.sign.to_string().repeat(self.left)
    }

    /// The rule of three: `*a**b*` is no bold within.
    fn pairs(&self, closer: &Self) -> bool {
        let ambiguous = self.closes || closer.opens;
        let thirds = (self.total + closer.total).is_multiple_of(3) && !self.total.is_multiple_of(3);
        self.sign == closer.sign && !(ambiguous && thirds)
    }
}

fn is_punctuation(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_punctuation() } else { !c.is_alphanumeric() && !c.is_whitespace() }
}

/// Pairs the runs at these places in `tokens`, which stand in order.
pub(super) fn pair(tokens: &mut [Token], places: &[usize]) {
    let mut openers: Vec<usize> = Vec::new();
    // Below, nothing fits to a run that looks the same.
    let mut lowest: BTreeMap<(char, bool, usize), usize> = BTreeMap::new();
    for &place in places {
        let (before, rest) = tokens.split_at_mut(place);
        let Some(Token::Run(run)) = rest.first_mut() else { continue };
        let look = (run.sign, run.opens, run.total % 3);
        while run.closes && run.left > 0 {
            let bound = lowest.get(&look).copied().unwrap_or(0);
            let candidates = openers.iter().enumerate().rev().take_while(|(_, opener)| **opener >= bound);
            let mut fitting = candidates
                .filter(|(_, opener)| matches!(before.get(**opener), Some(Token::Run(opener)) if opener.pairs(run)));
            let found = fitting.next().map(|(at, opener)| (at, *opener));
            let Some((at, Some(Token::Run(opener)))) = found.map(|(at, opener)| (at, before.get_mut(opener))) else {
                lowest.insert(look, place);
                break;
            };
            let bold = opener.left >= 2 && run.left >= 2;
            let signs = if bold { 2 } else { 1 };
            opener.left -= signs;
            opener.begins.push(bold);
            run.left -= signs;
            run.ends += 1;
            openers.truncate(if opener.left > 0 { at + 1 } else { at });
        }
        if run.opens && run.left > 0 {
            openers.push(place);
        }
    }
}
