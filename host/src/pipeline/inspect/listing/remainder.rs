//! What a list of the whole cluster leaves open.

use super::completeness::Completeness;
use super::{KindList, Lister, NamespaceList, namespaces};
use crate::collector::Survey;

/// Namespaces that are asked to see whether a doubtful list is to be believed.
const SAMPLE: usize = 5;

/// Asks for what is left. `wide` says that the server has shown the whole cluster for another kind: then a doubtful list
/// is believed if a few namespaces that it does not show have none of the kind either. Rights may differ by kind, so
/// that it is not believed without.
pub(super) async fn ask(
    lister: &Lister<'_>,
    survey: &Survey,
    mut listed: KindList,
    whole: Completeness,
    names: &NamespaceList,
    wide: bool,
) -> KindList {
    let (why, doubtful) = match whole {
        Completeness::Complete => return listed,
        Completeness::Unknown => ("the list of the whole cluster shows one namespace at most".to_string(), true),
        Completeness::Incomplete(why) => (why, false),
    };
    if !names.complete || !survey.is_within() {
        // What the list shows is there; it is not known what it leaves out.
        listed.part.note_blind_spot(why);
    }
    if names.names.is_empty() || !survey.is_within() {
        return listed;
    }
    let (sample, others) = if doubtful && wide { sampled(names, &listed) } else { (Vec::new(), names.names.clone()) };
    if !sample.is_empty() {
        let asked = namespaces::ask(lister, survey, &sample).await;
        if asked.part.objects == 0 && asked.part.blind.is_nowhere() {
            listed.part.add(asked.part);
            return listed;
        }
        listed = listed.forgotten();
        listed.add(asked);
    } else {
        listed = listed.forgotten();
    }
    listed.add(namespaces::ask(lister, survey, &others).await);
    listed
}

/// Namespaces from all over the list that are not shown, and all others.
fn sampled(names: &NamespaceList, listed: &KindList) -> (Vec<String>, Vec<String>) {
    let hidden: Vec<&String> = names.names.iter().filter(|name| !listed.places.contains(*name)).collect();
    let most = SAMPLE.min(hidden.len());
    let sample: Vec<String> =
        (0..most).filter_map(|n| hidden.get(n * hidden.len() / most)).map(|name| (*name).clone()).collect();
    let others = names.names.iter().filter(|name| !sample.contains(name)).cloned().collect();
    (sample, others)
}
