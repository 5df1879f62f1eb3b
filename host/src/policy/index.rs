//! Which declarations can match at all, without looking at the others.
//!
//! Every declaration that wants a field to have one of a few values is filed under those values,
//! by the field that tells it apart best; the rest is always a candidate. What is found is merged
//! in order, so that the cost grows with what could match and not with what there is.

use std::collections::HashMap;

use super::on::{Field, On};

type Ids = Vec<u32>;

/// Declarations by the values that they want.
#[derive(Debug, Default)]
pub(super) struct Index {
    labels: HashMap<String, Bucket>,
    others: Vec<(Field, Bucket)>,
    always: Ids,
}

#[derive(Debug, Default)]
struct Bucket {
    by: HashMap<String, Ids>,
    /// All of them, for a value that stands for every value.
    all: Ids,
}

impl Index {
    /// Files declarations, numbered as given in ascending order.
    pub fn new<'a>(items: impl Iterator<Item = (u32, &'a On)> + Clone) -> Self {
        // How many want a value, to choose the field that leaves the fewest candidates.
        let mut wanted: HashMap<(&Field, &str), u32> = HashMap::new();
        for (_, on) in items.clone() {
            for (field, values) in on.literals() {
                values.into_iter().for_each(|value| *wanted.entry((field, value)).or_default() += 1);
            }
        }
        let crowd = |field: &Field, values: &[&str]| {
            values.iter().filter_map(|value| wanted.get(&(field, *value))).max().copied().unwrap_or(u32::MAX)
        };
        let mut index = Self::default();
        let mut others: HashMap<Field, Bucket> = HashMap::new();
        for (id, on) in items {
            let best = on.literals().min_by_key(|(field, values)| crowd(field, values));
            let Some((field, values)) = best else {
                index.always.push(id);
                continue;
            };
            let bucket = match field {
                Field::Label(label) => index.labels.entry(label.clone()).or_default(),
                other => others.entry(other.clone()).or_default(),
            };
            bucket.all.push(id);
            values.into_iter().for_each(|value| bucket.by.entry(value.to_string()).or_default().push(id));
        }
        index.others = others.into_iter().collect();
        index.others.sort_by(|a, b| a.0.cmp(&b.0));
        index
    }

    /// Files nothing: everything is a candidate. What the index is compared with.
    #[cfg(test)]
    pub fn linear(ids: impl Iterator<Item = u32>) -> Self {
        Self { always: ids.collect(), ..Self::default() }
    }

    /// Those that can match something of which the first alert is this.
    pub fn of_alerts<'a>(&'a self, facts: &super::facts::AlertFacts<'_>) -> Merged<'a> {
        let mut lists = vec![self.always.as_slice()];
        let mut lists_of_all: Vec<&'a [u32]> = Vec::new();
        let mut take = |bucket: &'a Bucket, value: &str| lists.extend(bucket.by.get(value).map(Vec::as_slice));
        for (field, bucket) in &self.others {
            if *field == Field::Finding {
                match facts.causes() {
                    // It can be any of them: whoever asks has to be heard.
                    None => lists_of_all.push(&bucket.all),
                    Some(causes) => causes.iter().for_each(|cause| take(bucket, cause)),
                }
            } else if let Some(value) = facts.first(field) {
                take(bucket, value);
            }
        }
        // Whichever is shorter: the labels that rules name, or those that the alert has.
        if let Some(first) = facts.alerts.first() {
            if self.labels.len() <= first.labels.len() {
                for (label, bucket) in &self.labels {
                    first.labels.get(label).into_iter().for_each(|value| take(bucket, value));
                }
            } else {
                for (label, value) in &first.labels {
                    self.labels.get(label).into_iter().for_each(|bucket| take(bucket, value));
                }
            }
        }
        lists.append(&mut lists_of_all);
        Merged { lists }
    }

    /// Those that can take everything that these conditions take: what is filed under a value, or
    /// under none. A condition that no index can use may be missed.
    pub fn of_conditions(&self, on: &On) -> Merged<'_> {
        let mut lists = vec![self.always.as_slice()];
        for (field, values) in on.literals() {
            let bucket = match field {
                Field::Label(label) => self.labels.get(label),
                other => self.others.iter().find(|(field, _)| field == other).map(|(_, bucket)| bucket),
            };
            let first = values.first().copied().unwrap_or_default();
            lists.extend(bucket.and_then(|bucket| bucket.by.get(first)).map(Vec::as_slice));
        }
        Merged { lists }
    }

    /// Those that can match any of the values that `each` shows for a field. With `wide`, values
    /// count in the spelling that `wide` gives them, and `*` stands for every value.
    pub fn of_values<'a>(&'a self, facts: &dyn super::facts::Facts, wide: Option<fn(&str) -> String>) -> Merged<'a> {
        let mut lists = vec![self.always.as_slice()];
        let mut look = |field: &Field, bucket: &'a Bucket| {
            facts.each(field, &mut |value| {
                let Some(value) = value else { return };
                match wide {
                    None => lists.extend(bucket.by.get(value).map(Vec::as_slice)),
                    Some(_) if value == "*" && !field.is_label() => lists.push(&bucket.all),
                    Some(spell) => lists.extend(bucket.by.get(&spell(value)).map(Vec::as_slice)),
                }
            });
        };
        self.others.iter().for_each(|(field, bucket)| look(field, bucket));
        self.labels.iter().for_each(|(label, bucket)| look(&Field::Label(label.clone()), bucket));
        Merged { lists }
    }
}

/// Ascending numbers out of several ascending lists, each once.
pub(super) struct Merged<'a> {
    lists: Vec<&'a [u32]>,
}

impl Iterator for Merged<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let lowest = self.lists.iter().filter_map(|list| list.first()).min().copied()?;
        for list in &mut self.lists {
            if let Some((first, rest)) = list.split_first()
                && *first == lowest
            {
                *list = rest;
            }
        }
        Some(lowest)
    }
}
