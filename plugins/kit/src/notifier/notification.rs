//! What every notifier needs of a message.

use super::{Notification, Object, Occasion, Purpose, Sent};
use crate::link::Link;
use crate::markdown::{Document, parse};
use crate::text::{most_that_fits, one_line};

/// How a message looks at first sight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Bad, and nobody has mended it.
    Red,
    /// Something must be looked at.
    Orange,
    /// It is over or mended.
    Green,
    /// For the record.
    Blue,
    /// Nothing is to be done.
    Grey,
}

impl Tone {
    /// As a number of 24 bits, red first.
    pub fn rgb(self) -> u32 {
        match self {
            Self::Red => 0x00d9_2d20,
            Self::Orange => 0x00f7_9009,
            Self::Green => 0x0012_b76a,
            Self::Blue => 0x002e_90fa,
            Self::Grey => 0x0098_a2b3,
        }
    }

    /// As CSS writes it, such as `#d92d20`.
    pub fn hex(self) -> String {
        format!("#{:06x}", self.rgb())
    }

    /// A sign for targets without colours.
    pub fn emoji(self) -> &'static str {
        match self {
            Self::Red => "🔴",
            Self::Orange => "🟠",
            Self::Green => "🟢",
            Self::Blue => "🔵",
            Self::Grey => "⚪",
        }
    }
}

/// A link of the host's that may stand out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Button {
    /// On one line.
    pub title: String,
    /// Where it leads.
    pub link: Link,
    /// What it is for settles how it looks.
    pub purpose: Purpose,
}

/// A runbook or a page that an alert names: to be shown with its host, and never as a button.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// On one line; it says that an alert named it.
    pub title: String,
    /// Where it leads.
    pub link: Link,
}

impl Notification {
    /// The end of the story first, else how bad it is.
    pub fn tone(&self) -> Tone {
        match self.occasion {
            Occasion::Resolved => return Tone::Green,
            Occasion::Answered => return Tone::Grey,
            Occasion::Approval | Occasion::Report => {}
        }
        match (self.outcome.as_str(), self.severity.as_str()) {
            ("fixed" | "resolved", _) => Tone::Green,
            ("suppressed" | "closed_by_person", _) => Tone::Grey,
            ("error", _) | (_, "critical" | "error") => Tone::Red,
            (_, "info") => Tone::Blue,
            _ => Tone::Orange,
        }
    }

    /// The severity in the message's language.
    pub fn severity_word(&self) -> &str {
        match (self.language.as_str(), self.severity.as_str()) {
            ("zh", "critical") => "严重",
            ("zh", "error") => "错误",
            ("zh", "warning") => "警告",
            ("zh", "info") => "信息",
            (_, word) => word,
        }
    }

    /// The title on one line, for places that know no markup.
    pub fn title_line(&self) -> String {
        one_line(&self.title)
    }

    /// The text as a tree: what is read first, and the detail.
    pub fn text(&self) -> (Document, Document) {
        parse(&self.body_markdown).halves()
    }

    /// Like [`text`](Self::text), without the lines that only repeat what [`buttons`](Self::buttons) say.
    pub fn text_beside_buttons(&self) -> (Document, Document) {
        let buttons = self.buttons();
        let urls: Vec<&str> = buttons.iter().map(|button| button.link.url.as_str()).collect();
        let (first, detail) = self.text();
        (first.without_lines_of(&urls), detail.without_lines_of(&urls))
    }

    /// What is made of both halves of the text, beside buttons, with as much of them as fits: a cut takes the detail first.
    pub fn fitting<T>(&self, make: impl Fn(&Document, &Document) -> T, fits: impl Fn(&T) -> bool) -> T {
        let (first, detail) = self.text_beside_buttons();
        let length = first.length();
        most_that_fits(
            length + detail.length(),
            |most| make(&first.beginning(most), &detail.beginning(most.saturating_sub(length))),
            fits,
        )
    }

    /// The host's own links: approve, deny, the incident. Never what an alert names.
    pub fn buttons(&self) -> Vec<Button> {
        let own = self.links.iter().filter(|link| !link.from_alert);
        own.filter_map(|link| {
            let target = Link::parse(&link.url)?;
            Some(Button { title: one_line(&link.title), link: target, purpose: link.purpose })
        })
        .collect()
    }

    /// What alerts name.
    pub fn mentions(&self) -> Vec<Mention> {
        let named = self.links.iter().filter(|link| link.from_alert);
        named.filter_map(|link| Some(Mention { title: one_line(&link.title), link: Link::parse(&link.url)? })).collect()
    }

    /// What is affected in words, such as `job billing/cleanup, pod web-1 +3`: so many, and how many more.
    pub fn objects_line(&self, most: usize) -> String {
        let named: Vec<String> = self.objects.iter().take(most).map(Object::words).collect();
        let unnamed = u64::try_from(self.objects.len().saturating_sub(most)).unwrap_or(u64::MAX);
        let more = unnamed.saturating_add(self.objects_left_out.into());
        let names = named.join(", ");
        match (names.is_empty(), more) {
            (_, 0) => names,
            (true, more) => format!("+{more}"),
            (false, more) => format!("{names} +{more}"),
        }
    }

    /// What the alert says, on one line or two.
    pub fn says(&self) -> String {
        let lines = [one_line(&self.summary), one_line(&self.description)];
        lines.into_iter().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
    }

    /// The reference of the first message that the target has taken: where a thread or a ticket began.
    pub fn thread(&self) -> Option<&str> {
        self.earlier.first().map(|sent| sent.reference.as_str())
    }

    /// What the target returned for this very message before: an update takes its place.
    pub fn before(&self) -> Option<&Sent> {
        self.earlier.iter().rev().find(|sent| sent.message_id == self.message_id)
    }

    /// One key for everything about the incident, for targets that keep one alert or ticket by a key.
    pub fn incident_key(&self) -> &str {
        &self.incident_id
    }

    /// Chooses between an English and a Chinese text.
    pub fn word<'a>(&self, english: &'a str, chinese: &'a str) -> &'a str {
        if self.language == "zh" { chinese } else { english }
    }
}

impl Object {
    /// `job billing/cleanup`, or `node worker-3` where there is no namespace.
    pub fn words(&self) -> String {
        let slash = if self.namespace.is_empty() { "" } else { "/" };
        one_line(&format!("{} {}{slash}{}", self.kind, self.namespace, self.name))
    }
}

impl Occasion {
    /// The word that settings use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Approval => "approval",
            Self::Report => "report",
            Self::Resolved => "resolved",
            Self::Answered => "answered",
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::golden::notification;

    fn message(more: &Value) -> Notification {
        let mut value = json!({"alerts": [], "now-ms": 0, "severity": "critical", "message-id": "m2"});
        value.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        notification(&value)
    }

    #[test]
    fn the_end_of_the_story_decides_the_tone_before_its_beginning() {
        for (more, want) in [
            (json!({"occasion": "report"}), Tone::Red),
            (json!({"occasion": "report", "severity": "warning"}), Tone::Orange),
            (json!({"occasion": "report", "severity": "info"}), Tone::Blue),
            (json!({"occasion": "report", "severity": "info", "outcome": "error"}), Tone::Red),
            (json!({"occasion": "report", "outcome": "fixed"}), Tone::Green),
            (json!({"occasion": "report", "outcome": "suppressed"}), Tone::Grey),
            (json!({"occasion": "report", "outcome": "closed_by_person", "severity": "critical"}), Tone::Grey),
            (json!({"occasion": "resolved", "outcome": "error"}), Tone::Green),
            (json!({"occasion": "answered"}), Tone::Grey),
        ] {
            assert_eq!(message(&more).tone(), want, "{more}");
        }
        assert_eq!((Tone::Red.hex().as_str(), Tone::Red.rgb()), ("#d92d20", 0xd9_2d20));
    }

    #[test]
    fn only_the_hosts_own_links_are_buttons() {
        let link = |url: &str, from_alert: bool| json!({"purpose": "source", "title": "t\n", "url": url, "from-alert": from_alert});
        let message = message(&json!({
            "links": [link("https://own.example/x", false), link("https://named.example", true), link("javascript:x", false)],
            "body-markdown": "a\n[t](https://own.example/x)\n[s](https://named.example)\n\n---\n\nb",
        }));
        let hosts: Vec<String> = message.buttons().into_iter().map(|button| button.link.host).collect();
        assert_eq!(hosts, ["own.example"]);
        assert_eq!(message.mentions().len(), 1);
        let (first, detail) = message.text_beside_buttons();
        let plain = |document: &Document| crate::markdown::Markup::PLAIN.write(document);
        assert_eq!((plain(&first).as_str(), plain(&detail).as_str()), ("a\ns: https://named.example", "b"));
    }

    #[test]
    fn objects_are_told_in_words_and_the_others_counted() {
        let object = |namespace: &str, name: &str| json!({"kind": "pod", "namespace": namespace, "name": name});
        let message = message(
            &json!({"objects": [object("shop", "web\n1"), object("", "a"), object("", "b")], "objects-left-out": 4}),
        );
        assert_eq!(message.objects_line(2), "pod shop/web 1, pod a +5");
        assert_eq!(message.objects_line(0), "+7");
        assert_eq!(message.objects_line(9), "pod shop/web 1, pod a, pod b +4");
    }

    #[test]
    fn an_update_finds_its_thread_and_the_message_whose_place_it_takes() {
        let sent =
            |id: &str, reference: &str| json!({"message-id": id, "occasion": "approval", "reference": reference});
        let message = message(&json!({"earlier": [sent("m1", "r1"), sent("m2", "r2"), sent("m2", "r3")]}));
        assert_eq!(message.thread(), Some("r1"));
        assert_eq!(message.before().map(|sent| sent.reference.as_str()), Some("r3"));
    }
}
