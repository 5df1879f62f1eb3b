//! One spelling for names that look alike, for rules that forbid.
//!
//! A rule that forbids `kube-system` must also see `Kube-System`, ` kube-system`, full-width
//! letters, Cyrillic look-alikes and names with invisible characters inside. A rule that allows
//! compares exactly instead, so that nothing but the name itself gets through.

use crate::domain::text::letters;

/// The lower-case ASCII spelling that a name looks like, as far as it has one.
pub(super) fn normal(text: &str) -> String {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.' | '_' | '/');
    if text.chars().all(plain) {
        return text.to_string();
    }
    text.chars().filter(|c| !invisible(*c)).flat_map(folded).filter(|c| !invisible(*c)).collect()
}

/// Also marks that are drawn upon the letter before them.
fn invisible(c: char) -> bool {
    c.is_whitespace()
        || letters::is_invisible(c)
        || matches!(u32::from(c),
            0x0300..=0x036F | 0x1AB0..=0x1AFF | 0x1DC0..=0x1DFF | 0x20D0..=0x20FF | 0xFE20..=0xFE2F)
}

fn folded(c: char) -> impl Iterator<Item = char> {
    let (first, rest) = match c {
        'ﬀ' => ('f', "f"),
        'ﬁ' => ('f', "i"),
        'ﬂ' => ('f', "l"),
        'ﬃ' => ('f', "fi"),
        'ﬄ' => ('f', "fl"),
        'ﬅ' | 'ﬆ' => ('s', "t"),
        'ß' | 'ẞ' => ('s', "s"),
        'æ' | 'Æ' => ('a', "e"),
        'œ' | 'Œ' => ('o', "e"),
        other => (letter(other), ""),
    };
    first.to_lowercase().map(alike).chain(rest.chars())
}

/// The ASCII letter of a letter that is only drawn differently.
fn letter(c: char) -> char {
    let code = u32::from(c);
    let from = |base: u32, first: char| char::from_u32(u32::from(first) + code - base).unwrap_or(c);
    match code {
        0xFF01..=0xFF5E => from(0xFF01, '!'),
        0x24B6..=0x24CF => from(0x24B6, 'a'),
        0x24D0..=0x24E9 => from(0x24D0, 'a'),
        0x2460..=0x2468 => from(0x2460, '1'),
        0x1F130..=0x1F149 => from(0x1F130, 'a'),
        0x1F150..=0x1F169 => from(0x1F150, 'a'),
        0x1F170..=0x1F189 => from(0x1F170, 'a'),
        // Mathematical letters come in alphabets of 26, digits in rows of ten.
        0x1D400..=0x1D6A3 => char::from_u32(u32::from('a') + (code - 0x1D400) % 26).unwrap_or(c),
        0x1D7CE..=0x1D7FF => char::from_u32(u32::from('0') + (code - 0x1D7CE) % 10).unwrap_or(c),
        0x2010..=0x2015 | 0x2043 | 0x207B | 0x208B | 0x2212 | 0xFE58 | 0xFE63 | 0x30FC | 0x1806 => '-',
        0x2024 | 0xFE52 | 0x3002 | 0xFF61 => '.',
        0x2044 | 0x2215 | 0x29F8 => '/',
        0x2070 => '0',
        0xB9 => '1',
        0xB2 | 0xB3 => from(0xB2, '2'),
        0x2074..=0x2079 => from(0x2074, '4'),
        0x2080..=0x2089 => from(0x2080, '0'),
        _ => c,
    }
}

/// The ASCII letter that a lower-case letter of another script, or an accented one, looks like.
fn alike(c: char) -> char {
    const ALIKE: [(char, &str); 27] = [
        ('a', "аαɑàáâãäåāăąǎªɐ"),
        ('b', "ьвβƀɓъ"),
        ('c', "сϲçćĉċčƈ"),
        ('d', "ԁďđɗժ"),
        ('e', "еєεèéêëēĕėęěҽ"),
        ('f', "ƒſϝ"),
        ('g', "ɡցĝğġģ"),
        ('h', "һհнηĥħɦ"),
        ('i', "іιıìíîïĩīĭįїɪ"),
        ('j', "јϳĵʝ"),
        ('k', "кκķĸƙ"),
        ('l', "ӏļľłĺ|ⅼǀ"),
        ('m', "мϻⅿ"),
        ('n', "пոñńņňŋ"),
        ('o', "оοօσòóôõöøōŏőºо"),
        ('p', "рρϱþ"),
        ('q', "ԛգ"),
        ('r', "гŕŗřɾ"),
        ('s', "ѕśŝşšș"),
        ('t', "тτţťŧț"),
        ('u', "υսùúûüũūŭůűųцμ"),
        ('v', "νѵⅴ"),
        ('w', "ѡԝωŵա"),
        ('x', "хχⅹ×"),
        ('y', "уүγýÿŷ"),
        ('z', "źżžƶᴢ"),
        ('3', "зэҙ"),
    ];
    if c.is_ascii() && c != '|' {
        return c;
    }
    ALIKE.iter().find(|(_, set)| set.contains(c)).map_or(c, |(ascii, _)| *ascii)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_alike_become_one() {
        for other in [
            "KUBE-SYSTEM",
            " kube-system ",
            "kube-system\n",
            "ｋｕｂｅ－ｓｙｓｔｅｍ",
            "kubе-systеm",
            "kube\u{200b}-system",
            "kube‐system",
            "𝐤𝐮𝐛𝐞-𝐬𝐲𝐬𝐭𝐞𝐦",
            "kube-sys\u{0301}tem",
            "ⓚube-system",
            "кube-ѕyѕtem",
            "kube-\u{ad}system",
            "kube-\u{e0100}system",
            "kube-\u{3164}system\u{1d159}",
            "kube\u{fe0f}-system\u{e000}",
        ] {
            assert_eq!(normal(other), "kube-system", "{other:?}");
        }
    }

    #[test]
    fn plain_names_stay_as_they_are() {
        for name in ["shop", "kube-system", "web-7d9f.apps/v1", "team_a", ""] {
            assert_eq!(normal(name), name);
        }
    }
}
