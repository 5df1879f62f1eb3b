//! What objects mean, whether they were written as JSON, as YAML or as a language prints them.
//!
//! A reader of one of these forms says what it sees: a key, a value, the beginning and the end of an object
//! or a list. The meaning is judged here, once for all forms: a Kubernetes Secret has secret values whatever
//! their names, also where its kind stands behind them or only at the list around it; a pair of `name` and
//! `value` is an assignment in either order; logins of registries and private JWKs are known by their keys.

use std::collections::{BTreeSet, VecDeque};

use super::names::{self, Class, class, holds_values};
use super::options::takes_secret;
use super::span::Span;
use super::values::{behind_scheme, harmless};

/// Most objects and lists inside of each other that are remembered; beyond that the outermost is judged
/// as if it ended there.
const DEEPEST: usize = 256;

/// A value or a key in the text.
#[derive(Clone, Copy)]
pub(super) struct Scalar {
    /// What gives way, and what is put there, if the value is a secret.
    pub span: Span,
    /// In quotes, or certainly a value for another reason.
    pub quoted: bool,
}

/// What the place of an object or list says about its values.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ValueContext {
    /// Nothing.
    Plain,
    /// They are values of a Secret, if this is one.
    Data,
    /// The items of a list.
    Items,
    /// One item of a list, which may have its kind from there.
    Item,
    /// Whatever stands here is a Secret by its name.
    Secrets,
    /// Logins of registries.
    Logins,
    /// Each value is a secret by the name of the whole.
    Values,
}

/// What an object says that it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Unknown,
    Secret,
    /// A list whose items are Secrets, or tell their kind themselves.
    List,
    Other,
}

struct Frame {
    list: bool,
    place: ValueContext,
    kind: Kind,
    /// Its `type` is one that only Secrets have.
    secret_type: bool,
    version_seen: bool,
    alias: bool,
    key: Option<(usize, usize)>,
    /// Values that are secret if this is a Secret.
    data: Vec<Span>,
    /// Values of items that are secret if this is a list of Secrets.
    of_items: Vec<Span>,
    name: Option<(usize, usize)>,
    value: Option<Scalar>,
    jwk: bool,
    jwk_parts: Vec<Span>,
    /// The last word of a list of arguments.
    argument: Option<(usize, usize)>,
}

impl Frame {
    fn new(list: bool, place: ValueContext) -> Self {
        Self {
            list,
            place,
            kind: Kind::Unknown,
            secret_type: false,
            version_seen: false,
            alias: false,
            key: None,
            data: Vec::new(),
            of_items: Vec::new(),
            name: None,
            value: None,
            jwk: false,
            jwk_parts: Vec::new(),
            argument: None,
        }
    }
}

/// What is done with strings that hold escapes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Strings {
    /// They are read as what they mean.
    Read,
    /// They have been.
    WereRead,
    /// They are read as they stand.
    AsTheyStand,
}

/// Judges the objects of one text.
pub(super) struct Objects<'t> {
    pub text: &'t str,
    pub spans: Vec<Span>,
    frames: VecDeque<Frame>,
    /// Where `Secret` was read as the kind of something.
    pub kinds: BTreeSet<usize>,
    /// A Secret refers to values that stand elsewhere.
    pub unreadable: bool,
    /// How deep in strings of other texts this one lies.
    pub level: usize,
    pub strings: Strings,
    /// The strings that were, and what is left of those that change.
    pub decoded: Vec<(usize, usize)>,
    pub texts: Vec<String>,
}

impl<'t> Objects<'t> {
    pub(super) fn new(text: &'t str, level: usize, strings: Strings) -> Self {
        let (spans, frames, kinds) = (Vec::new(), VecDeque::new(), BTreeSet::new());
        Self { text, spans, frames, kinds, unreadable: false, level, strings, decoded: Vec::new(), texts: Vec::new() }
    }

    /// A nested reader sees other objects: those that are open now are put aside meanwhile.
    pub(super) fn aside(&mut self, read: impl FnOnce(&mut Self)) {
        let outer = std::mem::take(&mut self.frames);
        read(self);
        self.end();
        self.frames = outer;
    }

    pub(super) fn depth(&self) -> usize {
        self.frames.len()
    }

    fn part(&self, (start, end): (usize, usize)) -> &'t str {
        self.text.get(start..end).unwrap_or_default()
    }

    /// An object or a list begins.
    pub(super) fn open(&mut self, list: bool) {
        let place = self.frames.back().map_or(ValueContext::Plain, |frame| self.place_in(frame, list));
        if let Some(frame) = self.frames.back_mut() {
            frame.key = None;
            frame.argument = None;
        }
        if self.frames.len() >= DEEPEST
            && let Some(outermost) = self.frames.pop_front()
        {
            self.judge(outermost, None);
        }
        self.frames.push_back(Frame::new(list, place));
    }

    fn place_in(&self, frame: &Frame, list: bool) -> ValueContext {
        if frame.place == ValueContext::Data {
            return ValueContext::Data;
        }
        let Some(key) = frame.key else {
            return match frame.place {
                ValueContext::Items => ValueContext::Item,
                ValueContext::Secrets | ValueContext::Logins if frame.list => frame.place,
                _ => ValueContext::Plain,
            };
        };
        let key = self.part(key);
        let lower: String = key.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_ascii_lowercase();
        match lower.as_str() {
            "data" | "stringdata" => ValueContext::Data,
            "items" => ValueContext::Items,
            "auths" | "credhelpers" => ValueContext::Logins,
            _ if lower.ends_with("secret") || lower.ends_with("secrets") => ValueContext::Secrets,
            _ if holds_values(key, list) => ValueContext::Values,
            _ => match frame.place {
                // By the address of the registry.
                ValueContext::Logins => ValueContext::Logins,
                // By the name of each Secret.
                ValueContext::Secrets => ValueContext::Secrets,
                _ => ValueContext::Plain,
            },
        }
    }

    /// The innermost object or list ends.
    pub(super) fn close(&mut self) {
        if let Some(frame) = self.frames.pop_back() {
            let parent = self.frames.pop_back();
            let parent = self.judge(frame, parent);
            self.frames.extend(parent);
        }
    }

    /// Closes until so many are open.
    pub(super) fn close_to(&mut self, depth: usize) {
        while self.frames.len() > depth {
            self.close();
        }
    }

    /// The innermost list or object that is a list, or is not, ends, and whatever is still open in it.
    pub(super) fn close_nearest(&mut self, list: bool, above: usize) {
        let found = self.frames.iter().enumerate().skip(above).rev().find(|(_, frame)| frame.list == list);
        if let Some((index, _)) = found {
            self.close_to(index);
        }
    }

    /// Nothing more comes: what is still open was cut off, and is judged by what was seen.
    pub(super) fn end(&mut self) {
        self.close_to(0);
    }

    /// A key whose value comes next.
    pub(super) fn key(&mut self, start: usize, end: usize) {
        let lower = self.part((start, end)).to_ascii_lowercase();
        let Some(frame) = self.frames.back_mut() else { return };
        // A second beginning without a separator: another object.
        let again = match lower.as_str() {
            "apiversion" => std::mem::replace(&mut frame.version_seen, true),
            "kind" => frame.kind != Kind::Unknown,
            _ => false,
        };
        if again {
            let fresh = Frame { version_seen: lower == "apiversion", ..Frame::new(frame.list, frame.place) };
            let ended = std::mem::replace(frame, fresh);
            let parent = self.frames.pop_back();
            let above = self.frames.pop_back();
            let above = self.judge(ended, above);
            self.frames.extend(above);
            self.frames.extend(parent);
        }
        if let Some(frame) = self.frames.back_mut() {
            frame.key = Some((start, end));
        }
    }

    /// The key is not one after all, or its value is over.
    pub(super) fn no_key(&mut self) {
        if let Some(frame) = self.frames.back_mut() {
            frame.key = None;
        }
    }

    /// Whether a key waits for its value.
    pub(super) fn has_key(&self) -> bool {
        self.frames.back().is_some_and(|frame| frame.key.is_some())
    }

    /// A value that is no object and no list.
    pub(super) fn scalar(&mut self, scalar: Scalar) {
        let at = (scalar.span.start, scalar.span.end);
        let value = self.part(at);
        let Some(mut frame) = self.frames.pop_back() else { return };
        match frame.key.take() {
            Some(key) => self.pair(&mut frame, key, scalar, value),
            None => {
                let after_option = frame.argument.is_some_and(|word| takes_secret(self.part(word)));
                let gives_way = match frame.place {
                    ValueContext::Values => !harmless(Class::Strong, "", value, false),
                    _ => after_option && !value.starts_with('-') && !harmless(Class::Strong, "", value, false),
                };
                if gives_way {
                    self.spans.push(scalar.span);
                }
                frame.argument = Some(at);
                if frame.place == ValueContext::Data {
                    frame.data.push(scalar.span);
                }
            }
        }
        self.frames.push_back(frame);
    }

    fn pair(&mut self, frame: &mut Frame, key: (usize, usize), scalar: Scalar, value: &str) {
        let span = scalar.span;
        let name = self.part(key);
        let none = matches!(value, "" | "null" | "None" | "nil" | "~" | "{}");
        if frame.place == ValueContext::Data {
            if !none {
                frame.data.push(span);
                frame.alias |= value.starts_with('*') && !scalar.quoted;
            }
            return;
        }
        match name {
            "kind" | "Kind" => {
                // As Go prints a type: `*v1.Secret`.
                let kind = value.trim_start_matches('*').rsplit('.').next().unwrap_or_default();
                frame.kind = if kind.eq_ignore_ascii_case("secret") {
                    self.kinds.insert(span.start);
                    Kind::Secret
                } else if kind.eq_ignore_ascii_case("secretlist") || kind == "List" {
                    self.kinds.insert(span.start);
                    Kind::List
                } else if none {
                    Kind::Unknown
                } else {
                    Kind::Other
                };
            }
            "type" | "Type" => {
                const TYPES: [&str; 4] =
                    ["Opaque", "kubernetes.io/", "helm.sh/release", "bootstrap.kubernetes.io/token"];
                frame.secret_type |= TYPES.iter().any(|known| value.starts_with(known));
            }
            "name" | "Name" | "key" | "Key" | "variable" | "var" | "field" | "parameter" => {
                frame.name = Some((span.start, span.end));
            }
            "value" | "Value" | "val" | "default" | "defaultValue" if !none => frame.value = Some(scalar),
            "data" | "stringData" | "string_data" | "Data" | "StringData" if !none => {
                frame.data.push(span);
                frame.alias |= value.starts_with('*') && !scalar.quoted;
            }
            "<<" => frame.alias = true,
            "kty" => frame.jwk = true,
            "d" | "p" | "q" | "dp" | "dq" | "qi" | "k" if value.len() >= 8 => frame.jwk_parts.push(span),
            "auth" | "identitytoken" | "registrytoken" | "IdentityToken"
                if frame.place == ValueContext::Logins || super::urls::token_like(value, 20) =>
            {
                self.spans.push(span);
            }
            _ => {}
        }
        let of_place = frame.place == ValueContext::Values && !harmless(Class::Strong, name, value, false);
        let size = value.strip_suffix(" bytes").is_some_and(|size| size.bytes().all(|byte| byte.is_ascii_digit()));
        if size {
            return;
        }
        if of_place || (self.named(name, value) && !harmless(class(name), name, value, false)) {
            let start = span.start + behind_scheme(value);
            self.spans.push(Span { start, ..span });
        }
    }

    fn named(&self, name: &str, value: &str) -> bool {
        name.len() <= names::LONGEST && !name.contains(' ') && !value.is_empty() && class(name) != Class::Plain
    }

    /// Judges one that has ended, and hands on to the one around it what only that can tell.
    fn judge(&mut self, mut frame: Frame, mut parent: Option<Frame>) -> Option<Frame> {
        if let (Some(name), Some(value)) = (frame.name, frame.value) {
            let (name, text) = (self.part(name), self.part((value.span.start, value.span.end)));
            if !harmless(class(name), name, text, false) {
                self.spans.push(value.span);
            }
        }
        if frame.jwk {
            self.spans.append(&mut frame.jwk_parts);
        }
        if frame.kind == Kind::List {
            self.spans.append(&mut frame.of_items);
        }
        let by_itself = frame.kind == Kind::Secret
            || (frame.kind == Kind::Unknown
                && frame.place != ValueContext::Data
                && (frame.secret_type || frame.place == ValueContext::Secrets));
        if by_itself {
            self.unreadable |= frame.alias;
            self.spans.append(&mut frame.data);
            return parent;
        }
        let Some(around) = parent.as_mut() else { return parent };
        match frame.place {
            ValueContext::Data => moved(&mut frame.data, &mut around.data),
            ValueContext::Item if frame.kind == Kind::Unknown => moved(&mut frame.data, &mut around.of_items),
            ValueContext::Items => moved(&mut frame.of_items, &mut around.of_items),
            _ => {}
        }
        parent
    }
}

/// Moves all, the fewer to the more.
fn moved(from: &mut Vec<Span>, to: &mut Vec<Span>) {
    if to.len() < from.len() {
        std::mem::swap(from, to);
    }
    to.append(from);
}
