//! Writes text so that it stands for itself and nothing else in a target's markup.

use super::found::{begins_command, begins_picture, ends_host};

/// How one target's markup is kept out of text.
#[derive(Clone, Copy, Debug)]
pub struct Escapes {
    /// Which signs, where, and how; the first that fits counts.
    pub rules: &'static [(Place, &'static str, Way)],
    /// How an address in text is kept from becoming a link by itself; none where no target would.
    pub addresses: Option<Way>,
    /// The same for a bare host such as `evil.example`.
    pub hosts: Option<Way>,
    /// How `:fire:` is kept from becoming a picture; none where no target would.
    pub pictures: Option<Way>,
}

/// Where a sign means something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Everywhere.
    Anywhere,
    /// Not between two letters or digits: `_` in `kube_pod_info` is part of a name.
    Edge,
    /// In front of a word, as in `@all`.
    WordStart,
    /// In front of a word that can be touched as a command, as in `/start`.
    Command,
    /// First in a line; `.` and `)` behind a number there.
    LineStart,
}

/// How a sign is written instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A backslash in front.
    Backslash,
    /// `&lt;`, `&gt;`, `&amp;` or `&quot;`.
    Named,
    /// `&#60;`.
    Numeric,
    /// As its full-width twin: for markup that has no escape, and for mentions that are looked for in what a
    /// reader sees.
    FullWidth,
}

impl Way {
    fn push(self, out: &mut String, sign: char) {
        match (self, sign) {
            (Self::Named, '<') => out.push_str("&lt;"),
            (Self::Named, '>') => out.push_str("&gt;"),
            (Self::Named, '&') => out.push_str("&amp;"),
            (Self::Named, '"') => out.push_str("&quot;"),
            (Self::Named | Self::Numeric, _) => out.push_str(&format!("&#{};", u32::from(sign))),
            (Self::Backslash, _) => out.extend(['\\', sign]),
            (Self::FullWidth, _) => out.push(full_width(sign)),
        }
    }
}

/// The twin that a reader knows and no markup does.
pub(super) fn full_width(sign: char) -> char {
    match sign {
        '!'..='~' => char::from_u32(u32::from(sign) + 0xfee0).unwrap_or(sign),
        other => other,
    }
}

impl Escapes {
    /// For places without any markup.
    pub const NONE: Self = Self::of(&[]);

    /// Signs alone.
    pub const fn of(rules: &'static [(Place, &'static str, Way)]) -> Self {
        Self { rules, addresses: None, hosts: None, pictures: None }
    }

    /// Appends text; a line of markup begins where `out` is empty or ends with a line break.
    pub(super) fn push(&self, out: &mut String, text: &str) {
        let mut before = out.chars().next_back().unwrap_or('\n');
        // What has been written of this line, where that is all text.
        let mut line = (before == '\n').then_some(0);
        let mut signs = text.char_indices().peekable();
        while let Some((at, sign)) = signs.next() {
            let rest = text.get(at..).unwrap_or_default();
            let after = signs.peek().map_or(' ', |(_, sign)| *sign);
            let beginning = line.and_then(|start| text.get(start..at));
            let found = || self.address(rest, text, at).or_else(|| self.found(rest, text, at));
            match self.way(rest, before, after, beginning).or_else(found) {
                Some(way) => way.push(out, sign),
                None => out.push(sign),
            }
            before = sign;
            if sign == '\n' {
                line = Some(at + 1);
            }
        }
    }

    fn way(&self, rest: &str, before: char, after: char, beginning: Option<&str>) -> Option<Way> {
        let sign = rest.chars().next()?;
        let holds = |place: Place| match place {
            Place::Anywhere => true,
            Place::Edge => !(before.is_alphanumeric() && after.is_alphanumeric()),
            Place::WordStart => !before.is_alphanumeric() && !after.is_whitespace(),
            Place::Command => begins_command(rest, before),
            Place::LineStart => beginning.is_some_and(|beginning| begins_block(beginning.trim_start(), sign)),
        };
        let rule = self.rules.iter().find(|(place, signs, _)| signs.contains(sign) && holds(*place));
        rule.map(|(_, _, way)| *way)
    }

    /// The colon of `https://` and the dot of `www.`, by which readers find addresses.
    fn address(&self, rest: &str, text: &str, at: usize) -> Option<Way> {
        let www = || {
            let before = text.get(..at).unwrap_or_default();
            let from = before.len().saturating_sub(3);
            before.get(from..).is_some_and(|before| before.eq_ignore_ascii_case("www"))
        };
        self.addresses.filter(|_| rest.starts_with("://") || (rest.starts_with('.') && www()))
    }
}

impl Escapes {
    /// The last dot of a bare host, and the first colon of a picture.
    fn found(&self, rest: &str, text: &str, at: usize) -> Option<Way> {
        match rest.chars().next() {
            Some('.') => self.hosts.filter(|_| ends_host(text, at)),
            Some(':') => self.pictures.filter(|_| begins_picture(rest)),
            _ => None,
        }
    }
}

/// Whether a sign behind the beginning of a line makes the line something else.
fn begins_block(beginning: &str, sign: char) -> bool {
    if !matches!(sign, '.' | ')') {
        return beginning.is_empty();
    }
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // The second are headings and quotes in Jira's wiki markup.
    number(beginning) || beginning == "bq" || beginning.strip_prefix('h').is_some_and(number)
}
