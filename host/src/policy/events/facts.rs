//! The fields of an event, as `on` names them.

use std::cell::OnceCell;

use crate::domain::Event;
use crate::domain::event::rendered;
use crate::policy::facts::{Facts, argument};
use crate::policy::matcher::Matcher;
use crate::policy::on::{Field, On};

/// An event, as rules see it.
pub(super) struct EventFacts<'a> {
    event: &'a Event,
    /// Its data as JSON, made when the first rule looks for words in it.
    text: OnceCell<String>,
    /// As ops-server shows it, made when the first rule looks for words in that.
    rendered: OnceCell<String>,
}

impl<'a> EventFacts<'a> {
    /// Reads an event.
    pub fn new(event: &'a Event) -> Self {
        Self { event, text: OnceCell::new(), rendered: OnceCell::new() }
    }

    fn text(&self) -> &str {
        self.text.get_or_init(|| self.event.said.data.to_string())
    }

    fn rendered(&self) -> &str {
        self.rendered.get_or_init(|| rendered(self.event))
    }

    /// The first matcher that does not hold. A list among the data holds where one of its items does, unless the
    /// matcher says what must not be there.
    pub fn refuses<'o>(&self, on: &'o On) -> Option<&'o (Field, Matcher)> {
        on.conditions.iter().find(|(field, matcher)| {
            let (mut any, mut one, mut all) = (false, false, true);
            self.each(field, &mut |value| {
                let accepted = matcher.accepts(value);
                (any, one, all) = (true, one | accepted, all & accepted);
            });
            !match any {
                false => matcher.accepts(None),
                true if matcher.negates() || matcher.wants_absence() => all,
                true => one,
            }
        })
    }
}

impl Facts for EventFacts<'_> {
    fn each(&self, field: &Field, visit: &mut dyn FnMut(Option<&str>)) {
        let mut one = |text: &str| {
            if !text.is_empty() {
                visit(Some(text));
            }
        };
        let Event { said, object, observation } = self.event;
        match field {
            Field::Subject => one(&said.subject),
            Field::Type => one(&said.kind),
            Field::Source => one(&said.source),
            Field::Observation => one(observation),
            Field::Cluster => one(&object.cluster),
            Field::Namespace => one(&object.namespace),
            Field::Kind => one(&object.kind),
            Field::TargetName => one(&object.name),
            Field::Reason => one(self.event.reason().unwrap_or_default()),
            Field::Message => one(self.event.message().unwrap_or_default()),
            Field::Text => one(self.text()),
            // Every event is shown somehow, and be it as an empty text, which a hook of ops may want.
            Field::Rendered => visit(Some(self.rendered())),
            Field::Data(path) => {
                if let Some((first, rest)) = path.split_first()
                    && let Some(value) = said.data.get(first).filter(|value| !value.is_null())
                {
                    argument(value, rest, visit);
                }
            }
            _ => {}
        }
    }
}
