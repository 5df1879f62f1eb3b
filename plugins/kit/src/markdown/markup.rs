//! The markup of each target that writes text with marks in it.

use super::escape::{Escapes, Place::*, Way};

/// How a target writes what the tree holds.
#[derive(Clone, Copy, Debug)]
pub struct Markup {
    /// How text is kept from being markup.
    pub escapes: Escapes,
    /// Around bold text.
    pub strong: (&'static str, &'static str),
    /// Around italic text.
    pub emphasis: (&'static str, &'static str),
    /// What must stand between a mark and a letter beside it.
    pub boundary: Boundary,
    /// Code within a line.
    pub code: CodeStyle,
    /// Code on lines of its own.
    pub code_block: CodeStyle,
    /// Links.
    pub link: LinkStyle,
    /// Headings.
    pub heading: HeadingStyle,
    /// In front of an item without a number.
    pub bullet: Bullet,
    /// Around or in front of a quote.
    pub quote: QuoteStyle,
    /// The end of a line within a paragraph.
    pub line_break: &'static str,
    /// A thematic break.
    pub rule: &'static str,
    /// Whether a list needs an empty line between itself and the text in front of it.
    pub list_apart: bool,
}

/// What separates a mark from a letter beside it, without which it would be no mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Boundary {
    /// Nothing.
    None,
    /// A space of no width, wherever neither a space nor ASCII punctuation stands there.
    ZeroWidth,
    /// A space, where punctuation within meets a letter outside: CommonMark's rule of flanking.
    Space,
}

/// How code is written.
#[derive(Clone, Copy, Debug)]
pub enum CodeStyle {
    /// As other text.
    Text,
    /// Between as many ticks as the code needs.
    Ticks,
    /// Between two marks; within, these escapes hold, and the second mark is broken up.
    Between(&'static str, &'static str, Escapes),
}

/// How links are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkStyle {
    /// `text: url`, as there are no links.
    Plain,
    /// `[text](url)`
    Markdown,
    /// `<url|text>`
    Angle,
    /// `<a href="url">text</a>`
    Html,
    /// `[text|url]`
    Jira,
}

/// How headings are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadingStyle {
    /// As bold text.
    Strong,
    /// `## text`
    Hashes,
    /// `h2. text`
    Jira,
}

/// How items are marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bullet {
    /// A sign and a space; two spaces a level in front of it.
    Sign(&'static str),
    /// The sign once a level; `#` for numbers.
    Repeated,
}

/// How quotes are marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuoteStyle {
    /// In front of each line.
    Prefix(&'static str),
    /// Around all of it; within another quote nothing.
    Around(&'static str, &'static str),
}

const NAMED: Escapes = Escapes::of(&[(Anywhere, "&<>\"", Way::Named)]);
const ANGLES: Escapes = Escapes::of(&[(Anywhere, "&<>", Way::Named)]);

const fn commonmark(rules: &'static [(super::escape::Place, &'static str, Way)], addresses: Way) -> Markup {
    Markup {
        escapes: Escapes { rules, addresses: Some(addresses), hosts: None, pictures: None },
        strong: ("**", "**"),
        emphasis: ("*", "*"),
        boundary: Boundary::Space,
        code: CodeStyle::Ticks,
        code_block: CodeStyle::Ticks,
        link: LinkStyle::Markdown,
        heading: HeadingStyle::Hashes,
        bullet: Bullet::Sign("- "),
        quote: QuoteStyle::Prefix("> "),
        line_break: "  \n",
        rule: "---",
        list_apart: true,
    }
}

impl Markup {
    /// The same, with what clients find in plain text by themselves kept from being found.
    const fn finding(self, hosts: Option<Way>, pictures: Option<Way>) -> Self {
        Self { escapes: Escapes { hosts, pictures, ..self.escapes }, ..self }
    }

    /// No markup at all: text messages, the text part of a mail, fields of tickets.
    pub const PLAIN: Self = Self {
        escapes: Escapes::NONE,
        strong: ("", ""),
        emphasis: ("", ""),
        boundary: Boundary::None,
        code: CodeStyle::Text,
        code_block: CodeStyle::Text,
        link: LinkStyle::Plain,
        heading: HeadingStyle::Strong,
        bullet: Bullet::Sign("• "),
        quote: QuoteStyle::Prefix("│ "),
        line_break: "\n",
        rule: "———",
        list_apart: false,
    };

    /// `lark_md` in cards of Feishu and Lark. A mention is a tag, and no tag comes from text.
    pub const LARK: Self = Self {
        escapes: Escapes {
            rules: &[(Anywhere, "&<>*~[]()`_\\#", Way::Numeric)],
            addresses: Some(Way::Numeric),
            hosts: Some(Way::Numeric),
            pictures: Some(Way::Numeric),
        },
        strong: ("**", "**"),
        emphasis: ("*", "*"),
        link: LinkStyle::Markdown,
        rule: "",
        ..Self::PLAIN
    };

    /// Slack's `mrkdwn`.
    pub const SLACK: Self = Self {
        escapes: Escapes {
            // A quote is one also where its sign is escaped.
            rules: &[
                (LineStart, ">", Way::FullWidth),
                (Anywhere, "&<>", Way::Named),
                (Anywhere, "`", Way::FullWidth),
                (Edge, "*_~", Way::FullWidth),
            ],
            addresses: Some(Way::FullWidth),
            hosts: Some(Way::FullWidth),
            pictures: Some(Way::FullWidth),
        },
        strong: ("*", "*"),
        emphasis: ("_", "_"),
        boundary: Boundary::ZeroWidth,
        code: CodeStyle::Between("`", "`", ANGLES),
        code_block: CodeStyle::Between("```\n", "\n```", ANGLES),
        link: LinkStyle::Angle,
        quote: QuoteStyle::Prefix("> "),
        ..Self::PLAIN
    };

    /// Text of a message in Google Chat.
    pub const GOOGLE_CHAT: Self = Self {
        escapes: Escapes {
            rules: &[
                (Anywhere, "<`", Way::FullWidth),
                (Edge, "*_~", Way::FullWidth),
                (LineStart, ">-", Way::FullWidth),
            ],
            addresses: Some(Way::FullWidth),
            hosts: Some(Way::FullWidth),
            pictures: None,
        },
        code: CodeStyle::Between("`", "`", Escapes::NONE),
        code_block: CodeStyle::Between("```\n", "\n```", Escapes::NONE),
        ..Self::SLACK
    };

    /// Telegram's `parse_mode` `HTML`.
    pub const TELEGRAM: Self = Self {
        escapes: Escapes {
            // A command can be touched as a mention can.
            rules: &[(Anywhere, "&<>\"", Way::Named), (WordStart, "@", Way::FullWidth), (Command, "/", Way::FullWidth)],
            addresses: Some(Way::FullWidth),
            hosts: Some(Way::FullWidth),
            pictures: None,
        },
        strong: ("<b>", "</b>"),
        emphasis: ("<i>", "</i>"),
        code: CodeStyle::Between("<code>", "</code>", NAMED),
        code_block: CodeStyle::Between("<pre>", "</pre>", NAMED),
        link: LinkStyle::Html,
        quote: QuoteStyle::Around("<blockquote>", "</blockquote>"),
        ..Self::PLAIN
    };

    /// CommonMark without extensions, such as ntfy's.
    pub const COMMONMARK: Self = commonmark(
        &[
            (Anywhere, "\\`*[]~|<&", Way::Backslash),
            (Edge, "_", Way::Backslash),
            (LineStart, "#>-+=.)", Way::Backslash),
        ],
        Way::Numeric,
    );

    /// Issues and comments on GitHub: mentions and references are looked for in what a reader sees.
    pub const GITHUB: Self = commonmark(
        &[
            (WordStart, "@#$", Way::FullWidth),
            (Anywhere, "\\`*[]~|<&", Way::Backslash),
            (Edge, "_", Way::Backslash),
            (LineStart, "#>-+=.)", Way::Backslash),
        ],
        Way::Numeric,
    )
    .finding(None, Some(Way::FullWidth));

    /// Issues and comments on GitLab, where a line can be a command besides.
    pub const GITLAB: Self = commonmark(
        &[
            (WordStart, "@#$!%&~^", Way::FullWidth),
            (Anywhere, "\\`*[]~|<&", Way::Backslash),
            (Edge, "_", Way::Backslash),
            (LineStart, "#>-+=.)/", Way::Backslash),
        ],
        Way::Numeric,
    )
    .finding(None, Some(Way::FullWidth));

    /// Discord's messages and embeds.
    pub const DISCORD: Self = Self {
        line_break: "\n",
        list_apart: false,
        rule: "",
        ..commonmark(
            &[
                (WordStart, "@", Way::FullWidth),
                (Anywhere, "\\`*[]~|<", Way::Backslash),
                (Edge, "_", Way::Backslash),
                (LineStart, "#>-+.)", Way::Backslash),
            ],
            Way::Backslash,
        )
        .finding(None, Some(Way::Backslash))
    };

    /// Mattermost's and Rocket.Chat's messages.
    pub const MATTERMOST: Self = Self {
        line_break: "\n",
        ..commonmark(
            &[
                (WordStart, "@#", Way::FullWidth),
                (Anywhere, "\\`*[]~|", Way::Backslash),
                (Anywhere, "<&", Way::Numeric),
                (Edge, "_", Way::Backslash),
                (LineStart, "#>-+.)", Way::Backslash),
            ],
            Way::FullWidth,
        )
        .finding(Some(Way::FullWidth), Some(Way::FullWidth))
    };

    /// Zulip's messages. Its Markdown has no escape.
    pub const ZULIP: Self = Self {
        line_break: "\n",
        ..commonmark(
            &[
                (WordStart, "@#$", Way::FullWidth),
                (Anywhere, "`*[<|", Way::FullWidth),
                (Edge, "~", Way::FullWidth),
                (LineStart, "#>-+./)", Way::FullWidth),
            ],
            Way::FullWidth,
        )
        .finding(Some(Way::FullWidth), Some(Way::FullWidth))
    };

    /// `markdown` of a group robot of WeCom, which has few marks and no escape.
    pub const WECOM: Self = Self {
        emphasis: ("", ""),
        code: CodeStyle::Between("`", "`", Escapes::of(&[(Anywhere, "<", Way::FullWidth)])),
        code_block: CodeStyle::Text,
        line_break: "\n",
        rule: "",
        bullet: Bullet::Sign("• "),
        list_apart: false,
        ..commonmark(
            &[(Anywhere, "<`[", Way::FullWidth), (Edge, "*", Way::FullWidth), (LineStart, "#>", Way::FullWidth)],
            Way::FullWidth,
        )
    };

    /// `markdown` of a custom robot of DingTalk, which has no code and no escape.
    pub const DINGTALK: Self = Self {
        code: CodeStyle::Text,
        code_block: CodeStyle::Text,
        ..commonmark(
            &[
                (WordStart, "@", Way::FullWidth),
                (Anywhere, "<`[", Way::FullWidth),
                (Edge, "*_~", Way::FullWidth),
                (LineStart, "#>-+.)", Way::FullWidth),
            ],
            Way::FullWidth,
        )
    };

    /// Jira's wiki markup, of version 2 of its API.
    pub const JIRA_WIKI: Self = Self {
        escapes: Escapes {
            // Two backslashes end a line.
            rules: &[
                (Anywhere, "\\", Way::Numeric),
                (Anywhere, "{}[]|!^~", Way::Backslash),
                (Edge, "*_-+?@", Way::Backslash),
                (LineStart, "#.", Way::Backslash),
            ],
            addresses: Some(Way::Numeric),
            hosts: None,
            pictures: None,
        },
        strong: ("*", "*"),
        emphasis: ("_", "_"),
        boundary: Boundary::Space,
        code: CodeStyle::Between(
            "{{",
            "}}",
            Escapes {
                rules: &[(Anywhere, "\\", Way::Numeric), (Anywhere, "{}[]|!^~*_-+?@", Way::Backslash)],
                addresses: Some(Way::Numeric),
                hosts: None,
                pictures: None,
            },
        ),
        code_block: CodeStyle::Between("{noformat}\n", "\n{noformat}", Escapes::NONE),
        link: LinkStyle::Jira,
        heading: HeadingStyle::Jira,
        bullet: Bullet::Repeated,
        quote: QuoteStyle::Around("{quote}\n", "\n{quote}"),
        rule: "----",
        ..Self::PLAIN
    };
}
