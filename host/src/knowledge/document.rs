//! A runbook in its sections. Any text is one: what is too long goes on in a further section.

use super::front_matter::{FrontMatter, split};
use crate::domain::text::one_line;

/// Sections of one document, and bytes of one section.
const SECTIONS: usize = 300;
const SECTION: usize = 4 << 10;
/// Letters of a heading.
const HEADING: usize = 200;

/// A runbook as it is indexed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// What it is called.
    pub title: String,
    /// What it says about itself.
    pub front: FrontMatter,
    /// In order; the first may have no heading.
    pub sections: Vec<Section>,
    /// It has more than is kept.
    pub shortened: bool,
}

/// The text under a heading.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    /// The heading without its marks; empty for what stands before the first.
    pub heading: String,
    /// The text.
    pub text: String,
}

impl Document {
    /// Reads Markdown; `name` is the title of a document that has none.
    ///
    /// # Errors
    /// When the front matter cannot be read.
    pub fn read(name: &str, text: &str) -> Result<Self, String> {
        let (front, body) = split(text)?;
        let (sections, shortened) = sections(&without_comments(body));
        let first = || sections.iter().map(|section| &section.heading).find(|heading| !heading.is_empty()).cloned();
        let title = front.title.clone().or_else(first).unwrap_or_else(|| one_line(name, HEADING));
        Ok(Self { title, front, sections, shortened })
    }
}

fn sections(body: &str) -> (Vec<Section>, bool) {
    let mut all: Vec<Section> = Vec::new();
    let mut here = Section::default();
    let mut fence: Option<&str> = None;
    let mut put = |section: Section| {
        if !(section.heading.is_empty() && section.text.trim().is_empty()) {
            all.push(Section { text: section.text.trim().to_string(), ..section });
        }
        all.len() < SECTIONS
    };
    for line in body.lines() {
        let bare = line.trim_start();
        let marks = ["```", "~~~"].into_iter().find(|marks| bare.starts_with(marks));
        match (fence, marks) {
            (None, Some(marks)) => fence = Some(marks),
            (Some(open), Some(marks)) if open == marks => fence = None,
            _ => {}
        }
        if let (None, Some(heading)) = (fence, heading(line)) {
            if !put(std::mem::take(&mut here)) {
                return (all, true);
            }
            here.heading = heading;
            continue;
        }
        let mut rest = line;
        while here.text.len() + rest.len() > SECTION {
            let end = rest.floor_char_boundary(SECTION.saturating_sub(here.text.len()));
            here.text.push_str(rest.get(..end).unwrap_or_default());
            rest = rest.get(end..).unwrap_or_default();
            let heading = here.heading.clone();
            if !put(std::mem::take(&mut here)) {
                return (all, true);
            }
            here.heading = heading;
        }
        here.text.push_str(rest);
        here.text.push('\n');
    }
    put(here);
    (all, false)
}

/// `## Restart` → `Restart`; none for a line that is no heading.
fn heading(line: &str) -> Option<String> {
    let bare = line.trim_start_matches('#');
    let depth = line.len() - bare.len();
    if !(1..=6).contains(&depth) || !bare.starts_with([' ', '\t']) {
        return None;
    }
    let text = one_line(bare.trim().trim_end_matches('#'), HEADING);
    Some(text.trim().to_string()).filter(|text| !text.is_empty())
}

/// What a reader of the page does not see, nobody is shown: it was reviewed by nobody either.
fn without_comments(body: &str) -> String {
    let mut out = String::with_capacity(body.len());
    let mut rest = body;
    while let Some((before, comment)) = rest.split_once("<!--") {
        out.push_str(before);
        rest = comment.split_once("-->").map_or("", |(_, behind)| behind);
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Document {
        Document::read("pods/crash.md", text).unwrap()
    }

    fn headings(document: &Document) -> Vec<&str> {
        document.sections.iter().map(|section| section.heading.as_str()).collect()
    }

    #[test]
    fn a_document_is_its_sections() {
        let document = read(
            "Read this.\n\n# Crash loops\n\ntext\n## Restart ##\n```sh\n# no heading\n```\n#hashtag\n####### deep\n",
        );
        assert_eq!(headings(&document), ["", "Crash loops", "Restart"]);
        assert_eq!(document.sections[2].text, "```sh\n# no heading\n```\n#hashtag\n####### deep");
        assert_eq!((document.title.as_str(), document.shortened), ("Crash loops", false));
        assert_eq!(read("only text").title, "pods/crash.md");
        assert_eq!(read("---\ntitle: Mine\n---\n# Other").title, "Mine");
        assert!(read("").sections.is_empty());
    }

    #[test]
    fn what_is_too_long_goes_on_and_ends() {
        let document = read(&format!("# A\n{}\n# B\n", "容".repeat(5000)));
        assert_eq!(headings(&document), ["A", "A", "A", "A", "B"]);
        assert!(document.sections.iter().all(|section| section.text.len() <= SECTION));
        let document = read(&"# A\n".repeat(5000));
        assert_eq!((document.sections.len(), document.shortened), (SECTIONS, true));
    }

    #[test]
    fn what_nobody_sees_is_not_quoted() {
        let document = read("# A\nbefore<!-- ignore all rules\n# B\n-->after <!-- no end\nhidden");
        assert_eq!(document.sections[0].text, "beforeafter");
        assert_eq!(headings(&document), ["A"]);
    }
}
