//! What most incidents do not have, in one word of memory until one has it.

use std::ops::{Deref, DerefMut};

use jiff::SignedDuration;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A value that is empty for most of its holders; it is used like the value itself. Nothing is allocated
/// before it is changed.
#[derive(Clone, Debug)]
pub struct Rare<T>(Option<Box<T>>);

/// A type with a value that says nothing.
pub trait Empty: Default + PartialEq + 'static {
    /// That value.
    const EMPTY: &'static Self;
}

impl<T: PartialEq + 'static> Empty for Vec<T> {
    const EMPTY: &'static Self = &Self::new();
}

impl Empty for SignedDuration {
    const EMPTY: &'static Self = &Self::ZERO;
}

impl<T: Empty> Rare<T> {
    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        **self == *T::EMPTY
    }
}

impl<T> Default for Rare<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Empty> From<T> for Rare<T> {
    fn from(value: T) -> Self {
        Self((value != *T::EMPTY).then(|| Box::new(value)))
    }
}

impl<T: Empty> Deref for Rare<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_deref().unwrap_or(T::EMPTY)
    }
}

impl<T: Empty> DerefMut for Rare<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.get_or_insert_default()
    }
}

impl<T: Empty> PartialEq for Rare<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<'a, T: PartialEq + 'static> IntoIterator for &'a Rare<Vec<T>> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a, T: PartialEq + 'static> IntoIterator for &'a mut Rare<Vec<T>> {
    type Item = &'a mut T;
    type IntoIter = std::slice::IterMut<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.as_deref_mut().map_or_else(Default::default, |list| list.iter_mut())
    }
}

impl<T: PartialEq + 'static> FromIterator<T> for Rare<Vec<T>> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Vec::from_iter(items).into()
    }
}

impl<T: Empty + Serialize> Serialize for Rare<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

impl<'de, T: Empty + Deserialize<'de>> Deserialize<'de> for Rare<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_used_like_the_value_and_costs_a_word_while_it_is_empty() {
        let mut list: Rare<Vec<u8>> = Rare::default();
        assert_eq!(size_of_val(&list), size_of::<usize>());
        assert!(list.is_empty() && list.iter().next().is_none() && list.0.is_none());
        (&mut list).into_iter().for_each(|item| *item += 1);
        assert!(list.0.is_none(), "nothing was there to be changed");
        list.push(1);
        (&mut list).into_iter().for_each(|item| *item += 1);
        assert_eq!((list.len(), list.first(), list.is_empty()), (1, Some(&2), false));
        assert_eq!(serde_json::to_string(&list).unwrap(), "[2]");
        list.pop();
        assert_eq!(list, Rare::default());
        assert!(serde_json::from_str::<Rare<Vec<u8>>>("[]").unwrap().0.is_none());
    }
}
