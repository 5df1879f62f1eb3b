//! Elements of an adaptive card, as Microsoft Teams shows them.
//!
//! They are rich text blocks: a run of text in one is never read as markup, while the Markdown of an
//! ordinary text block is, differently by each client, and has no escape that all of them know.

use serde_json::{Map, Value, json};

use super::document::{Block, Document, Inline};
use super::write::spoken;

impl Document {
    /// Elements for a card's `body`; a card of version 1.2 has them.
    pub fn to_adaptive_card(&self) -> Vec<Value> {
        let mut lines = Lines::default();
        lines.blocks(&self.blocks, "");
        lines.elements
    }
}

/// A text of one style as an element of an adaptive card, for titles and facts: `style` has `weight`,
/// `size`, `color` and their like of a `TextRun`.
pub fn adaptive_text(text: &str, style: &Value) -> Value {
    json!({"type": "RichTextBlock", "inlines": [run(text, style)]})
}

fn run(text: &str, style: &Value) -> Value {
    let mut run = Map::from_iter([("type".into(), json!("TextRun")), ("text".into(), json!(text))]);
    run.extend(style.as_object().cloned().unwrap_or_default());
    Value::Object(run)
}

#[derive(Default)]
struct Lines {
    elements: Vec<Value>,
}

impl Lines {
    fn blocks(&mut self, blocks: &[Block], indent: &str) {
        for block in blocks {
            match block {
                Block::Heading(_, inner) => {
                    self.paragraph(&[Inline::Strong(inner.clone())], indent, "Medium");
                }
                Block::Paragraph(inner) => self.paragraph(inner, indent, "Small"),
                Block::List(list) => {
                    for (at, item) in list.items.iter().enumerate() {
                        let number = list.start.map(|start| start.saturating_add(u64::try_from(at).unwrap_or(0)));
                        let sign = number.map_or_else(|| "• ".into(), |number| format!("{number}. "));
                        let mut own = Self::default();
                        own.blocks(item, &format!("{indent}\u{2003}"));
                        own.sign(&format!("{indent}{sign}"), indent.len() + "\u{2003}".len());
                        self.elements.extend(own.elements);
                    }
                }
                Block::Quote(inner) => self.blocks(inner, &format!("{indent}│ ")),
                Block::Code { text, .. } => {
                    for (at, line) in text.lines().enumerate() {
                        // Spaces at a line's beginning would be lost.
                        let shown = line.trim_start_matches(' ');
                        let spaces = "\u{a0}".repeat(line.len() - shown.len());
                        let style = json!({"fontType": "Monospace"});
                        let runs = vec![run(&format!("{indent}{spaces}{shown}"), &style)];
                        self.line(runs, if at == 0 { "Small" } else { "None" });
                    }
                }
                Block::Rule => {}
            }
        }
    }

    fn paragraph(&mut self, inlines: &[Inline], indent: &str, spacing: &str) {
        for (at, line) in inlines.split(|inline| *inline == Inline::Break).enumerate() {
            let mut runs = Vec::new();
            if !indent.is_empty() {
                runs.push(run(indent, &Value::Null));
            }
            push_runs(&mut runs, line, &json!({}));
            self.line(runs, if at == 0 { spacing } else { "None" });
        }
    }

    fn line(&mut self, runs: Vec<Value>, spacing: &str) {
        if !runs.is_empty() {
            self.elements.push(json!({"type": "RichTextBlock", "spacing": spacing, "inlines": runs}));
        }
    }

    /// Puts a bullet where the first line has its indent.
    fn sign(&mut self, sign: &str, indent: usize) {
        let Some(first) = self.elements.first_mut() else { return };
        if let Some(text) = first.pointer_mut("/inlines/0/text")
            && let Some(rest) = text.as_str().and_then(|text| text.get(indent..))
        {
            *text = json!(format!("{sign}{rest}"));
        }
        // Items stand close together.
        if let Some(spacing) = first.get_mut("spacing") {
            *spacing = json!("None");
        }
    }
}

fn push_runs(runs: &mut Vec<Value>, inlines: &[Inline], style: &Value) {
    for inline in inlines {
        match inline {
            Inline::Text(text) => runs.push(run(text, style)),
            Inline::Code(text) => runs.push(run(text, &with(style, "fontType", json!("Monospace")))),
            Inline::Strong(inner) => push_runs(runs, inner, &with(style, "weight", json!("Bolder"))),
            Inline::Emphasis(inner) => push_runs(runs, inner, &with(style, "italic", json!(true))),
            Inline::Link(inner, link) => {
                let open = json!({"type": "Action.OpenUrl", "url": link.url});
                push_runs(runs, inner, &with(style, "selectAction", open));
                let said = spoken(inner);
                if said != link.url && said != link.host {
                    runs.push(run(&format!(" ({})", link.host), style));
                }
            }
            Inline::Break => runs.push(run(" ", style)),
        }
    }
}

fn with(style: &Value, key: &str, value: Value) -> Value {
    let mut style = style.as_object().cloned().unwrap_or_default();
    style.insert(key.into(), value);
    Value::Object(style)
}
