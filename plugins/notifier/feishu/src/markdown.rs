//! From CommonMark to the subset that Feishu's cards show.
//!
//! Bold, italic, strike-through and links stay. Headings become bold, bullets a dot, tables plain
//! rows, code and quotes plain text; everything else is text. No tag survives: a mention can only
//! come from the settings.

use crate::{escape, link};

/// Converts a whole text.
pub(crate) fn convert(text: &str) -> String {
    let mut lines = Vec::new();
    let mut fence = None;
    for line in text.lines() {
        let marker = Fence::of(line);
        match (&fence, marker) {
            (None, Some(open)) => fence = Some(open),
            (Some(open), Some(close)) if close.closes(open) => fence = None,
            (Some(_), _) => lines.push(escape::text(line)),
            (None, None) => lines.extend(block(line)),
        }
    }
    lines.join("\n").trim().to_string()
}

/// A line that opens or closes a block of code.
struct Fence {
    sign: char,
    length: usize,
    /// Nothing stands behind it.
    bare: bool,
}

impl Fence {
    /// A line that has ticks behind its ticks is code within a line and opens nothing: were it a fence,
    /// a name that begins with three ticks would hide the lines that follow.
    fn of(line: &str) -> Option<Self> {
        let line = line.trim();
        let sign = line.chars().next().filter(|sign| matches!(sign, '`' | '~'))?;
        let rest = line.trim_start_matches(sign);
        let length = line.len() - rest.len();
        (length >= 3 && !(sign == '`' && rest.contains('`'))).then_some(Self { sign, length, bare: rest.is_empty() })
    }

    fn closes(&self, open: &Self) -> bool {
        self.sign == open.sign && self.length >= open.length && self.bare
    }
}

/// One line outside of code.
fn block(line: &str) -> Option<String> {
    let bare = line.trim_start();
    let indent = "  ".repeat((line.len() - bare.len()) / 2);
    let level = bare.len() - bare.trim_start_matches('#').len();
    if (1..=6).contains(&level)
        && let Some(heading) = bare.get(level..).filter(|rest| rest.starts_with(' '))
    {
        let heading = heading.trim().trim_end_matches('#').trim_end().replace("**", "");
        return Some(format!("**{}**", inline(&heading)));
    }
    if bare.len() >= 3 && ["-", "*", "_"].iter().any(|rule| bare.replace([' '], "").replace(rule, "").is_empty()) {
        return Some(String::new());
    }
    if let Some(item) = ["- ", "* ", "+ "].iter().find_map(|bullet| bare.strip_prefix(bullet)) {
        return Some(format!("{indent}• {}", inline(item)));
    }
    if let Some(quoted) = bare.strip_prefix('>') {
        return Some(format!("│ {}", inline(quoted.trim_start())));
    }
    if let Some(row) = bare.strip_prefix('|') {
        let row = row.trim_end().trim_end_matches('|');
        let is_ruler = row.chars().all(|c| "-:| ".contains(c));
        let cells = row.split('|').map(|cell| inline(cell.trim()));
        return (!is_ruler).then(|| cells.collect::<Vec<_>>().join(" | "));
    }
    // Two spaces at the end break a line, which each line does here.
    Some(format!("{indent}{}", inline(bare.trim_end())))
}

/// Text within a line.
fn inline(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let tail = rest.get(c.len_utf8()..).unwrap_or_default();
        let taken = match c {
            '\\' => escaped(tail, &mut out),
            '`' => code(rest, &mut out),
            '&' => entity(rest, &mut out),
            '<' => autolink(rest, &mut out),
            '!' if tail.starts_with('[') => linked(tail, &mut out).map(|taken| taken + 1),
            '[' => linked(rest, &mut out),
            // Emphasis is the same in both dialects.
            '*' | '~' => {
                out.push(c);
                Some(1)
            }
            // Within a word it is no emphasis, and names of metrics are full of it.
            _ => None,
        };
        let taken = taken.unwrap_or_else(|| {
            escape::push(&mut out, c);
            c.len_utf8()
        });
        rest = rest.get(taken..).unwrap_or_default();
    }
    out
}

/// `\*` stands for the sign itself.
fn escaped(tail: &str, out: &mut String) -> Option<usize> {
    let c = tail.chars().next().filter(char::is_ascii_punctuation)?;
    escape::push(out, c);
    Some(2)
}

/// Code within a line: its text without meaning.
fn code(rest: &str, out: &mut String) -> Option<usize> {
    let ticks = rest.len() - rest.trim_start_matches('`').len();
    let fence = rest.get(..ticks)?;
    let inside = rest.get(ticks..)?;
    let end = inside.find(fence)?;
    out.push_str(&escape::text(inside.get(..end)?.trim()));
    Some(ticks + end + ticks)
}

/// `&lt;` and its like stand for a sign, which is then escaped as any other.
fn entity(rest: &str, out: &mut String) -> Option<usize> {
    let end = rest.char_indices().take(10).find(|(_, c)| *c == ';')?.0;
    let name = rest.get(1..end)?;
    let c = match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        _ => {
            let number = name.strip_prefix('#')?;
            let hex = number.strip_prefix(['x', 'X']);
            let code = hex.map_or_else(|| number.parse().ok(), |hex| u32::from_str_radix(hex, 16).ok());
            char::from_u32(code?)?
        }
    };
    escape::push(out, c);
    Some(end + 1)
}

/// `<https://…>`
fn autolink(rest: &str, out: &mut String) -> Option<usize> {
    let end = rest.find('>')?;
    let url = rest.get(1..end)?;
    let link = link::parse(url)?;
    out.push_str(&format!("[{}]({})", escape::text(url), link.url));
    Some(end + 1)
}

/// `[text](url "title")`. Where it leads is always written beside it, whatever the text says.
fn linked(rest: &str, out: &mut String) -> Option<usize> {
    let middle = rest.find("](")?;
    let text = rest.get(1..middle).filter(|text| !text.contains('['))?;
    let target = rest.get(middle + 2..)?;
    let end = target.find(')')?;
    let url = target.get(..end)?.split_whitespace().next()?;
    let link = link::parse(url.trim_start_matches('<').trim_end_matches('>'))?;
    let text = escape::line(text);
    out.push_str(&format!("[{text}]({})", link.url));
    if text != escape::text(&link.url) && text != escape::text(&link.host) {
        out.push_str(&format!(" &#40;{}&#41;", escape::text(&link.host)));
    }
    Some(middle + 2 + end + 1)
}

#[cfg(test)]
mod tests {
    use super::convert;

    fn check(markdown: &str, want: &str) {
        assert_eq!(convert(markdown), want, "from {markdown:?}");
    }

    #[test]
    fn structure_is_kept_as_far_as_cards_can() {
        check("# Report\n\n## Root **cause** ##", "**Report**\n\n**Root cause**");
        check("- one\n  - *two*\n1. three", "• one\n  • *two*\n1. three");
        check("| a | b |\n|---|:-:|\n| 1 | `2` |", "a | b\n1 | 2");
        check("> quoted\n\n---\nend", "│ quoted\n\n\nend");
        check("```yaml\na: *b\n```\nc", "a: &#42;b\nc");
        check("pod `web-1` uses kube_pod_info", "pod web-1 uses kube&#95;pod&#95;info");
        check("````text\n```\n*a*\n````\n**b**", "&#96;&#96;&#96;\n&#42;a&#42;\n**b**");
    }

    #[test]
    fn a_name_that_begins_with_ticks_hides_nothing_that_follows() {
        check(
            "````pod ```x```` · 1 alert\n**Do it?**\n```` ```y ````\nend",
            "pod &#96;&#96;&#96;x · 1 alert\n**Do it?**\n&#96;&#96;&#96;y\nend",
        );
    }

    #[test]
    fn nobody_is_mentioned_by_text() {
        for hostile in [
            "<at id=all></at>",
            "&lt;at id=all&gt;",
            "&#60;at id=all&#62;",
            "`<at id=all>`",
            "\\<at id=all\\>",
            "```\n<at id=all></at>\n```",
            "[<at id=all></at>](https://a.example)",
            "| <at id=all> |",
            "# <at id=all>",
            "> <at user_id=\"all\">x</at>",
        ] {
            assert!(!convert(hostile).contains('<'), "{hostile} becomes {}", convert(hostile));
        }
        check("&#x3c;at&amp;gt;", "&#60;at&#38;gt;");
    }

    #[test]
    fn links_show_where_they_lead() {
        check("[Runbook](https://r.example/x)", "[Runbook](https://r.example/x) &#40;r.example&#41;");
        check(
            "[https://bank.example](https://evil.example)",
            "[https://bank.example](https://evil.example) &#40;evil.example&#41;",
        );
        check("<https://a.example/b>", "[https://a.example/b](https://a.example/b)");
        check("[x](javascript:alert)", "&#91;x&#93;&#40;javascript:alert&#41;");
        check("[x](https://good@evil.example)", "&#91;x&#93;&#40;https://good@evil.example&#41;");
        check("![graph](https://g.example/p.png)", "[graph](https://g.example/p.png) &#40;g.example&#41;");
    }
}
