//! Arguments with the values that an incident brought along replaced by where they come from.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::literal;
use crate::domain::Labels;

/// A value of arguments.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// The same every time.
    Fixed(Value),
    /// The value of any of these labels.
    Label(BTreeSet<String>),
    /// A list.
    List(Vec<Shape>),
    /// Fields.
    Fields(BTreeMap<String, Shape>),
}

impl Shape {
    /// The shape of arguments under these labels.
    pub fn of(value: &Value, labels: &Labels) -> Self {
        match value {
            Value::String(text) => {
                let same = labels.iter().filter(|(_, label)| *label == text && !label.is_empty());
                let same: BTreeSet<String> = same.map(|(name, _)| name.to_string()).collect();
                if same.is_empty() { Self::Fixed(value.clone()) } else { Self::Label(same) }
            }
            Value::Array(items) => Self::List(items.iter().map(|item| Self::of(item, labels)).collect()),
            Value::Object(map) => Self::of_map(map, labels),
            other => Self::Fixed(other.clone()),
        }
    }

    /// The shape of a call's arguments.
    pub fn of_map(map: &Map<String, Value>, labels: &Labels) -> Self {
        Self::Fields(map.iter().map(|(key, item)| (key.clone(), Self::of(item, labels))).collect())
    }

    /// What two calls must share to be the same way: everything but which labels explain a value.
    pub fn skeleton(&self) -> String {
        match self {
            Self::Fixed(value) => format!("={value}"),
            Self::Label(_) => "L".into(),
            Self::List(items) => format!("[{}]", items.iter().map(Self::skeleton).collect::<Vec<_>>().join(",")),
            Self::Fields(fields) => {
                let one = |(key, shape): (&String, &Self)| format!("{key:?}:{}", shape.skeleton());
                format!("{{{}}}", fields.iter().map(one).collect::<Vec<_>>().join(","))
            }
        }
    }

    /// What explains both; none when no label explains a value both times.
    pub fn meet(&self, other: &Self) -> Option<Self> {
        match (self, other) {
            (Self::Fixed(one), Self::Fixed(two)) => (one == two).then(|| self.clone()),
            (Self::Label(one), Self::Label(two)) => {
                let both: BTreeSet<String> = one & two;
                (!both.is_empty()).then_some(Self::Label(both))
            }
            (Self::List(one), Self::List(two)) if one.len() == two.len() => {
                one.iter().zip(two).map(|(one, two)| one.meet(two)).collect::<Option<_>>().map(Self::List)
            }
            (Self::Fields(one), Self::Fields(two)) if one.len() == two.len() => {
                let both = |(key, one): (&String, &Self)| Some((key.clone(), one.meet(two.get(key)?)?));
                one.iter().map(both).collect::<Option<_>>().map(Self::Fields)
            }
            _ => None,
        }
    }

    /// The shape as an expression; `key` is the argument's name, which a label of the same name
    /// explains best.
    pub fn expression(&self, key: &str) -> Option<String> {
        Some(match self {
            Self::Fixed(value) => literal::value(value)?,
            Self::Label(names) => literal::label(best(names, key)?),
            Self::List(items) => {
                let items: Option<Vec<String>> = items.iter().map(|item| item.expression(key)).collect();
                format!("[{}]", items?.join(", "))
            }
            Self::Fields(fields) if fields.is_empty() => "#{}".into(),
            Self::Fields(fields) => {
                let one = |(key, shape): (&String, &Self)| {
                    Some(format!("{}: {}", literal::text(key), shape.expression(key)?))
                };
                let items: Option<Vec<String>> = fields.iter().map(one).collect();
                format!("#{{ {} }}", items?.join(", "))
            }
        })
    }

    /// The labels that the expression reads.
    pub fn reads(&self, key: &str, labels: &mut BTreeSet<String>) {
        match self {
            Self::Fixed(_) => {}
            Self::Label(names) => labels.extend(best(names, key).map(str::to_string)),
            Self::List(items) => items.iter().for_each(|item| item.reads(key, labels)),
            Self::Fields(fields) => fields.iter().for_each(|(key, shape)| shape.reads(key, labels)),
        }
    }
}

fn best<'a>(names: &'a BTreeSet<String>, key: &str) -> Option<&'a str> {
    let alike = names.iter().find(|name| name.eq_ignore_ascii_case(key));
    alike.or_else(|| names.iter().next()).map(String::as_str)
}
