//! Pages of lists: a cursor says where the page before ended, and stays good while new items come.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Longest cursor that is read.
const LONGEST: usize = 1_000;

/// Where a page ended: the key of its last item, by which the list is sorted. For whoever holds it, it is a word without a
/// meaning.
pub struct Cursor;

impl Cursor {
    /// The word for a key of a list of this kind.
    pub fn write(kind: &str, key: &str) -> String {
        URL_SAFE_NO_PAD.encode(format!("{kind}:{key}"))
    }

    /// The key behind a word.
    ///
    /// # Errors
    /// When it is none of this kind of list.
    pub fn read(kind: &str, word: &str) -> Result<String, String> {
        let wrong = || format!("cursor: this is no `next` of a list of {kind}; leave it out to begin anew");
        if word.len() > LONGEST {
            return Err(wrong());
        }
        let bytes = URL_SAFE_NO_PAD.decode(word).map_err(|_| wrong())?;
        let text = String::from_utf8(bytes).map_err(|_| wrong())?;
        let (of, key) = text.split_once(':').ok_or_else(wrong)?;
        if of == kind { Ok(key.to_string()) } else { Err(wrong()) }
    }
}

/// The items behind a key, so many of them, in the order of their keys; and the word for the next page, where there is one.
pub fn paginate<T>(
    kind: &str,
    mut items: Vec<T>,
    key: impl Fn(&T) -> String,
    (after, limit): (Option<&str>, usize),
) -> (Vec<T>, Option<String>) {
    items.sort_by_cached_key(&key);
    if let Some(after) = after {
        items.retain(|item| key(item).as_str() > after);
    }
    let next = truncate_page(kind, &mut items, key, limit);
    (items, next)
}

/// Takes away what is beyond a page, and gives the word for the next one where there is something.
pub fn truncate_page<T>(kind: &str, items: &mut Vec<T>, key: impl Fn(&T) -> String, limit: usize) -> Option<String> {
    let more = items.len() > limit;
    items.truncate(limit);
    items.last().filter(|_| more).map(|last| Cursor::write(kind, &key(last)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold_each_item_once_while_others_come_and_go() {
        let key = |item: &u32| format!("{item:04}");
        let (first, next) = paginate("numbers", vec![5, 1, 3, 9], key, (None, 2));
        assert_eq!(first, [1, 3]);
        let after = Cursor::read("numbers", &next.unwrap()).unwrap();
        // 3 is gone, 2 and 4 are new.
        let (second, next) = paginate("numbers", vec![9, 1, 2, 4, 5], key, (Some(&after), 2));
        assert_eq!(second, [4, 5]);
        let after = Cursor::read("numbers", &next.unwrap()).unwrap();
        assert_eq!(paginate("numbers", vec![9, 1], key, (Some(&after), 2)), (vec![9], None));
    }

    #[test]
    fn a_cursor_is_good_for_its_list_alone() {
        let word = Cursor::write("alerts", "a:b");
        assert_eq!(Cursor::read("alerts", &word).as_deref(), Ok("a:b"));
        for wrong in [word.as_str(), "", "%%%", "AAAA", &"A".repeat(2_000)] {
            assert!(Cursor::read("silences", wrong).unwrap_err().starts_with("cursor: "), "{wrong}");
        }
    }
}
