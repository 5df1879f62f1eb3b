//! A log: how long it is, how many errors it holds, the first and the last of them, its end.

use std::sync::LazyLock;

use regex::Regex;

/// Lines of its end that are shown.
const END: usize = 3;

static ERROR: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?i)\b(errors?|err|fatal|panic(ked)?|exceptions?|fail(ed|ure|s)?|critical|crit|traceback|segfault|segmentation|out of memory|oom|killed|refused|denied|unauthorized|forbidden|time(d )?out|cannot|can't|could not|unable|no such|not found|unreachable)\b|(?-i:[a-z](Error|Exception))\b",
    )
    .ok()
});

static HARMLESS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"(?i)\blevel["']?\s*[=:]\s*["']?(info|debug|trace)\b|"severity"\s*:\s*"(info|debug)"|^\S*\s*\S*\s*\[?(INFO|DEBUG|TRACE)\b"#)
        .ok()
});

/// Whether a line tells of an error.
fn tells(line: &str) -> bool {
    ERROR.as_ref().is_some_and(|words| words.is_match(line))
        && !HARMLESS.as_ref().is_some_and(|words| words.is_match(line))
}

/// What a person would read of it.
pub(super) fn lines(text: &str) -> Vec<String> {
    let all: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    if all.is_empty() {
        return vec!["the log is empty".into()];
    }
    if all.len() <= END + 2 {
        return all.iter().map(|line| (*line).to_string()).collect();
    }
    let errors: Vec<(usize, &str)> =
        all.iter().enumerate().filter(|(_, line)| tells(line)).map(|(at, line)| (at + 1, *line)).collect();
    let mut lines = vec![match errors.len() {
        0 => format!("{} lines, none of them an error", all.len()),
        1 => format!("{} lines, 1 of them an error", all.len()),
        many => format!("{} lines, {many} of them errors", all.len()),
    }];
    if let Some((at, line)) = errors.first() {
        lines.push(format!("first error (line {at}): {line}"));
    }
    if let Some((at, line)) = errors.last().filter(|_| errors.len() > 1) {
        lines.push(format!("last error (line {at}): {line}"));
    }
    let end = all.len() - END;
    lines.extend(all.iter().skip(end).map(|line| format!("end: {line}")));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_and_the_last_error_stand_out() {
        let text = "boot\nlevel=info msg=\"no errors yet\"\nERROR: cannot reach db:5432\nretry\nretry\n\
                    2026-11-21T00:00:01Z panic: runtime error\ngoroutine 1\nexit\n";
        let want = [
            "8 lines, 2 of them errors",
            "first error (line 3): ERROR: cannot reach db:5432",
            "last error (line 6): 2026-11-21T00:00:01Z panic: runtime error",
            "end: 2026-11-21T00:00:01Z panic: runtime error",
            "end: goroutine 1",
            "end: exit",
        ];
        assert_eq!(lines(text), want);
        assert_eq!(lines("started nginx:1.25\n"), ["started nginx:1.25"]);
        assert_eq!(lines(" \n"), ["the log is empty"]);
        assert!(tells("java.lang.NullPointerException: x") && !tells("INFO 0 errors") && !tells("terror"));
    }
}
