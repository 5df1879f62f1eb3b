//! Hooks out of the documents of a cluster: YAML or JSON, several in a file, and lists of them. Each is read by itself.

use std::collections::BTreeMap;

use super::yaml::{self, Node, Text};
use super::{Hook, LeftOut};

/// The group of ops's own resources.
const GROUP: &str = "crd.chenshaowen.com/";

/// Hooks of one import: more are a mistake.
const MOST: usize = 1_000;
/// Bytes of a name, of an address or a subject, of a keyword, and of what is put behind a text; keywords of a list.
const NAME: usize = 253;
const ADDRESS: usize = 4 << 10;
const KEYWORD: usize = 4 << 10;
const ADDITIONAL: usize = 16 << 10;
const KEYWORDS: usize = 500;

/// What was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParsedHooks {
    /// The hooks.
    pub hooks: Vec<Hook>,
    /// What is to be a hook and cannot be read.
    pub left_out: Vec<LeftOut>,
    /// What is no hook.
    pub skipped: Vec<String>,
    /// What holds for several.
    pub notes: Vec<String>,
}

impl ParsedHooks {
    /// A file that cannot be read at all.
    pub fn without(&mut self, file: &str, why: impl Into<String>) {
        self.left_out.push(LeftOut { file: file.into(), why: why.into(), ..LeftOut::default() });
    }
}

/// Takes in the hooks of a text.
pub fn read(file: &str, text: &str, read: &mut ParsedHooks) {
    for (n, document) in yaml::documents(text).into_iter().enumerate() {
        match document {
            Ok(node) => documented(file, n + 1, node, read),
            Err(why) => {
                let (file, hook, why) =
                    (file.into(), format!("document {}", n + 1), format!("it cannot be read: {why}"));
                read.left_out.push(LeftOut { file, hook, why, ..LeftOut::default() });
            }
        }
    }
}

fn documented(file: &str, n: usize, document: Node, read: &mut ParsedHooks) {
    let kind = word(&document, &["kind"]);
    let items = match document {
        Node::List(items) => items,
        Node::Map(pairs) if kind.ends_with("List") => {
            let items = pairs.into_iter().find(|(key, _)| key == "items").map(|(_, items)| items);
            let Some(Node::List(items)) = items else { return };
            items
        }
        other if other.is_nothing() => return,
        other => return one(file, &format!("document {n}"), &other, read),
    };
    // A list of lists is no kind of list that a cluster gives.
    for (m, item) in items.iter().enumerate() {
        one(file, &format!("document {n}, item {}", m + 1), item, read);
    }
}

/// A text there; empty where there is none.
fn word(node: &Node, path: &[&str]) -> String {
    match node.at(path) {
        Some(Node::Text(text)) => text.text.clone(),
        _ => String::new(),
    }
}

fn one(file: &str, place: &str, document: &Node, read: &mut ParsedHooks) {
    let (kind, version) = (word(document, &["kind"]), word(document, &["apiVersion"]));
    if kind != "EventHooks" || !(version.is_empty() || version.starts_with(GROUP)) {
        let (own, what) = (word(document, &["metadata", "name"]), if kind.is_empty() { "a document" } else { &kind });
        return read.skipped.push(format!("{file}: {place}: {what} {own:?} is no EventHooks of {GROUP}v1"));
    }
    let mut fields = Fields { document, notes: Vec::new() };
    match fields.hook(file) {
        Err((field, why)) => {
            let own = word(document, &["metadata", "name"]);
            let hook = if own.is_empty() || own.len() > NAME { place.to_string() } else { own };
            read.left_out.push(LeftOut { file: file.into(), hook, field, why });
        }
        Ok(hook) => {
            let same = |other: &Hook| {
                Hook { file: String::new(), notes: Vec::new(), ..other.clone() }
                    == Hook { file: String::new(), notes: Vec::new(), ..hook.clone() }
            };
            if let Some(before) = read.hooks.iter().find(|other| same(other)) {
                return read.notes.push(format!(
                    "{} of {file} is the same as that of {}, and is taken once",
                    hook.place(),
                    before.file
                ));
            }
            if read.hooks.len() >= MOST {
                let why = format!("there are more than {MOST} hooks; import them in several folders");
                return read.left_out.push(LeftOut {
                    file: file.into(),
                    hook: hook.place(),
                    why,
                    ..LeftOut::default()
                });
            }
            read.hooks.push(hook);
        }
    }
}

/// A field, and what is wrong with it.
type FieldError = (String, String);

struct Fields<'a> {
    document: &'a Node,
    notes: Vec<String>,
}

impl Fields<'_> {
    fn hook(&mut self, file: &str) -> Result<Hook, FieldError> {
        let name = self.text(&["metadata", "name"], NAME)?;
        if name.is_empty() {
            return Err(("metadata.name".into(), "it has no name".into()));
        }
        let hook = Hook {
            file: file.into(),
            name,
            namespace: self.text(&["metadata", "namespace"], NAME)?,
            kind: self.text(&["spec", "type"], NAME)?,
            subject: self.text(&["spec", "subject"], ADDRESS)?.trim().to_lowercase(),
            url: self.text(&["spec", "url"], ADDRESS)?.trim().to_string(),
            options: self.options()?,
            include: self.keywords("include")?,
            exclude: self.keywords("exclude")?,
            match_mode: self.text(&["spec", "keywords", "matchMode"], NAME)?,
            match_type: self.text(&["spec", "keywords", "matchType"], NAME)?,
            additional: self.text(&["spec", "additional"], ADDITIONAL)?,
            notes: Vec::new(),
        };
        Ok(Hook { notes: std::mem::take(&mut self.notes), ..hook })
    }

    fn text(&mut self, path: &[&str], most: usize) -> Result<String, FieldError> {
        let document = self.document;
        document.at(path).map_or(Ok(String::new()), |node| self.plain(&path.join("."), node, most))
    }

    fn keywords(&mut self, list: &str) -> Result<Vec<String>, FieldError> {
        let (document, field) = (self.document, format!("spec.keywords.{list}"));
        match document.at(&["spec", "keywords", list]) {
            None => Ok(Vec::new()),
            Some(node) if node.is_nothing() => Ok(Vec::new()),
            Some(Node::List(items)) if items.len() > KEYWORDS => {
                Err((field, format!("it has {} keywords, and {KEYWORDS} are taken at most", items.len())))
            }
            Some(Node::List(items)) => {
                let each = items.iter().enumerate();
                each.map(|(n, item)| self.plain(&format!("{field}[{n}]"), item, KEYWORD)).collect()
            }
            Some(other) => Err((field, format!("it is {} and no list; a cluster refuses it", other.word()))),
        }
    }

    fn options(&mut self) -> Result<BTreeMap<String, String>, FieldError> {
        let (document, field) = (self.document, "spec.options");
        match document.at(&["spec", "options"]) {
            None => Ok(BTreeMap::new()),
            Some(node) if node.is_nothing() => Ok(BTreeMap::new()),
            Some(Node::Map(pairs)) => {
                let each = pairs.iter();
                each.map(|(key, value)| Ok((key.clone(), self.plain(&format!("{field}.{key}"), value, ADDRESS)?)))
                    .collect()
            }
            Some(other) => Err((field.into(), format!("it is {} and no map; a cluster refuses it", other.word()))),
        }
    }

    fn plain(&mut self, field: &str, node: &Node, most: usize) -> Result<String, FieldError> {
        let Node::Text(Text { text, written, nothing }) = node else {
            return Err((field.into(), format!("it is {} and no text; a cluster refuses it", node.word())));
        };
        if text.len() > most {
            return Err((field.into(), format!("it has {} bytes, and {most} are taken at most", text.len())));
        }
        if let Some(written) = written {
            self.notes.push(format!(
                "{field}: {written} stands without quotes, which Go reads as {text:?}, and so does this; write '{written}' where that is meant"
            ));
        }
        if *nothing && field.ends_with(']') {
            self.notes.push(format!("{field}: there is nothing, which Go reads as an empty text"));
        }
        Ok(text.clone())
    }
}
