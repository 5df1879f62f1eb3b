//! Alerts and decodings, put together.

use std::borrow::Cow;

use super::{Alert, Decoded, Decoding, Inbound, LeftOut, Moment, Node, Reply, Status, link};
use crate::json;

/// The annotation that says what a sender says of an alert that still fires: `acknowledged`, `snoozed`.
pub const STATE: &str = "sender_state";

impl Alert {
    /// An alert that fires and says nothing else yet.
    pub fn firing(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            status: Status::Firing,
            severity: None,
            labels: Vec::new(),
            annotations: Vec::new(),
            starts_at: None,
            ends_at: None,
            fingerprint: None,
            link: None,
            extra: Vec::new(),
        }
    }

    /// Whether it fires or has resolved.
    #[must_use]
    pub fn status(mut self, status: Status) -> Self {
        self.status = status;
        self
    }

    /// The sender's word for how bad it is; the host knows the usual ones, and what it does not know is a warning.
    #[must_use]
    pub fn severity<'t>(mut self, word: impl Into<Option<Cow<'t, str>>>) -> Self {
        self.severity = word.into().map(Cow::into_owned);
        self
    }

    /// A dimension that it is known by. A value that is missing or blank is none, and of two of one name the first counts.
    #[must_use]
    pub fn label<'t>(mut self, key: &str, value: impl Into<Option<Cow<'t, str>>>) -> Self {
        add(&mut self.labels, key, value.into());
        self
    }

    /// Several of them.
    #[must_use]
    pub fn labels(mut self, pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        pairs.into_iter().for_each(|(key, value)| add(&mut self.labels, &key, Some(value.into())));
        self
    }

    /// A detail for people. A value that is missing or blank is none, and of two of one name the first counts.
    #[must_use]
    pub fn annotation<'t>(mut self, key: &str, value: impl Into<Option<Cow<'t, str>>>) -> Self {
        add(&mut self.annotations, key, value.into());
        self
    }

    /// Several of them.
    #[must_use]
    pub fn annotations(mut self, pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        pairs.into_iter().for_each(|(key, value)| add(&mut self.annotations, &key, Some(value.into())));
        self
    }

    /// When it began, as the sender writes it: the host reads the usual forms.
    #[must_use]
    pub fn starts<'t>(mut self, text: impl Into<Option<Cow<'t, str>>>) -> Self {
        self.starts_at = text.into().map(|text| Moment::Text(text.into_owned()));
        self
    }

    /// When it began.
    #[must_use]
    pub fn started(mut self, moment: impl Into<Option<Moment>>) -> Self {
        self.starts_at = moment.into();
        self
    }

    /// When it ended.
    #[must_use]
    pub fn ended(mut self, moment: impl Into<Option<Moment>>) -> Self {
        self.ends_at = moment.into();
        self
    }

    /// When it ended, as the sender writes it.
    #[must_use]
    pub fn ends<'t>(mut self, text: impl Into<Option<Cow<'t, str>>>) -> Self {
        self.ends_at = text.into().map(|text| Moment::Text(text.into_owned()));
        self
    }

    /// What the sender knows it by: the same for its firing and its recovery.
    #[must_use]
    pub fn fingerprint<'t>(mut self, text: impl Into<Option<Cow<'t, str>>>) -> Self {
        self.fingerprint = text.into().map(Cow::into_owned);
        self
    }

    /// Where a person can look at it; what is no address of `http` or `https` is none.
    #[must_use]
    pub fn link<'t>(mut self, url: impl Into<Option<Cow<'t, str>>>) -> Self {
        self.link = url.into().filter(|url| link::is_http(url)).map(|url| url.trim().to_string());
        self
    }
}

/// Pairs that are kept: more than the host keeps, so that it still says that there were too many, and few enough that
/// looking for a name among them costs nothing.
const PAIRS: usize = 2_048;

fn add(pairs: &mut Vec<(String, String)>, key: &str, value: Option<Cow<'_, str>>) {
    let value = value.filter(|value| !value.trim().is_empty());
    if let Some(value) = value
        && pairs.len() < PAIRS
        && !pairs.iter().any(|(known, _)| known == key)
    {
        pairs.push((key.to_string(), value.into_owned()));
    }
}

impl From<Vec<Alert>> for Decoded {
    fn from(alerts: Vec<Alert>) -> Self {
        Self { alerts, left_out: Vec::new(), reply: None, confirm: None, extra: Vec::new() }
    }
}

impl From<Option<Alert>> for Decoded {
    fn from(alert: Option<Alert>) -> Self {
        alert.into_iter().collect::<Vec<_>>().into()
    }
}

impl From<Alert> for Decoded {
    fn from(alert: Alert) -> Self {
        vec![alert].into()
    }
}

impl Decoded {
    /// Valid, and nothing to report.
    pub fn nothing() -> Self {
        Vec::new().into()
    }

    /// Reads the items of a list one by one: an alert or several, nothing to report, or a sentence that names the place
    /// of what cannot be read, which costs no other item. `name` says what an unreadable one is called, where that is
    /// known.
    pub fn of_items<'a, Item: Copy, Alerts: IntoIterator<Item = Alert>>(
        items: impl IntoIterator<Item = Item>,
        read: impl Fn(Item) -> Result<Alerts, String>,
        name: impl Fn(Item) -> Option<Cow<'a, str>>,
    ) -> Self {
        let mut decoded = Self::nothing();
        for item in items {
            match read(item) {
                Ok(alerts) => decoded.alerts.extend(alerts),
                Err(reason) => {
                    decoded.leave_out(name(item).as_deref().unwrap_or_default(), reason);
                }
            }
        }
        decoded
    }

    /// Notes that one item could not be read: what it is called, where that is known, and the place of what is wrong.
    pub fn leave_out(&mut self, name: &str, reason: String) {
        self.left_out.push(LeftOut { name: name.to_string(), reason, count: 1, by_sender: false });
    }

    /// Reads a body of one item, of a list of them, or of a line for each, as [`of_items`](Self::of_items) does.
    ///
    /// # Errors
    /// When it is no JSON, or its only item cannot be read.
    pub fn of_body<Alerts: IntoIterator<Item = Alert>>(
        body: &str,
        read: impl Fn(Node<'_>) -> Result<Alerts, String>,
        name: impl for<'a> Fn(Node<'a>) -> Option<Cow<'a, str>>,
    ) -> Decoding {
        let documents = json::documents(body)?;
        Self::of_some(json::items(&documents), read, name)
    }

    /// The same of items that were found in a body.
    ///
    /// # Errors
    /// When there is one item alone, and it cannot be read.
    pub fn of_some<'a, Item: Copy, Alerts: IntoIterator<Item = Alert>>(
        items: Vec<Item>,
        read: impl Fn(Item) -> Result<Alerts, String>,
        name: impl Fn(Item) -> Option<Cow<'a, str>>,
    ) -> Decoding {
        if let [item] = items.as_slice() {
            return Ok(read(*item)?.into_iter().collect::<Vec<_>>().into());
        }
        Ok(Self::of_items(items, read, name))
    }

    /// Says that the sender left so many alerts out of its message itself; nothing where it left none out.
    #[must_use]
    pub fn truncated(mut self, count: Option<i64>) -> Self {
        if let Some(count) = count.and_then(|count| u64::try_from(count).ok()).filter(|count| *count > 0) {
            let reason = format!("the sender left {count} more out of this message");
            self.left_out.push(LeftOut { name: String::new(), reason, count, by_sender: true });
        }
        self
    }

    /// Hands a text back to the sender, in place of the host's own answer.
    #[must_use]
    pub fn answered(mut self, content_type: &str, body: impl Into<String>) -> Self {
        let content_type = content_type.to_string();
        self.reply = Some(Reply { status: 200, content_type, headers: Vec::new(), body: body.into() });
        self
    }

    /// Asks the host to fetch an address once, to prove to the sender that it may send here.
    #[must_use]
    pub fn confirming(mut self, url: impl Into<String>) -> Self {
        self.confirm = Some(url.into());
        self
    }
}

impl Inbound {
    /// A header's value; the name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    /// The value of a query parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        find(&self.query, name)
    }
}

fn find<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}
