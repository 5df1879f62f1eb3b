//! What keeps the journal in order beside the work: closed incidents go when their time is over, and
//! the whole record is checked once a day.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::config::Retention;
use crate::domain::control::Control;
use crate::domain::{Anchor, Outcome};
use crate::journal::retention::{self, Rule};
use crate::journal::{Check, CheckResult, Projection, Sqlite};
use crate::ports::{Clock, JournalError};
use crate::store::Store;

/// When the first check begins, and the pause behind each.
const FIRST_CHECK: Duration = Duration::from_secs(10);
const CHECK_AGAIN: Duration = Duration::from_secs(20 * 3600);
/// How much longer a check rests than it works.
const RESTS: u32 = 9;
/// When incidents are first removed, and the pause behind each time.
const FIRST_REMOVAL: Duration = Duration::from_secs(60);
const REMOVE_AGAIN: Duration = Duration::from_secs(3600);
/// Sentences about a damaged journal that are shown; `journal verify` has them all.
const SHOWN: usize = 3;

/// What is known of the journal's health.
#[derive(Debug, Default)]
pub struct Health(Mutex<CheckedState>);

#[derive(Clone, Debug, Default)]
struct CheckedState {
    checked_at: Option<Timestamp>,
    problems: Vec<String>,
    count: u64,
}

impl Health {
    /// What the last check found wrong, for whoever has to act.
    pub fn problems(&self) -> Vec<String> {
        self.known().problems
    }

    /// When the last check ended, in seconds since 1970, and how many problems it found.
    pub fn last_check(&self) -> (u64, u64) {
        let known = self.known();
        let at = known.checked_at.map_or(0, |at| u64::try_from(at.as_second()).unwrap_or(0));
        (at, known.count)
    }

    fn known(&self) -> CheckedState {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn learn(&self, found: CheckResult, at: Timestamp) {
        let count = found.problems.len() as u64 + found.more;
        let shown = found.problems.into_iter().take(SHOWN);
        let problems = shown.map(|problem| {
            tracing::error!(problem, "the journal is not whole");
            format!("the journal is not whole: {problem}; `tidegate journal verify` says more")
        });
        let known = CheckedState { checked_at: Some(at), problems: problems.collect(), count };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = known;
    }
}

/// Checks the whole journal soon after the start and then once a day, quietly.
pub async fn check(journal: Arc<Sqlite>, projection: Arc<Projection>, clock: Arc<dyn Clock>, health: Arc<Health>) {
    let mut pause = FIRST_CHECK;
    loop {
        tokio::time::sleep(pause).await;
        pause = CHECK_AGAIN;
        let mut anchors = vec![(Anchor::from(journal.head()), "this host".to_string())];
        anchors.extend(projection.head().ok().map(|head| (Anchor::from(head), "the projection".to_string())));
        let mut check = match Check::begin(journal.reader().path(), anchors) {
            Ok(check) => check,
            Err(error) => {
                tracing::warn!(%error, "the journal could not be checked");
                continue;
            }
        };
        loop {
            let sliced = tokio::task::spawn_blocking(move || {
                let took = check.slice();
                (check, took)
            });
            let Ok((sliced, took)) = sliced.await else { return };
            check = sliced;
            let Some(took) = took else { break };
            tokio::time::sleep((took * RESTS).clamp(Duration::from_millis(1), Duration::from_secs(5))).await;
        }
        health.learn(check.finish(), clock.now());
    }
}

/// The rules in the words of the configuration: outcomes that are kept equally long go together.
pub fn rules(retention: &Retention) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    for (outcome, keep) in &retention.keep {
        match rules.iter_mut().find(|rule| rule.keep == keep.0) {
            Some(rule) => rule.outcomes.push(*outcome),
            None => rules.push(Rule { words: String::new(), outcomes: vec![*outcome], keep: keep.0 }),
        }
    }
    for rule in &mut rules {
        let outcomes: Vec<&str> = rule.outcomes.iter().map(|outcome| outcome.as_str()).collect();
        let hours = rule.keep.as_secs() / 3600;
        let keep = if hours.is_multiple_of(24) { format!("{}d", hours / 24) } else { format!("{hours}h") };
        rule.words = format!("keep {keep} ({})", outcomes.join(", "));
    }
    rules
}

/// Removes closed incidents whose time is over, again and again.
pub async fn remove(store: Arc<Store>, journal: Arc<Sqlite>, clock: Arc<dyn Clock>, retention: Retention) {
    let mut pause = FIRST_REMOVAL;
    loop {
        tokio::time::sleep(pause).await;
        pause = REMOVE_AGAIN;
        if let Err(error) = remove_all(&store, &journal, clock.as_ref(), &retention).await {
            tracing::warn!(%error, "closed incidents whose time is over were not removed");
        }
    }
}

async fn remove_all(
    store: &Store,
    journal: &Arc<Sqlite>,
    clock: &dyn Clock,
    retention: &Retention,
) -> Result<(), JournalError> {
    for rule in rules(retention) {
        let keep = SignedDuration::try_from(rule.keep).unwrap_or(SignedDuration::MAX);
        let before = clock.now().saturating_sub(keep).unwrap_or(Timestamp::MIN);
        remove_by(store, journal, &rule, before, &|| Ok(true)).await?;
    }
    let Some(size) = retention.size else { return Ok(()) };
    let over = || -> Result<bool, JournalError> { Ok(journal.size()? > size.0) };
    let rule = Rule { words: format!("size {size}"), outcomes: Vec::<Outcome>::new(), keep: Duration::ZERO };
    remove_by(store, journal, &rule, clock.now(), &over).await?;
    if over()? {
        tracing::warn!(%size, "the journal holds more than its configured size, and no closed incident is left to remove");
    }
    Ok(())
}

/// Removes step by step while `more` says so.
async fn remove_by(
    store: &Store,
    journal: &Arc<Sqlite>,
    rule: &Rule,
    before: Timestamp,
    more: &(dyn Fn() -> Result<bool, JournalError> + Sync),
) -> Result<(), JournalError> {
    let mut from = Some(0);
    while let Some(position) = from
        && more()?
    {
        let (reader, rule) = (Arc::clone(journal), rule.clone());
        let planned =
            tokio::task::spawn_blocking(move || retention::plan(reader.reader(), &rule, before, position)).await;
        let step = planned.map_err(|error| JournalError(format!("looking for what can go failed: {error}")))??;
        from = step.next;
        let Some(removal) = step.removal else { continue };
        let fact = Control::Removed(removal.removed.clone());
        tracing::info!(
            incidents = removal.removed.incidents,
            entries = removal.removed.entries,
            rule = removal.removed.rule,
            "closed incidents were removed from the journal"
        );
        store.control_with(fact, |sealed| journal.remove(sealed, removal)).await?;
        // The next one does not keep alerts from their turn.
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    Ok(())
}
