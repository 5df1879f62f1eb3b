//! A kind namespace by namespace.

use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, stream};

use super::{KindList, Lister, unlisted};
use crate::collector::Survey;
use crate::domain::Call;

/// Namespaces that are asked side by side.
const SIDE_BY_SIDE: usize = 6;
/// Namespaces that are asked one by one.
const MOST: usize = 2_000;

/// Asks each of these.
pub(super) async fn ask(lister: &Lister<'_>, survey: &Survey, names: &[String]) -> KindList {
    let mut all = KindList::of(survey);
    let (near, beyond) = names.split_at(names.len().min(MOST));
    if !beyond.is_empty() {
        all.part.note_blind_spot(format!("of {} namespaces the first {MOST} were asked", names.len()));
    }
    let asked: Vec<BoxFuture<'_, KindList>> =
        near.iter().filter_map(|name| Some(one(lister, survey, name, survey.within(name)?).boxed())).collect();
    let mut asked = stream::iter(asked).buffered(SIDE_BY_SIDE);
    while let Some(listed) = asked.next().await {
        all.add(listed);
    }
    all
}

async fn one(lister: &Lister<'_>, survey: &Survey, name: &str, call: Call) -> KindList {
    let mut listed = KindList::of(survey);
    if lister.is_late() {
        listed.part.note_blind_spot_in(name, "the time for lists was over before every namespace was asked");
        return listed;
    }
    let answer = lister.look(&call, &mut listed.part).await;
    let problem = match &answer {
        Ok(answer) if answer.ok => match lister.take(survey, name, &answer.text, &mut listed) {
            Ok(missing) => missing,
            Err(error) => Some(error),
        },
        _ => {
            let why = unlisted(survey, &answer);
            listed.part.answered += u64::from(why.is_none());
            why
        }
    };
    if let Some(problem) = problem {
        listed.part.note_blind_spot_in(name, format!("{name}: {problem}"));
    }
    listed
}
