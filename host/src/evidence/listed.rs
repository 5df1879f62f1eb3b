//! A list as a server writes it: a table, or documents of objects, item by item. What gives no list is an error, so that
//! words about a failure are never taken for an empty list.

use serde_json::Value;

use super::document::long_documents;
use super::event::{self, Event};
use super::short;
use super::table::{Row, Table};

/// How deep lists may stand within one another.
const DEEPEST: usize = 3;

/// What a list holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ObjectList<T> {
    /// What could be read, in order.
    pub items: Vec<T>,
    /// How many items could not be read.
    pub unread: usize,
    /// Whether it goes on behind the bound.
    pub cut: bool,
}

impl<T> ObjectList<T> {
    fn empty() -> Self {
        Self { items: Vec::new(), unread: 0, cut: false }
    }

    /// A sentence about what of the list was not read; none where that is nothing.
    pub fn missing(&self) -> Option<String> {
        if self.cut {
            return Some(format!("only the first {} items of the list were read", self.items.len() + self.unread));
        }
        (self.unread > 0).then(|| format!("{} items of the list could not be read", self.unread))
    }
}

/// One object of a list, as the list shows it.
pub(crate) enum ListedObject {
    /// A row of a table.
    Row(Row),
    /// A document.
    Object(Value),
}

/// The objects of a list, of which `take` makes what is wanted; none where it cannot read one.
///
/// # Errors
/// A sentence where the text is no list of objects.
pub(crate) fn objects<T>(
    text: &str,
    most: usize,
    take: impl FnMut(ListedObject) -> Option<T>,
) -> Result<ObjectList<T>, String> {
    read(text, &["NAME"], most, take)
}

/// The events of a list.
///
/// # Errors
/// A sentence where the text is no list of events.
pub(crate) fn events(text: &str, most: usize) -> Result<ObjectList<Event>, String> {
    read(text, &event::TITLES, most, |shown| match shown {
        ListedObject::Row(row) => Some(event::of_row(&row)),
        ListedObject::Object(value) => event::read(&value).filter(|_| event::is_one(&value)),
    })
}

fn read<T>(
    text: &str,
    titles: &[&str],
    most: usize,
    mut take: impl FnMut(ListedObject) -> Option<T>,
) -> Result<ObjectList<T>, String> {
    let mut listed = ObjectList::empty();
    if is_empty(text) {
        return Ok(listed);
    }
    let no_list = || format!("the answer is no list: {}", short(text));
    if let Some(table) = Table::of(text) {
        if titles.iter().any(|title| !table.has(title)) {
            return Err(no_list());
        }
        listed.cut = table.len() > most;
        for row in table.rows().take(most) {
            listed.note(take(ListedObject::Row(row)));
        }
    } else {
        let documents = long_documents(text).ok_or_else(no_list)?;
        let mut lists = 0;
        for document in documents {
            listed.walk(document, 0, most, &mut lists, &mut take);
        }
        // A document that says nothing is no empty list.
        if lists == 0 && listed.items.is_empty() {
            return Err(no_list());
        }
    }
    if listed.items.is_empty() && listed.unread > 0 { Err(no_list()) } else { Ok(listed) }
}

/// Whether a text says that there is nothing, in the words of kubectl and the servers; kubectl prints nothing at all.
fn is_empty(text: &str) -> bool {
    let said = text.trim_start_matches(['#', ' ', '\n', '\r', '\t']);
    said.is_empty()
        || ["No resources found", "No events", "No resources were found"].iter().any(|no| said.starts_with(no))
}

impl<T> ObjectList<T> {
    fn note(&mut self, item: Option<T>) {
        match item {
            Some(item) => self.items.push(item),
            None => self.unread += 1,
        }
    }

    fn walk(
        &mut self,
        value: Value,
        depth: usize,
        most: usize,
        lists: &mut usize,
        take: &mut impl FnMut(ListedObject) -> Option<T>,
    ) {
        if self.items.len() + self.unread >= most {
            self.cut = true;
            return;
        }
        match value {
            Value::Array(items) if depth <= DEEPEST => {
                *lists += 1;
                items.into_iter().for_each(|item| self.walk(item, depth + 1, most, lists, take));
            }
            Value::Object(mut map) => {
                // A page of a list: what stands on the next ones was not seen.
                let next = map.get("metadata").and_then(|metadata| metadata.get("continue")).and_then(Value::as_str);
                self.cut |= next.is_some_and(|token| !token.is_empty());
                let inner = ["items", "events", "resources"].iter().find_map(|key| {
                    // Where Go has no items it writes null.
                    map.get_mut(*key).filter(|inner| inner.is_array() || inner.is_null()).map(Value::take)
                });
                match inner {
                    Some(Value::Null) => *lists += 1,
                    Some(inner) => self.walk(inner, depth + 1, most, lists, take),
                    None => self.note(take(ListedObject::Object(Value::Object(map)))),
                }
            }
            _ => self.unread += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Result<(Vec<String>, usize, bool), String> {
        let name = |shown: ListedObject| match shown {
            ListedObject::Row(row) => Some(row.cell("NAME").to_string()).filter(|name| !name.is_empty()),
            ListedObject::Object(value) => Some(value.pointer("/metadata/name")?.as_str()?.to_string()),
        };
        objects(text, 3, name).map(|listed| (listed.items, listed.unread, listed.cut))
    }

    #[test]
    fn words_about_a_failure_are_no_empty_list() {
        for text in [
            "apiserver is not reachable",
            "an error on the server has prevented the request from succeeding",
            "kubectl: command not found",
            "item not available",
            "error: context deadline exceeded",
            "ERROR   TIMEOUT\n",
            "ERROR   TIMEOUT\nx       y\n",
            r#"{"error": "connection refused"}"#,
            r#"{"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "reason": "Forbidden", "code": 403}"#,
            r#"[{"error": "connection refused"}]"#,
            "- connection refused\n",
            "# the server did not answer\n",
            "null",
            "{}",
            "\"no\"",
        ] {
            assert!(names(text).is_err(), "{text}");
            assert!(events(text, 3).is_err(), "{text}");
        }
    }

    #[test]
    fn an_empty_list_is_one() {
        for text in [
            "",
            " \n",
            "No resources found in shop namespace.\n",
            "# No events found",
            r#"{"kind": "List", "items": []}"#,
            r#"{"kind": "PodList", "items": null}"#,
            r#"{"events": []}"#,
            "[]",
        ] {
            assert_eq!(names(text), Ok((Vec::new(), 0, false)), "{text}");
            assert_eq!(events(text, 3), Ok(ObjectList::empty()), "{text}");
        }
        assert_eq!(names("NAMESPACE   NAME   STATUS\n"), Ok((Vec::new(), 0, false)));
    }

    #[test]
    fn items_are_read_one_by_one() {
        let item = |name: &str| format!(r#"{{"kind": "Pod", "metadata": {{"name": "{name}"}}}}"#);
        let list = |items: &[&str]| format!(r#"{{"items": [{}]}}"#, items.join(","));
        let (a, b) = (item("a"), item("b"));
        assert_eq!(names(&list(&[&a, "7", &b])), Ok((vec!["a".into(), "b".into()], 1, false)));
        assert_eq!(names(&list(&[&a, &b, &a, &b])), Ok((vec!["a".into(), "b".into(), "a".into()], 0, true)));
        assert_eq!(names(&list(&[&a, &b, &a])).map(|(_, _, cut)| cut), Ok(false));
        let page = format!(
            r#"{{"kind": "PodList", "metadata": {{"continue": "x", "remainingItemCount": 499}}, "items": [{a}]}}"#
        );
        assert_eq!(names(&page), Ok((vec!["a".into()], 0, true)), "the next page was not seen");
        let table = "NAME   STATUS\na      Bound\n       Bound\n";
        assert_eq!(names(table), Ok((vec!["a".into()], 1, false)));
    }

    #[test]
    fn events_of_all_forms_tell_the_same() {
        let api = r#"{"items": [{"type": "Warning", "reason": "BackOff", "note": "no", "metadata": {"namespace": "shop"},
            "regarding": {"kind": "Pod", "name": "a"}, "series": {"count": 7, "lastObservedTime": "2026-11-28T07:00:00.000000Z"},
            "deprecatedCount": 1, "eventTime": "2026-11-28T01:00:00.000000Z"}]}"#;
        let table = "NAMESPACE   LAST SEEN             TYPE      REASON    OBJECT   MESSAGE\n\
                     shop        60m (x7 over 7h)      Warning   BackOff   Pod/a    no\n";
        let counted = "NAMESPACE   LAST SEEN   COUNT   TYPE      REASON    OBJECT   MESSAGE\n\
                       shop        60m         7       Warning   BackOff   pod/a    no\n";
        let now = "2026-11-28T08:00:00Z".parse().unwrap();
        for text in [api, table, counted] {
            let listed = events(text, 9).unwrap();
            let [event] = listed.items.as_slice() else { panic!("{text}: {listed:?}") };
            let whom = event.about_whom().unwrap().to_string();
            assert_eq!((whom.as_str(), event.count, event.counted), ("pod shop/a", 7, true), "{text}");
            assert_eq!((event.seconds_ago(now), event.warning), (Some(3600), true), "{text}");
        }
        let native = "# The following events (YAML format) were found:\n- InvolvedObject:\n    Kind: Pod\n    Name: a\n  Message: no\n  Namespace: shop\n  Reason: BackOff\n  Timestamp: 2026-11-28 07:00:00.019334 +0000 UTC\n  Type: Warning\n";
        let listed = events(native, 9).unwrap();
        assert_eq!((listed.items[0].count, listed.items[0].counted), (1, false));
        assert_eq!(listed.items[0].seconds_ago(now), Some(3599));
    }
}
