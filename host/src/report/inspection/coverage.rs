//! What a run could not see, where, and why.

use super::{InspectionStrings, MARKDOWN};
use crate::domain::inspection::{BlindSpot, KindResult, Run};

/// Namespaces that are named of one kind.
const NAMESPACES: usize = 5;

/// Kinds and namespaces of which nothing can be said; none where there are none.
pub(super) fn blind(run: &Run, words: &dyn InspectionStrings, colon: &str) -> Option<String> {
    let servers: std::collections::BTreeSet<&str> = run.parts.iter().map(|part| part.server.as_str()).collect();
    let place = |part: &KindResult| {
        if part.kind.is_empty() {
            let server = (!part.server.is_empty()).then(|| MARKDOWN.name(&part.server));
            return Some(words.no_tools(server.as_deref()));
        }
        let kind = match servers.len() {
            0 | 1 => MARKDOWN.name(&part.kind),
            _ => format!("{} {}", MARKDOWN.name(&part.server), MARKDOWN.name(&part.kind)),
        };
        match &part.blind {
            BlindSpot::Nowhere => None,
            BlindSpot::Everywhere => Some(words.anywhere(&kind, part.answered > 0)),
            BlindSpot::In(namespaces) => {
                let named: Vec<String> = namespaces
                    .iter()
                    .take(NAMESPACES)
                    .map(|name| if name.is_empty() { words.cluster().to_string() } else { MARKDOWN.name(name) })
                    .collect();
                let more = namespaces.len() - named.len();
                Some(words.within(&kind, &named, more))
            }
        }
    };
    let places: Vec<String> = run.parts.iter().filter_map(place).map(|place| format!("- {place}")).collect();
    (!places.is_empty()).then(|| format!("**{}**{}\n\n{}", words.blind(), colon.trim_end(), places.join("\n")))
}

/// Why something could not be seen, what gates refused, and what had no room.
pub(super) fn unseen(run: &Run, words: &dyn InspectionStrings, colon: &str, most: usize) -> Vec<String> {
    let line = |part: &KindResult, sentence: &str| {
        format!("- {} {}{colon}{}", MARKDOWN.name(&part.server), MARKDOWN.name(&part.kind), MARKDOWN.say(sentence))
    };
    let problems = run.parts.iter().flat_map(|part| part.problems.iter().map(move |problem| line(part, problem)));
    let left_out = (run.left_out > 0).then(|| format!("- {}", words.left_out(run.left_out)));
    let unseen: Vec<String> = left_out.into_iter().chain(problems).collect();
    let told = |part: &KindResult, refusal: &String| part.problems.iter().any(|problem| problem.contains(refusal));
    let refused = run.parts.iter().flat_map(|part| {
        part.refusals.iter().filter(move |refusal| !told(part, refusal)).map(move |refusal| line(part, refusal))
    });
    let refused: Vec<String> = refused.collect();
    let block = |(head, lines): (&str, Vec<String>)| {
        let beyond = lines.len().saturating_sub(most);
        let more = (beyond > 0).then(|| format!("- {}", words.more(beyond)));
        let lines: Vec<String> = lines.into_iter().take(most).chain(more).collect();
        (!lines.is_empty()).then(|| format!("**{head}**\n\n{}", lines.join("\n")))
    };
    [(words.unseen(), unseen), (words.refused(), refused)].into_iter().filter_map(block).collect()
}
