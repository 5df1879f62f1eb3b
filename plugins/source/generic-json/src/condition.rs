//! Conditions: what a field must say.

use tidegate_plugin::source::Node;
use tidegate_plugin::source::pattern::matches;

use crate::body::Scope;
use crate::field::Field;

/// One condition. What it does not name holds.
#[derive(Debug)]
pub(crate) struct Condition {
    field: Field,
    is: Option<Vec<String>>,
    not: Option<Vec<String>>,
    exists: Option<bool>,
}

impl Condition {
    /// Reads a list of conditions; none where there is no list.
    pub fn list(setting: Node<'_>) -> Result<Vec<Self>, String> {
        if !setting.exists() {
            return Ok(Vec::new());
        }
        setting.need_items()?.map(Self::read).collect()
    }

    fn read(setting: Node<'_>) -> Result<Self, String> {
        let setting = setting.need_object()?;
        if let Some((key, _)) = setting.members().find(|(key, _)| !["value", "is", "not", "exists"].contains(key)) {
            return Err(setting.get(key).expected("value, is, not or exists, and no other member"));
        }
        let words = |name| {
            let setting = setting.get(name);
            if !setting.exists() {
                return Ok(None);
            }
            let listed: Vec<String> = setting.items().filter_map(|word| Some(word.text()?.into_owned())).collect();
            if !listed.is_empty() {
                return Ok(Some(listed));
            }
            Ok::<_, String>(Some(vec![setting.need_text()?.into_owned()]))
        };
        let exists = setting.get("exists");
        let condition = Self {
            field: Field::read(setting.get("value"))?,
            is: words("is")?,
            not: words("not")?,
            exists: exists.exists().then(|| exists.flag()),
        };
        if condition.is.is_none() && condition.not.is_none() && condition.exists.is_none() {
            return Err(setting.get("is").expected("one of is, not and exists"));
        }
        Ok(condition)
    }

    /// Whether it holds.
    pub fn holds(&self, scope: Scope<'_>) -> bool {
        let found = self.field.text(scope);
        let any = |patterns: &[String]| {
            found.as_deref().is_some_and(|text| patterns.iter().any(|pattern| matches(pattern, text)))
        };
        self.is.as_deref().is_none_or(any)
            && !self.not.as_deref().is_some_and(any)
            && self.exists.is_none_or(|exists| exists == found.is_some())
    }
}
