//! One list of the whole cluster.

use super::{KindList, Lister, NamespaceList, is_cut, is_unknown_kind, unlisted};
use crate::collector::Survey;
use crate::evidence::short;

/// How far one list for the whole cluster is what there is.
pub(super) enum Completeness {
    /// It is, or nothing else would show more.
    Complete,
    /// It shows one namespace at most, and there are others: a server that may not list everything may list its own in
    /// silence.
    Unknown,
    /// There is none, and why.
    Incomplete(String),
}

/// Asks for it, where the server has a tool for that.
pub(super) async fn ask(lister: &Lister<'_>, survey: &Survey, names: &NamespaceList) -> (KindList, Completeness) {
    let mut listed = KindList::of(survey);
    let Some(call) = &survey.all else {
        return (listed, Completeness::Incomplete("no tool lists the whole cluster".into()));
    };
    let answer = lister.look(call, &mut listed.part).await;
    let whole = match &answer {
        Ok(answer) if answer.ok && is_cut(&answer.text) => {
            Completeness::Incomplete("the list of the whole cluster is too long".into())
        }
        Ok(answer) if answer.ok => match lister.take(survey, "", &answer.text, &mut listed) {
            Ok(_) if is_doubtful(survey, &listed, names) => Completeness::Unknown,
            Ok(missing) => {
                missing.into_iter().for_each(|missing| listed.part.note_blind_spot(missing));
                Completeness::Complete
            }
            Err(error) => Completeness::Incomplete(error),
        },
        // Within a namespace it is not known either.
        Ok(answer) if !survey.optional && is_unknown_kind(&answer.text) => {
            listed.part.note_blind_spot(short(&answer.text));
            Completeness::Complete
        }
        _ => match unlisted(survey, &answer) {
            Some(why) => Completeness::Incomplete(why),
            None => {
                listed.part.answered += 1;
                Completeness::Complete
            }
        },
    };
    (listed, whole)
}

/// Whether a list that did not ask for all namespaces in so many words shows no more than one, and not all that there are.
fn is_doubtful(survey: &Survey, listed: &KindList, names: &NamespaceList) -> bool {
    let others = !names.complete || names.names.iter().any(|name| !listed.places.contains(name));
    survey.is_within() && !survey.whole && listed.places.len() < 2 && others
}
