//! Held against another reader of CommonMark: over all that the host says, over text made of its parts, and
//! over text made of every sign that means something.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use super::*;
use crate::markdown::Inline;

/// Numbers that are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % most
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }
}

/// Every `body-markdown` of the host's messages and of the notifiers' cases.
fn bodies() -> Vec<String> {
    let mut bodies = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../notifier")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "json") {
                let value: serde_json::Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
                bodies.extend(value["body-markdown"].as_str().map(str::to_string));
            }
        }
    }
    assert!(bodies.len() > 20, "{}", bodies.len());
    bodies
}

/// Holds both trees against each other and gives how many of the texts differ.
fn differing(texts: impl IntoIterator<Item = String>) -> Vec<String> {
    let same = |ours: &Document, other: &Document| ours == other || squeezed(ours) == squeezed(other);
    texts.into_iter().filter(|text| !same(&parse(text), &oracle::parse(text))).collect()
}

/// A tree in which several spaces are one: the other reader keeps those at the beginning of a line within
/// code, which CommonMark takes away.
fn squeezed(document: &Document) -> String {
    let mut text = format!("{document:?}");
    while text.contains("  ") {
        text = text.replace("  ", " ");
    }
    text
}

fn explained(differing: &[String]) -> String {
    let mut shortest: Vec<_> = differing.iter().collect();
    shortest.sort_by_key(|text| text.len());
    let shown = shortest.iter().take(25).map(|text| {
        let (ours, other) = (parse(text), oracle::parse(text));
        format!("{text:?}\nours  {:?}\nother {:?}\n", ours.blocks, other.blocks)
    });
    format!("{} differ, such as\n{}", differing.len(), shown.collect::<String>())
}

#[test]
fn what_the_host_says_is_read_as_commonmark() {
    let different = differing(bodies());
    assert!(different.is_empty(), "{}", explained(&different));
}

#[test]
fn what_is_made_of_the_hosts_parts_is_read_as_commonmark() {
    const LINES: [&str; 20] = [
        "**Pod web\\_1 crashed** in `shop/web-85c8`  ",
        "- **Cause** (90%): _unknown_, see *below*",
        "  - `a|b` and ``c`d``",
        "1. first",
        "2. second\\.",
        "   more of it",
        "> quoted &lt;b&gt; &amp; more",
        "",
        "",
        "---",
        "## Heading `x`",
        "[Approve](https://t.example/a?x=1&y=2) · [Deny](https://t.example/d)  ",
        "```json",
        "```",
        "{\"a\": \"*b*\"}",
        "https&#58;//evil.example &#64;all \\# \\- 1\\. x",
        "**原因**：内存不足（OOM），**置信度** 90%。",
        "\\`\\*\\[x\\](y)\\|",
        "kube_pod_info snake_case __x__ a*b*c",
        "* other",
    ];
    let mut numbers = Numbers(1);
    let texts = (0..20_000).map(|_| {
        let lines = 1 + numbers.below(8);
        (0..lines).map(|_| numbers.one(&LINES)).collect::<Vec<_>>().join("\n")
    });
    let different = differing(texts.collect::<Vec<_>>());
    assert!(different.is_empty(), "{}", explained(&different));
}

#[test]
fn text_of_any_signs_is_read_as_commonmark() {
    const PARTS: [&str; 44] = [
        "a",
        "b ",
        "修",
        "。",
        "*",
        "**",
        "***",
        "_",
        "__",
        "`",
        "``",
        "```",
        "~~~",
        "[",
        "]",
        "](",
        "](https://a.example/x)",
        "![",
        "(",
        ")",
        "<https://b.example>",
        "&lt;",
        "&#42;",
        "&#x5f;",
        "&x",
        "\\*",
        "\\",
        "\\\n",
        "\n",
        "\n\n",
        "  \n",
        "\n- ",
        "\n* ",
        "\n1. ",
        "\n2) ",
        "\n> ",
        ">",
        "\n# ",
        "\n---\n",
        "\n===\n",
        "\n  ",
        "\n```\n",
        " ",
        "!",
    ];
    let mut numbers = Numbers(2);
    let texts = (0..60_000).map(|_| {
        let parts = 1 + numbers.below(12);
        let text: String = (0..parts).map(|_| numbers.one(&PARTS)).collect();
        // The other reader leaves a last blank line out of code that nothing ends.
        text.trim_end().to_string()
    });
    // Code by indentation is text here, and the other reader loses its way at spaces behind `\` at a line's end.
    let texts = texts.filter(|text| !text.contains("    ") && !text.contains("\\\n "));
    let texts: Vec<String> = texts.collect();
    assert!(texts.len() > 50_000, "{}", texts.len());
    let different = differing(texts);
    assert!(different.is_empty(), "{}", explained(&different));
}

#[test]
fn tables_are_read_as_commonmark_with_tables() {
    for table in [
        "| a | b |\n|---|---|\n| c | **d** |",
        "a | b\n:-|-:\nc | `d\\|e`\nf \\| g | h | too much",
        "| a |\n|---|\n| b |\n\nafter",
        "|a|b|\n|-|-|-|\n|no|table|",
        "- | a | b |\n  |---|---|\n  | c | d |\n- e",
    ] {
        assert_eq!(parse(table), oracle::parse(table), "{table}");
    }
    assert_eq!(parse("|a|b|\n|-|-|\n|c|"), parse("a | b\nc"));
}

#[test]
fn what_is_meant_to_differ_stays_text() {
    let text = |markdown: &str| match parse(markdown).blocks.as_slice() {
        [Block::Paragraph(inlines)] => match inlines.as_slice() {
            [Inline::Text(text)] => text.clone(),
            other => panic!("{markdown}: {other:?}"),
        },
        other => panic!("{markdown}: {other:?}"),
    };
    for (markdown, want) in [
        ("&copy; &nosuch; &#0;", "&copy; &nosuch; \u{fffd}"),
        ("[a](https://a.example \"title\")", "[a](https://a.example \"title\")"),
        ("[a]", "[a]"),
        ("    code", "code"),
        ("<b onclick=x>y</b>", "<b onclick=x>y</b>"),
        ("<mailto:a@b.example>", "<mailto:a@b.example>"),
        ("<javascript:x>", "<javascript:x>"),
        ("| a |", "| a |"),
        ("a\u{202e}b\u{0}c", "abc"),
    ] {
        assert_eq!(text(markdown), want);
    }
    assert_eq!(parse("[a]: https://a.example\n\n[a]").blocks.len(), 2);
    assert_eq!(parse("a\r\n\r\nb"), parse("a\n\nb"));
}

#[test]
fn twice_the_text_takes_about_twice_the_time() {
    for part in [
        "*a ",
        "_a* ",
        "a**b ",
        "***",
        "*a_b* ",
        "[",
        "![",
        "[](",
        "[a](b",
        "[a](<b",
        "[a](https://a.example)",
        "]",
        "`a``",
        "`",
        "```\n",
        "<https://",
        "&#",
        "&",
        "\\",
        "> ",
        "- ",
        "1. ",
        "- a\n",
        "> a\n",
        "a\n\n",
        "#",
        "-",
        " ",
        "\n",
        "(((",
        "[*a](",
    ] {
        // The fastest of several: whatever else this machine does slows some of them.
        let time = |times: usize| {
            let text = part.repeat(times);
            let once = || {
                let start = Instant::now();
                assert!(parse(&text).blocks.len() <= times);
                start.elapsed()
            };
            (0..3).map(|_| once()).min().unwrap_or_default()
        };
        let (short, long) = (time(500), time(32_000));
        // 64 times as much; what grows with the square would take 4096 times as long.
        assert!(long < short * 640 + Duration::from_millis(50), "{part:?}: {short:?}, {long:?}");
    }
}
