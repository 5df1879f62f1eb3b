//! Messages that are neither alarms nor events: what a person published, and what other services write.

use std::borrow::Cow;

use tidegate_plugin::source::aws::Arn;
use tidegate_plugin::source::severity::in_words;
use tidegate_plugin::source::{Alert, Decoded, Node, first_sentence};

/// What the envelope says of a message.
pub(crate) struct About<'a> {
    pub subject: Option<Cow<'a, str>>,
    pub topic: Option<&'a str>,
    pub time: Option<Cow<'a, str>>,
}

impl About<'_> {
    fn alert(&self, text: &str) -> Alert {
        let arn = self.topic.and_then(Arn::parse);
        let name = self.subject.as_deref().map_or_else(|| first_sentence(text), Cow::Borrowed);
        let severity = in_words(&name).map(|word| Cow::Owned(word.to_string()));
        Alert::firing(name)
            .severity(severity)
            .label("topic", arn.map(|arn| arn.last().into()))
            .label("region", arn.and_then(|arn| arn.region).map(Into::into))
            .label("account", arn.and_then(|arn| arn.account).map(Into::into))
            .starts(self.time.clone())
    }
}

/// A text. It is known by its subject and topic, and never resolves.
pub(crate) fn alert(text: &str, about: &About<'_>) -> Decoded {
    about
        .alert(text)
        .annotation("summary", Some(first_sentence(text)))
        .annotation("description", Some(text.into()))
        .into()
}

/// What another service writes as JSON: the events of RDS and Auto Scaling, the notes of Chatbot. None for what says
/// nothing.
pub(crate) fn of_json(message: Node<'_>, about: &About<'_>) -> Option<Decoded> {
    if message.get("Event").text().is_some_and(|event| event.ends_with("TEST_NOTIFICATION")) {
        return Some(Decoded::nothing());
    }
    message.members().next()?;
    let said = ["Event Message", "Cause", "Description", "message", "Message", "description"];
    let text =
        said.iter().find_map(|key| message.get(key).text()).or_else(|| message.path("content.description").text());
    let name = message.path("content.title").text().or_else(|| about.subject.clone());
    let name = name.or_else(|| message.get("Event").text());
    let titled = About { subject: name, topic: about.topic, time: about.time.clone() };
    let mut alert = titled
        .alert(text.as_deref().unwrap_or("SNS message"))
        .label("source", message.first(&["Source ID", "AutoScalingGroupName"]))
        .label("event", message.get("Event").text())
        .annotation("summary", text.as_deref().map(first_sentence))
        .annotation("description", text.clone());
    for (key, value) in message.flat(".").into_iter().take(40) {
        alert = alert.annotation(&format!("message.{key}"), Some(value.into()));
    }
    Some(alert.into())
}
