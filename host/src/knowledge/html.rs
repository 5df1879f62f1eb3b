//! A web page as plain text: what a reader sees of it, with its headings as those of Markdown.

/// Elements of which nothing is seen.
const UNSEEN: [&str; 8] = ["script", "style", "head", "template", "noscript", "svg", "nav", "iframe"];
/// Elements that begin a line.
const LINES: [&str; 18] = [
    "p",
    "div",
    "br",
    "li",
    "tr",
    "ul",
    "ol",
    "table",
    "section",
    "article",
    "header",
    "footer",
    "blockquote",
    "pre",
    "dt",
    "dd",
    "hr",
    "main",
];

/// The text of a page. Total: what is no HTML comes back without its tags.
pub fn text(page: &str) -> String {
    let mut out = String::new();
    let mut rest = page;
    let mut verbatim = 0_u32;
    while let Some(at) = rest.find('<') {
        words(&mut out, rest.get(..at).unwrap_or_default(), verbatim > 0);
        rest = rest.get(at..).unwrap_or_default();
        if let Some(comment) = rest.strip_prefix("<!--") {
            rest = comment.split_once("-->").map_or("", |(_, behind)| behind);
            continue;
        }
        let Some((tag, behind)) = tag(rest) else {
            out.push('<');
            rest = rest.get(1..).unwrap_or_default();
            continue;
        };
        rest = behind;
        let (closes, name) = tag.strip_prefix('/').map_or((false, tag), |name| (true, name));
        let name: String =
            name.chars().take_while(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
        if !closes && UNSEEN.contains(&name.as_str()) && !tag.ends_with('/') {
            rest = behind_end(rest, &name);
            continue;
        }
        match name.as_str() {
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                line(&mut out);
                let depth = name.bytes().last().map_or(1, |digit| usize::from(digit.saturating_sub(b'0')));
                if !closes {
                    out.push_str(&"#".repeat(depth));
                    out.push(' ');
                }
            }
            name if LINES.contains(&name) => {
                line(&mut out);
                verbatim = match (name, closes) {
                    ("pre", false) => verbatim.saturating_add(1),
                    ("pre", true) => verbatim.saturating_sub(1),
                    _ => verbatim,
                };
                if name == "li" && !closes {
                    out.push_str("- ");
                }
            }
            "td" | "th" if closes => out.push(' '),
            _ => {}
        }
    }
    words(&mut out, rest, verbatim > 0);
    out.trim().to_string()
}

/// The inside of the tag that a text begins with, and what is behind it; none where it begins with no tag.
fn tag(text: &str) -> Option<(&str, &str)> {
    let inside = text.strip_prefix('<')?;
    if !inside.starts_with(|letter: char| letter.is_ascii_alphabetic() || "/!?".contains(letter)) {
        return None;
    }
    let mut quote = None;
    for (at, letter) in inside.char_indices() {
        match (quote, letter) {
            (None, '>') => return Some((inside.get(..at)?, inside.get(at + 1..)?)),
            (None, '"' | '\'') => quote = Some(letter),
            (Some(open), letter) if open == letter => quote = None,
            _ => {}
        }
    }
    // A quote or a tag that never ends hides all the rest, as in a browser.
    Some((inside, ""))
}

/// What is behind the end of an element that is not seen; nothing where it does not end.
fn behind_end<'a>(text: &'a str, name: &str) -> &'a str {
    let mut rest = text;
    while let Some((_, behind)) = rest.split_once("</") {
        if behind.get(..name.len()).is_some_and(|end| end.eq_ignore_ascii_case(name)) {
            return behind.split_once('>').map_or("", |(_, behind)| behind);
        }
        rest = behind;
    }
    ""
}

fn line(out: &mut String) {
    let end = out.trim_end_matches(' ').len();
    out.truncate(end);
    if !out.is_empty() && !out.ends_with('\n') {
        out.push('\n');
    }
}

fn words(out: &mut String, text: &str, verbatim: bool) {
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        if letter == '&'
            && let Some((letter, behind)) = entity(rest)
        {
            out.push(letter);
            rest = behind;
            continue;
        }
        match letter {
            letter if verbatim || !letter.is_whitespace() => out.push(letter),
            _ if out.is_empty() || out.ends_with([' ', '\n']) => {}
            _ => out.push(' '),
        }
        rest = rest.get(letter.len_utf8()..).unwrap_or_default();
    }
}

fn entity(text: &str) -> Option<(char, &str)> {
    let end = text.bytes().take(12).position(|byte| byte == b';')?;
    let (name, behind) = (text.get(1..end)?, text.get(end + 1..)?);
    let letter = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)?
        }
    };
    Some((letter, behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_what_a_reader_sees_of_it() {
        let page = "<!DOCTYPE html><html><head><title>T</title></head><body><nav>menu</nav>\n<h1 class='a>b'>Crash\n loops</h1>\n<p>Look&nbsp;at the <b>logs</b> &amp; events.</p><ul><li>one<li>two</ul><pre>a\n  b</pre>\n<table><tr><td>x</td><td>y</td></tr></table><script>if (a < b) {}</script><!-- hidden -->end</body>";
        assert_eq!(text(page), "# Crash loops\nLook at the logs & events.\n- one\n- two\na\n  b\nx y\nend".to_string());
    }

    #[test]
    fn any_text_ends() {
        for (page, want) in [
            ("", ""),
            ("1 < 2 && 3 > 2", "1 < 2 && 3 > 2"),
            ("a<b", "a"),
            ("<script>x", ""),
            ("<script>x</SCRIPT >y", "y"),
            ("<p title=\"x>y", ""),
            ("a<!-- b", "a"),
            ("&#x41;&#66;&bogus;&#xd800;&", "AB&bogus;&#xd800;&"),
            ("容器<br/>重启", "容器\n重启"),
            ("<", "<"),
        ] {
            assert_eq!(text(page), want, "{page}");
        }
    }
}
