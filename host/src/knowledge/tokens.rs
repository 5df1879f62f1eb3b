//! Text as words that are looked up: English without its endings, names in their parts, Chinese in pairs of
//! letters. Both what is indexed and what is asked for pass here, so that they meet.
//!
//! A word is written in ASCII, so that no tokenizer behind it has an opinion on it: a letter of another script
//! stands there by its number.

use std::collections::BTreeSet;

/// Letters of a word that are looked at.
const LONGEST: usize = 40;

/// Words that stand in every text and say nothing.
const COMMON: [&str; 45] = [
    "a", "an", "and", "are", "as", "at", "be", "been", "but", "by", "for", "from", "has", "hav", "in", "into", "is",
    "it", "its", "kub", "kubernet", "mor", "not", "of", "on", "or", "than", "that", "the", "this", "to", "was", "wer",
    "which", "with", "alert", "fir", "http", "www", "com", "min", "minut", "second", "org", "we",
];

/// The words of a text in order, each as often as it stands there; at most so many.
pub fn tokenize(text: &str, most: usize) -> Vec<String> {
    let mut words = Vec::new();
    let mut run = String::new();
    for letter in text.chars() {
        if words.len() >= most {
            break;
        }
        if letter.is_alphanumeric() {
            run.push(letter);
        } else {
            take(&mut run, &mut words);
        }
    }
    take(&mut run, &mut words);
    words.truncate(most);
    words
}

/// The words of a text that say something, each once.
pub fn keywords(text: &str, most: usize) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut all = tokenize(text, most.saturating_mul(4));
    all.retain(|word| is_telling(word) && seen.insert(word.clone()));
    all.truncate(most);
    all
}

/// Whether a word says something: not one of those that stand in every text, and no part of a generated name.
pub fn is_telling(word: &str) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let generated = !word.starts_with('u') && digits > 0 && word.len() >= 5 && digits < word.len();
    !COMMON.contains(&word) && !generated && word.len() > 1
}

/// Takes a run of letters and digits apart.
fn take(run: &mut String, words: &mut Vec<String>) {
    let letters: Vec<char> = std::mem::take(run).chars().collect();
    for piece in letters.chunk_by(|a, b| is_dense(*a) == is_dense(*b)) {
        if piece.first().is_some_and(|letter| is_dense(*letter)) {
            dense(piece, words);
        } else {
            spaced(piece, words);
        }
    }
}

/// Whether a letter belongs to a script that writes no spaces.
fn is_dense(letter: char) -> bool {
    matches!(u32::from(letter), 0x0e00..=0x0eff | 0x1000..=0x109f | 0x1780..=0x17ff | 0x2e80..=0x30ff | 0x3100..=0x9fff
        | 0xac00..=0xd7af | 0xf900..=0xfaff | 0xff66..=0xff9f | 0x2_0000..=0x3_ffff)
}

/// Every pair of neighbours; a letter that stands alone is a word.
fn dense(letters: &[char], words: &mut Vec<String>) {
    if let [one] = letters {
        words.push(number(*one));
    }
    words.extend(letters.windows(2).map(|pair| pair.iter().copied().map(number).collect::<String>()));
}

/// The word as a whole, and its parts where it is a name such as `KubePodCrashLooping`.
fn spaced(letters: &[char], words: &mut Vec<String>) {
    let parts = parts(letters);
    if parts.len() > 1 {
        words.push(ascii(letters));
    }
    words.extend(parts.into_iter().map(|part| stem(&ascii(part))));
}

/// `KubePodOOMKilled2` → `Kube`, `Pod`, `OOM`, `Killed2`.
fn parts(letters: &[char]) -> Vec<&[char]> {
    let mut parts = Vec::new();
    let mut from = 0;
    for at in 1..letters.len() {
        let [before, here] = [at - 1, at].map(|at| letters.get(at).copied().unwrap_or_default());
        let after = letters.get(at + 1).copied();
        let begins = here.is_uppercase()
            && (before.is_lowercase() || before.is_uppercase() && after.is_some_and(char::is_lowercase));
        if begins {
            parts.extend(letters.get(from..at));
            from = at;
        }
    }
    parts.extend(letters.get(from..));
    // One letter is no part of a name: `aB` is a word.
    if parts.iter().any(|part| part.len() < 2) { vec![letters] } else { parts }
}

fn ascii(letters: &[char]) -> String {
    let mut word = String::new();
    for letter in letters.iter().take(LONGEST).flat_map(|letter| letter.to_lowercase()) {
        match letter {
            letter if letter.is_ascii() => word.push(letter),
            letter => word.push_str(&number(letter)),
        }
    }
    word
}

fn number(letter: char) -> String {
    format!("u{:x}", u32::from(letter))
}

/// A word without the endings of English: `restarts`, `restarted` and `restarting` are one word.
fn stem(word: &str) -> String {
    let plain = word.bytes().all(|byte| byte.is_ascii_lowercase());
    if !plain || word.len() < 4 {
        return word.to_string();
    }
    let has_vowel = |stem: &str| stem.bytes().any(|byte| b"aeiouy".contains(&byte));
    let mut stem = match word {
        _ if word.ends_with("ies") && word.len() > 4 => word.strip_suffix("ies").map(|stem| format!("{stem}y")),
        _ if ["sses", "shes", "ches", "xes", "zes"].iter().any(|end| word.ends_with(end)) => {
            word.strip_suffix("es").map(str::to_string)
        }
        _ if ["ss", "us", "is"].iter().any(|end| word.ends_with(end)) => None,
        _ => word.strip_suffix('s').map(str::to_string),
    }
    .unwrap_or_else(|| word.to_string());
    for ending in ["ing", "ed"] {
        let Some(without) = stem.strip_suffix(ending).filter(|without| without.len() > 2 && has_vowel(without)) else {
            continue;
        };
        let mut without = without.to_string();
        let last: Vec<u8> = without.bytes().rev().take(2).collect();
        if let [a, b] = last.as_slice()
            && a == b
            && !b"lsz".contains(a)
        {
            without.pop();
        }
        stem = without;
        break;
    }
    if stem.len() > 3 && stem.ends_with('e') {
        stem.pop();
    }
    stem
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> String {
        tokenize(text, 100).join(" ")
    }

    #[test]
    fn forms_of_a_word_are_one_word() {
        for forms in [
            "restart restarts restarted restarting",
            "crash crashes crashed crashing",
            "image images imaged imaging",
            "query queries",
            "map maps mapped mapping",
            "fail fails failed failing",
            "scale scales scaled scaling",
            "loop looping loops",
        ] {
            let mut words = tokenize(forms, 100);
            words.dedup();
            assert_eq!(words.len(), 1, "{words:?}");
        }
        assert_eq!(line("status redis class"), "status redis class");
        assert_eq!(line("king red"), "king red");
    }

    #[test]
    fn names_are_found_whole_and_by_their_parts() {
        assert_eq!(line("KubePodCrashLooping"), "kubepodcrashlooping kub pod crash loop");
        assert_eq!(line("OOMKilled, exit 137"), "oomkilled oom kill exit 137");
        assert_eq!(line("image-pull_back.off"), "imag pull back off");
        assert_eq!(line("aB"), "ab");
    }

    #[test]
    fn chinese_is_words_of_two_letters() {
        assert_eq!(line("容器重启"), "u5bb9u5668 u5668u91cd u91cdu542f");
        assert_eq!(line("重"), "u91cd");
        assert_eq!(line("Pod反复重启"), "pod u53cdu590d u590du91cd u91cdu542f");
        assert_eq!(line("Größe"), "gruf6udfe");
    }

    #[test]
    fn what_stands_everywhere_and_generated_names_tell_nothing() {
        assert_eq!(keywords("The Pod web-7d9f8b6c5d-x2v4z is restarting", 9), ["pod", "web", "restart"]);
        assert_eq!(keywords("restart restarts 重启", 9), ["restart", "u91cdu542f"]);
        assert!(keywords("exit code 137", 9).contains(&"137".to_string()));
    }

    #[test]
    fn any_text_has_words_within_the_bound() {
        assert!(tokenize("", 9).is_empty() && tokenize("\u{0}\u{fffd} —", 9).is_empty());
        assert_eq!(tokenize(&"容".repeat(5000), 7).len(), 7);
        assert!(tokenize(&"a".repeat(100_000), 7).iter().all(|word| word.len() <= 8 * LONGEST));
    }
}
