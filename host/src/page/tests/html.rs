//! Tags of a page, as a browser would see them.

/// A tag and its attributes.
#[derive(Debug)]
pub struct Tag {
    pub name: String,
    attributes: Vec<(String, String)>,
}

/// Tags and attributes that our pages have.
const TAGS: &str = "!doctype html head meta title link script body a header span time nav div p main footer form input button \
                    section h1 h2 ul ol li strong code dl dt dd details summary pre q label select option table thead tbody tr th td \
                    br h3 em figure figcaption textarea datalist dialog kbd svg g rect path line circle text";
const ATTRIBUTES: &str = "lang charset name content rel href type src id class method action value hidden disabled datetime title \
                          role maxlength required autofocus autocomplete selected scope open html aria-current aria-label \
                          aria-labelledby aria-live aria-hidden aria-describedby data-live data-incident data-stale data-changed \
                          data-show data-signed-out data-live-word data-missed data-sign-in data-units data-left data-ago data-ms data-version rows spellcheck list formmethod checked \
                          viewBox preserveAspectRatio width height x y x1 y1 x2 y2 d";

impl Tag {
    /// The value of an attribute.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Whether a template of ours may have written it.
    pub fn is_ours(&self) -> bool {
        let known = |words: &str, word: &str| words.split_whitespace().any(|known| known == word);
        let own = |value: &str| value.starts_with('/') && !value.starts_with("//") || value.starts_with('#');
        known(TAGS, &self.name)
            && self.attributes.iter().all(|(name, value)| match name.as_str() {
                "href" if self.value("rel").is_some_and(|rel| rel.contains("noreferrer")) => value.starts_with("http"),
                "href" | "src" | "action" => own(value),
                name => known(ATTRIBUTES, name),
            })
    }
}

/// Every opening tag of a page.
pub fn tags(page: &str) -> Vec<Tag> {
    let mut tags = Vec::new();
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if rest.starts_with('/') {
            continue;
        }
        let end = rest.find(|letter: char| letter.is_whitespace() || letter == '>').unwrap_or(rest.len());
        let mut tag = Tag { name: rest[..end].to_ascii_lowercase(), attributes: Vec::new() };
        rest = &rest[end..];
        loop {
            rest = rest.trim_start();
            if rest.is_empty() || rest.starts_with('>') {
                break;
            }
            let end = rest.find(['=', '>', ' ']).unwrap_or(rest.len());
            let name = rest[..end].to_string();
            rest = &rest[end..];
            let mut value = String::new();
            if let Some(quoted) = rest.strip_prefix("=\"") {
                let end = quoted.find('"').unwrap_or(quoted.len());
                value = quoted[..end].to_string();
                rest = quoted.get(end + 1..).unwrap_or_default();
            } else {
                assert!(!rest.starts_with('='), "an attribute without quotes: {name}");
            }
            tag.attributes.push((name, value));
        }
        tags.push(tag);
    }
    tags
}

/// An element of a page.
pub struct Element {
    pub tag: Tag,
    /// All text in it.
    pub text: String,
    /// The elements that it stands in, by their place in the list.
    pub within: Vec<usize>,
}

/// Elements that have no end.
const VOID: [&str; 6] = ["!doctype", "meta", "link", "input", "br", "img"];

/// Every element of a page, in order, with its text.
pub fn elements(page: &str) -> Vec<Element> {
    let mut all: Vec<Element> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        let text = &rest[..at];
        open.iter().for_each(|place| all[*place].text.push_str(text));
        // No text and no value of a page has such a letter by itself.
        let end = rest[at..].find('>').map_or(rest.len(), |end| at + end + 1);
        let piece = &rest[at..end];
        rest = &rest[end..];
        if piece.starts_with("</") {
            open.pop();
            continue;
        }
        let Some(tag) = tags(piece).pop() else { continue };
        let is_void = VOID.contains(&tag.name.as_str());
        all.push(Element { tag, text: String::new(), within: open.clone() });
        if !is_void {
            open.push(all.len() - 1);
        }
    }
    all
}
