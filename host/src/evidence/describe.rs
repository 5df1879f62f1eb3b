//! What `kubectl describe` prints: keys and values by indentation, with tables of conditions and events.

use super::container::{Container, State};
use super::event::{self, Event};
use super::object_summary::{Condition, ObjectSummary};
use super::short;

/// Keys of the outermost level that say something about the state.
const TELLING: [&str; 18] = [
    "Controlled By",
    "Node",
    "Replicas",
    "Desired Number of Nodes Scheduled",
    "Current Number of Nodes Scheduled",
    "Pods Status",
    "Pods Statuses",
    "StorageClass",
    "Volume",
    "Used By",
    "Unschedulable",
    "Taints",
    "Min replicas",
    "Max replicas",
    "Deployment pods",
    "Reference",
    "OldReplicaSets",
    "NewReplicaSet",
];

/// Reads a description, or several of them; none where the text is none. It does not say which kind it
/// describes, so the caller does.
pub(super) fn read(kind: &str, text: &str) -> Option<Vec<ObjectSummary>> {
    if !text.trim_start().starts_with("Name:") {
        return None;
    }
    let mut all: Vec<Reader> = Vec::new();
    for line in text.lines().take(20_000) {
        if line.starts_with("Name:") {
            all.push(Reader::new(kind));
        }
        if let Some(reader) = all.last_mut() {
            reader.line(line);
        }
    }
    Some(all.into_iter().map(Reader::end).collect())
}

#[derive(Default)]
struct Reader {
    seen: ObjectSummary,
    /// The outermost key that is read now.
    section: String,
    /// Titles of the table that is read now.
    titles: Vec<String>,
    /// `State` or `Last State`, of the last container.
    state: String,
    phase: String,
    reason: String,
    message: String,
}

impl Reader {
    fn new(kind: &str) -> Self {
        let kind = match kind {
            "persistentvolumeclaim" => "PersistentVolumeClaim",
            other => other,
        };
        Self { seen: ObjectSummary { kind: kind.into(), ..ObjectSummary::default() }, ..Self::default() }
    }

    fn line(&mut self, line: &str) {
        let depth = line.len() - line.trim_start().len();
        let rest = line.trim();
        if rest.is_empty() {
            return;
        }
        if depth == 0 {
            let Some((key, value)) = rest.split_once(':') else { return };
            self.section = key.to_string();
            self.titles.clear();
            return self.outermost(key, value.trim());
        }
        match self.section.as_str() {
            "Containers" | "Init Containers" => self.container(depth, rest),
            "Conditions" => self.condition(rest),
            "Events" => self.event(rest),
            "Pod Template" => {
                if let Some(image) = rest.strip_prefix("Image:") {
                    self.seen.facts.push(format!("image: {}", short(image)));
                }
            }
            "Taints" => self.seen.facts.push(format!("Taints: {}", short(rest))),
            "Metrics" => self.seen.facts.push(format!("metric {}", short(rest))),
            _ => {}
        }
    }

    fn outermost(&mut self, key: &str, value: &str) {
        if matches!(value, "" | "<none>" | "<unset>") {
            return;
        }
        match key {
            "Name" => self.seen.name = value.into(),
            "Namespace" => self.seen.namespace = value.into(),
            "Status" => self.phase = value.into(),
            "Reason" => self.reason = value.into(),
            "Message" => self.message = value.into(),
            "Unschedulable" if value == "false" => {}
            key if TELLING.contains(&key) => {
                if key == "StorageClass" {
                    self.seen.class = value.into();
                }
                self.seen.facts.push(format!("{key}: {}", short(value)));
            }
            _ => {}
        }
    }

    fn container(&mut self, depth: usize, rest: &str) {
        let Some((key, value)) = rest.split_once(':') else { return };
        let (key, value) = (key.trim(), value.trim());
        if depth <= 2 {
            if self.seen.containers.len() < 64 {
                let init = self.section == "Init Containers";
                self.seen.containers.push(Container { name: key.into(), init, ..Container::default() });
            }
            self.state.clear();
            return;
        }
        let Some(container) = self.seen.containers.last_mut() else { return };
        if depth <= 4 {
            self.state.clear();
            match key {
                "Image" => container.image = value.into(),
                "Ready" => container.ready = value == "True",
                "Restart Count" => container.restarts = value.parse().unwrap_or_default(),
                "State" | "Last State" => {
                    self.state = key.into();
                    let state = State { word: value.to_lowercase(), ..State::default() };
                    if key == "State" {
                        container.state = state;
                    } else {
                        container.last = Some(state);
                    }
                }
                _ => {}
            }
            return;
        }
        let state = match self.state.as_str() {
            "State" => &mut container.state,
            "Last State" => match &mut container.last {
                Some(last) => last,
                None => return,
            },
            _ => return,
        };
        match key {
            "Reason" => state.reason = value.into(),
            "Message" => state.message = value.into(),
            "Exit Code" => state.code = value.parse().ok(),
            "Signal" => state.signal = value.parse().ok(),
            _ => {}
        }
    }

    /// The cells of a row under their titles; none for the titles themselves and the line below them.
    fn row(&mut self, rest: &str) -> Option<Vec<(String, String)>> {
        let cells = split(rest);
        if self.titles.is_empty() {
            self.titles = cells;
            return None;
        }
        if cells.iter().all(|cell| cell.chars().all(|c| c == '-')) {
            return None;
        }
        let last = self.titles.len().saturating_sub(1);
        let mut row: Vec<(String, String)> = Vec::new();
        for (at, cell) in cells.into_iter().enumerate() {
            match row.last_mut() {
                // Two spaces within the last column are part of it.
                Some((_, text)) if at > last => *text = format!("{text} {cell}"),
                _ => row.push((self.titles.get(at).cloned().unwrap_or_default(), cell)),
            }
        }
        Some(row)
    }

    fn condition(&mut self, rest: &str) {
        let Some(row) = self.row(rest) else { return };
        let field = |title: &str| row.iter().find(|(known, _)| known == title).map(|(_, text)| text.clone());
        if self.seen.conditions.len() < 64 {
            self.seen.conditions.push(Condition {
                kind: field("Type").unwrap_or_default(),
                status: field("Status").unwrap_or_default(),
                reason: field("Reason").unwrap_or_default(),
                message: field("Message").unwrap_or_default(),
            });
        }
    }

    fn event(&mut self, rest: &str) {
        let Some(mut row) = self.row(rest) else { return };
        // An event that nobody signs has one column less.
        if row.len() == self.titles.len().saturating_sub(1)
            && let Some((title, _)) = row.last_mut()
        {
            *title = "Message".into();
        }
        let field = |title: &str| {
            row.iter().rev().find(|(known, _)| known == title).map(|(_, text)| text.clone()).unwrap_or_default()
        };
        let when = field("Age");
        self.seen.events.push(Event {
            warning: field("Type") == "Warning",
            reason: field("Reason"),
            message: field("Message"),
            object: String::new(),
            namespace: self.seen.namespace.clone(),
            count: event::times(&when),
            counted: true,
            when,
        });
    }

    fn end(mut self) -> ObjectSummary {
        self.seen.phase = if self.reason.is_empty() { self.phase.clone() } else { self.reason.clone() };
        let status: Vec<String> =
            [&self.phase, &self.reason].into_iter().filter(|part| !part.is_empty()).map(|part| short(part)).collect();
        self.seen.status = status.join(", ");
        if !self.message.is_empty() {
            self.seen.status = format!("{}: {}", self.seen.status, short(&self.message));
        }
        self.seen
    }
}

/// Cells that are two or more spaces apart.
fn split(line: &str) -> Vec<String> {
    line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).map(str::to_string).collect()
}
