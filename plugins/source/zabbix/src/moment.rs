//! Zabbix's times: dates with dots, and date and time apart.

use tidegate_plugin::source::Fields;

/// A moment that stands in a date and a time, or in one of these fields.
pub(crate) fn read(fields: &Fields, date: &str, time: &str, whole: &[&str]) -> Option<String> {
    let dashed = |date: &str, time: &str| format!("{} {time}", date.replace('.', "-"));
    if let (Some(date), Some(time)) = (fields.get(date), fields.get(time)) {
        return Some(dashed(date, time));
    }
    let whole = fields.first(whole)?;
    Some(whole.split_once(' ').map_or_else(|| whole.to_string(), |(date, time)| dashed(date, time)))
}
