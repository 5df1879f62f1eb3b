//! Patterns over tool names: `*` stands for any text, `?` for one character.

/// Whether the pattern covers the whole text.
pub(super) fn covers(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    // Where the last star stood and how much of the text it has taken so far.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || Some(c) == text.get(t) => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    p = at + 1;
                    t = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks() {
        for (pattern, text, want) in [
            ("*", "", true),
            ("k*.pods_*", "kubernetes.pods_list", true),
            ("*delete", "kubectl_delete_all", false),
            ("*a*b*c", "xxaxxbxxc", true),
            ("pods_ge?", "pods_get", true),
            ("pods_get", "pods_ge", false),
        ] {
            assert_eq!(covers(pattern, text), want, "{pattern} {text}");
        }
    }
}
