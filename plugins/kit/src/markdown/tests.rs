//! Each markup against structure and against hostile text.

use super::*;
use crate::link::Link;
use crate::text::Limit;

fn write(markup: &Markup, markdown: &str) -> String {
    markup.write(&parse(markdown))
}

const ALL: [(&str, Markup); 14] = [
    ("plain", Markup::PLAIN),
    ("lark", Markup::LARK),
    ("slack", Markup::SLACK),
    ("google chat", Markup::GOOGLE_CHAT),
    ("telegram", Markup::TELEGRAM),
    ("commonmark", Markup::COMMONMARK),
    ("github", Markup::GITHUB),
    ("gitlab", Markup::GITLAB),
    ("discord", Markup::DISCORD),
    ("mattermost", Markup::MATTERMOST),
    ("zulip", Markup::ZULIP),
    ("wecom", Markup::WECOM),
    ("dingtalk", Markup::DINGTALK),
    ("jira", Markup::JIRA_WIKI),
];

#[test]
fn structure_is_kept_as_far_as_a_target_can() {
    let text = "# Report\n\nline *one*\n**two** `a_b`\n- x\n  - y\n\n1. z\n\n> said\n\n```json\n{\"a\":1}\n```\n\n[Page](https://a.example/x)";
    for (markup, want) in [
        (
            Markup::PLAIN,
            "Report\n\nline one\ntwo a_b\n• x\n  • y\n\n1. z\n\n│ said\n\n{\"a\":1}\n\nPage: https://a.example/x",
        ),
        (
            Markup::LARK,
            "**Report**\n\nline *one*\n**two** a&#95;b\n• x\n  • y\n\n1. z\n\n│ said\n\n{\"a\":1}\n\n[Page](https://a.example/x) &#40;a.example&#41;",
        ),
        (
            Markup::SLACK,
            "*Report*\n\nline _one_\n*two* `a_b`\n• x\n  • y\n\n1. z\n\n> said\n\n```\n{\"a\":1}\n```\n\n<https://a.example/x|Page> (a.example)",
        ),
        (
            Markup::TELEGRAM,
            "<b>Report</b>\n\nline <i>one</i>\n<b>two</b> <code>a_b</code>\n• x\n  • y\n\n1. z\n\n<blockquote>said</blockquote>\n\n<pre>{&quot;a&quot;:1}</pre>\n\n<a href=\"https://a.example/x\">Page</a> (a.example)",
        ),
        (
            Markup::GITHUB,
            "# Report\n\nline *one*  \n**two** `a_b`\n\n- x\n  - y\n\n1. z\n\n> said\n\n```json\n{\"a\":1}\n```\n\n[Page](https://a.example/x) (a.example)",
        ),
        (
            Markup::JIRA_WIKI,
            "h1. Report\n\nline _one_\n*two* {{a\\_b}}\n* x\n** y\n\n# z\n\n{quote}\nsaid\n{quote}\n\n{noformat}\n{\"a\":1}\n{noformat}\n\n[Page|https://a.example/x] (a.example)",
        ),
    ] {
        assert_eq!(write(&markup, text), want);
    }
}

/// Everything that some target takes for markup, a mention, a link or a command.
const HOSTILE: &str = "<at id=all></at> <!channel> <@U1> @everyone @**all** **b** __u__ ~~s~~ `c` [x](https://evil.example) \
    https://evil.example www.evil.example #1 !1 $x$ {{secret:token}} {code}x{code} [~admin] &lt;at id=all&gt; <users/all> \
    <b>b</b> <script>x</script> ||spoiler|| \\";

/// A document in which it is text at every place.
fn hostile() -> Document {
    let text = |text: &str| vec![Inline::Text(text.into())];
    let mut blocks = vec![
        Block::Paragraph(text(HOSTILE)),
        Block::Heading(2, text(HOSTILE)),
        Block::Quote(vec![Block::Paragraph(text(HOSTILE))]),
    ];
    blocks.push(Block::List(List {
        start: None,
        close: false,
        items: vec![vec![Block::Paragraph(vec![Inline::Strong(text(HOSTILE))])]],
    }));
    for line in ["# x", "- x", "> x", "1. x", "/close", "h1. x", "bq. x", "| x |", "```", "---", "===", "+ x"] {
        blocks.push(Block::Paragraph(text(line)));
    }
    Document { blocks }
}

#[test]
fn nothing_in_text_is_markup_of_any_target() {
    for (name, markup) in ALL.into_iter().filter(|(name, _)| *name != "plain") {
        let out = markup.write(&hostile());
        let forbidden: &[&str] = match name {
            "lark" => &["<", "`", "[x]", "https://", "\\"],
            "slack" => &["<", "> x", " @U1>", "`", "https://", "**b", "\n&gt;"],
            "google chat" => &["<", "`", "https://", "\n> x", "**b"],
            "telegram" => &["<at", "<!", "<@", "<script", "<users", " @everyone", "https://"],
            "wecom" => &["<", "`", "[x]", "https://", " **b", "\n# x", "\n> x"],
            "dingtalk" => &["<", "`", "[x]", "https://", " @everyone", "\n# x", "\n- x", "\n1. x"],
            "zulip" => &["<", " `c", "[x]", "https://", "@**", "\n/close", "#1", "\n# x", "\n- x", "\n1. x"],
            "jira" => &[" [x]", "https://", " {code}", "[~", " {{secret", "\nh1. x", "\nbq. x", "\n# x", "\n- x"],
            "discord" | "mattermost" => {
                &[" <at", " <@", " @everyone", " [x]", "https://", " **b", " `c", "\n# x", "\n1. x"]
            }
            "gitlab" => &[" <at", " @everyone", " #1", " !1", "\n/close", " [x]", "https://", "\n- x\n", "\n1. x"],
            _ => &[" <at", " <script", " [x]", " **b", " `c", "https://", "\n# x", "\n> x", "\n1. x", "\n---", "\n==="],
        };
        for sign in forbidden {
            assert!(!out.contains(sign), "{name}: {sign:?} stands in\n{out}");
        }
    }
}

/// Where clients make more of text than its markup says: a bare host, a picture, a command.
#[test]
fn nothing_in_text_is_found_by_a_client() {
    let text = "see evil.example/x or a@evil.example :fire: (:+1:) at 12:30:45 on web-1.shop.svc:8080";
    for (name, markup, host, picture) in [
        ("slack", Markup::SLACK, "evil．example/x", "：fire:"),
        ("google chat", Markup::GOOGLE_CHAT, "evil．example/x", ":fire:"),
        ("telegram", Markup::TELEGRAM, "evil．example/x", ":fire:"),
        ("lark", Markup::LARK, "evil&#46;example/x", "&#58;fire:"),
        ("discord", Markup::DISCORD, "evil.example/x", "\\:fire:"),
        ("mattermost", Markup::MATTERMOST, "evil．example/x", "：fire:"),
        ("zulip", Markup::ZULIP, "evil．example/x", "：fire:"),
        ("github", Markup::GITHUB, "evil.example/x", "：fire:"),
        ("gitlab", Markup::GITLAB, "evil.example/x", "：fire:"),
        ("jira", Markup::JIRA_WIKI, "evil.example/x", ":fire:"),
    ] {
        let out = markup.text(text);
        assert!(out.contains(&format!("see {host} or")) && out.contains(&format!(" {picture}")), "{name}: {out}");
        assert!(out.contains("12:30:45") && out.contains("web-1.shop.svc:8080"), "{name}: {out}");
        // A link of the host's own is one, and says where it leads.
        let link = Link::parse("https://evil.example/x").unwrap();
        assert!(markup.link("evil.example", &link).contains("evil.example"), "{name}");
        assert!(markup.link("page", &link).contains("evil.example"), "{name}");
    }
    assert_eq!(Markup::TELEGRAM.text("/deploy now, a/b /"), "／deploy now, a/b /");
}

#[test]
fn what_commonmark_writes_is_read_as_the_same_text() {
    let said = |document: &Document| write::spoken_blocks(&document.blocks);
    for markup in [Markup::COMMONMARK, Markup::GITHUB, Markup::GITLAB] {
        let full: String = said(&hostile()).chars().map(plain_width).collect();
        let read: String = said(&parse(&markup.write(&hostile()))).chars().map(plain_width).collect();
        assert_eq!(read, full);
    }
}

/// A full-width twin is the same text to a reader.
fn plain_width(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap(),
        other => other,
    }
}

#[test]
fn code_cannot_be_left() {
    let code = |text: &str| Document {
        blocks: vec![
            Block::Paragraph(vec![Inline::Code(text.into())]),
            Block::Code { language: "a`b <x>".into(), text: text.into() },
        ],
    };
    let written = |markup: Markup, text: &str| markup.write(&code(text));
    assert_eq!(written(Markup::SLACK, "a`b```<!here>"), "`a｀b｀｀｀&lt;!here&gt;`\n\n```\na`b｀``&lt;!here&gt;\n```");
    assert_eq!(written(Markup::GITHUB, "a```b"), "````a```b````\n\n````abx\na```b\n````");
    assert_eq!(written(Markup::TELEGRAM, "</code>"), "<code>&lt;/code&gt;</code>\n\n<pre>&lt;/code&gt;</pre>");
    assert_eq!(
        written(Markup::JIRA_WIKI, "{noformat}}}"),
        "{{\\{noformat\\}\\}\\}}}\n\n{noformat}\n｛noformat}}}\n{noformat}"
    );
}

#[test]
fn names_stay_readable() {
    for (_, markup) in ALL {
        let text = "web-85c8-6kmxz uses kube_pod_info, image nginx:1.25, 95% of a/b.c (x) - 3.5";
        let shown = markup.text(text);
        let bare = shown.replace("&#95;", "_").replace("&#40;", "(").replace("&#41;", ")").replace('\\', "");
        assert_eq!(bare, text);
    }
}

#[test]
fn links_show_where_they_lead() {
    let deceptive = "[https://bank.example](https://evil.example/x)";
    for (name, markup) in ALL {
        assert!(write(&markup, deceptive).contains("evil.example"), "{name}");
        assert!(!write(&markup, "[x](javascript:alert)").contains("](java"), "{name}");
    }
    assert_eq!(
        write(&Markup::LARK, deceptive),
        "[https&#58;//bank.example](https://evil.example/x) &#40;evil.example&#41;"
    );
    assert_eq!(write(&Markup::SLACK, "<https://a.example/b>"), "<https://a.example/b|https：//a.example/b>");
    assert_eq!(
        write(&Markup::LARK, "![graph](https://g.example/p.png)"),
        "[graph](https://g.example/p.png) &#40;g.example&#41;"
    );
}

#[test]
fn marks_are_marks_beside_letters() {
    assert_eq!(write(&Markup::SLACK, "**原因**：x **b**, y"), "*原因*\u{200b}：x *b*, y");
    assert_eq!(write(&Markup::GITHUB, "**a.** b"), "**a.** b");
    let tight = Document {
        blocks: vec![Block::Paragraph(vec![
            Inline::Strong(vec![Inline::Text("完。".into())]),
            Inline::Text("后".into()),
        ])],
    };
    assert_eq!(Markup::GITHUB.write(&tight), "**完。** 后");
}

#[test]
fn a_cut_leaves_no_mark_open_and_uses_the_room() {
    let document = parse(&"**bold & brave** [link](https://a.example)\n- `item`\n\n".repeat(400));
    for (name, markup) in ALL {
        for most in [0, 1, 2, 40, 333, 4096] {
            let out = markup.write_within(&document, Limit::utf16(most));
            assert!(Limit::utf16(most).holds(&out), "{name} at {most}");
            assert!(most < 100 || (out.contains('…') && out.len() > most / 2), "{name} at {most}: {}", out.len());
        }
    }
    let telegram = Markup::TELEGRAM.write_within(&document, Limit::utf16(4096));
    for tag in ["b", "code", "a"] {
        assert_eq!(
            telegram.matches(&format!("<{tag}")).count(),
            telegram.matches(&format!("</{tag}>")).count(),
            "{tag}"
        );
    }
}

#[test]
fn the_first_half_is_what_is_read_first() {
    let (first, detail) = parse("a\n\n---\n\nb\n\n---\n\nc").halves();
    assert_eq!(Markup::PLAIN.write(&first), "a");
    assert_eq!(Markup::PLAIN.write(&detail), "b\n\n———\n\nc");
    let document = parse("a\n[Yes](https://t.example/y) · [No](https://t.example/n)\nb\n\n[No](https://t.example/n)");
    assert_eq!(Markup::PLAIN.write(&document.without_lines_of(&["https://t.example/n"])), "a\nb");
}

#[test]
fn no_depth_of_nesting_is_too_much() {
    for deep in [">".repeat(20_000), "- ".repeat(20_000), "*a ".repeat(20_000), "[".repeat(20_000)] {
        let document = parse(&format!("{deep}end"));
        for (_, markup) in ALL {
            markup.write(&document);
        }
        document.to_html();
        document.to_adf();
        document.to_adaptive_card();
        assert!(write::spoken_blocks(&document.blocks).contains("end"));
    }
}

#[test]
fn html_adf_and_cards_hold_text_as_text() {
    let document = hostile();
    let html = document.to_html();
    assert!(!html.contains("<at") && !html.contains("<script") && !html.contains("<users"), "{html}");
    let adf = document.to_adf().to_string();
    assert!(!adf.contains("\"type\":\"mention\"") && adf.contains("<at id=all>"));
    let card = serde_json::Value::from(document.to_adaptive_card()).to_string();
    assert!(!card.contains("TextBlock\",\"text") && card.contains("<at id=all>"));

    let text = "**a** `b`\nc\n- d\n\n[e](https://a.example/?x=1&y=2)";
    assert_eq!(
        parse(text).to_html(),
        "<p><b>a</b> <code style=\"font-family:monospace;background:#f2f2f2\">b</code><br>\nc</p>\n<ul>\n<li>d</li>\n</ul>\n\
         <p><a href=\"https://a.example/?x=1&amp;y=2\">e</a> (a.example)</p>\n"
    );
    assert_eq!(
        parse(text).to_adf()["content"],
        serde_json::json!([
            {"type": "paragraph", "content": [
                {"type": "text", "text": "a", "marks": [{"type": "strong"}]},
                {"type": "text", "text": " "},
                {"type": "text", "text": "b", "marks": [{"type": "code"}]},
                {"type": "hardBreak"},
                {"type": "text", "text": "c"}]},
            {"type": "bulletList", "content": [
                {"type": "listItem", "content": [{"type": "paragraph", "content": [{"type": "text", "text": "d"}]}]}]},
            {"type": "paragraph", "content": [
                {"type": "text", "text": "e", "marks": [{"type": "link", "attrs": {"href": "https://a.example/?x=1&y=2"}}]},
                {"type": "text", "text": " (a.example)"}]}
        ])
    );
    assert_eq!(
        parse("- **d**\n- e").to_adaptive_card(),
        [
            serde_json::json!({"type": "RichTextBlock", "spacing": "None", "inlines": [
                {"type": "TextRun", "text": "• "}, {"type": "TextRun", "text": "d", "weight": "Bolder"}]}),
            serde_json::json!({"type": "RichTextBlock", "spacing": "None", "inlines": [
                {"type": "TextRun", "text": "• "}, {"type": "TextRun", "text": "e"}]}),
        ]
    );
}
