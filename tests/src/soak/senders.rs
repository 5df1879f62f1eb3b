//! Senders: each story is a few alerts over some seconds, sent again until they are acknowledged.

use std::slice::from_ref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::sleep;

use super::alerts::{Alert, Sender};
use super::ledger::Expected;
use super::stage::Stage;
use crate::sim::Dice;

/// Alerts in one request of a storm or a crowd.
const BATCH: usize = 50;
/// How long a sender tries before the host counts as closed to it.
const PATIENCE: Duration = Duration::from_secs(120);

/// A story that is to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoryKind {
    /// One that is suppressed, repeated and resolved.
    Noise,
    /// One that people must be told of.
    Outage,
    /// One that is repaired by what may be repeated.
    Stuck,
    /// One that is repaired by what may not.
    Full,
    /// One whose repair is asked about.
    Failing,
    /// One for the model.
    Riddle,
    /// One that comes and goes.
    Flapping,
    /// One that is suppressed until it gets worse.
    Rising,
    /// One whose beginning comes once more after its end.
    Late,
    /// Many pods of one group.
    Crowd(u64),
    /// Many groups at once.
    Storm(u64),
}

impl StoryKind {
    /// The words of all of them.
    pub const WORDS: [&str; 11] =
        ["noise", "outage", "stuck", "full", "failing", "riddle", "flapping", "rising", "late", "crowd", "storm"];

    /// Its word on the command line and in the names of its alerts.
    pub fn word(self) -> &'static str {
        match self {
            Self::Noise => "noise",
            Self::Outage => "outage",
            Self::Stuck => "stuck",
            Self::Full => "full",
            Self::Failing => "failing",
            Self::Riddle => "riddle",
            Self::Flapping => "flapping",
            Self::Rising => "rising",
            Self::Late => "late",
            Self::Crowd(_) => "crowd",
            Self::Storm(_) => "storm",
        }
    }
}

/// How often each kind of story is told, beside what faults wish for.
const WEIGHTS: [(u64, StoryKind); 9] = [
    (60, StoryKind::Noise),
    (6, StoryKind::Outage),
    (7, StoryKind::Stuck),
    (5, StoryKind::Full),
    (5, StoryKind::Failing),
    (4, StoryKind::Riddle),
    (5, StoryKind::Flapping),
    (4, StoryKind::Rising),
    (4, StoryKind::Late),
];

/// Tells stories until the run is over.
pub fn send(stage: &Arc<Stage>, tasks: &mut JoinSet<()>) {
    let Some(mut wished) = stage.wished.lock().unwrap().take() else { return };
    let stage = Arc::clone(stage);
    tasks.spawn(async move {
        let mut dice = stage.dice("stories");
        let mut stories = JoinSet::new();
        let number = AtomicU64::new(0);
        while !stage.phase.is_over() {
            let quiet = stage.phase.is_quiet();
            let rate = if quiet { (stage.arguments.rate / 4).max(2) } else { stage.arguments.rate };
            // Waits for a wish or for its turn.
            let pause = Duration::from_millis(1000 / rate);
            let wish = match tokio::time::timeout(pause, wished.recv()).await {
                Ok(Some(wish)) => wish,
                Ok(None) | Err(_) if quiet => {
                    if dice.chance(20) {
                        StoryKind::Outage
                    } else {
                        StoryKind::Noise
                    }
                }
                Ok(None) | Err(_) => drawn(&mut dice),
            };
            if !stage.arguments.stories.contains(&wish.word()) {
                continue;
            }
            let teller = StorySender {
                stage: Arc::clone(&stage),
                dice: Dice::new(dice.next(), "one story"),
                token: format!("{}-{}", wish.word(), number.fetch_add(1, Ordering::Relaxed)),
                sender: *dice.pick(&Sender::ALL),
            };
            stories.spawn(teller.tell(wish));
            while stories.try_join_next().is_some() {}
        }
        while stories.join_next().await.is_some() {}
    });
}

fn drawn(dice: &mut Dice) -> StoryKind {
    let mut left = dice.within(0..WEIGHTS.iter().map(|(weight, _)| weight).sum());
    for (weight, wish) in WEIGHTS {
        if left < weight {
            return wish;
        }
        left -= weight;
    }
    StoryKind::Noise
}

struct StorySender {
    stage: Arc<Stage>,
    dice: Dice,
    token: String,
    sender: Sender,
}

impl StorySender {
    async fn tell(mut self, wish: StoryKind) {
        match wish {
            StoryKind::Noise => self.noise().await,
            StoryKind::Outage => self.until_told("Outage", Expected::Told).await,
            StoryKind::Riddle => self.until_told("Riddle", Expected::Told).await,
            StoryKind::Stuck => self.until_told("Stuck", Expected::Repaired).await,
            StoryKind::Full => self.until_told("Full", Expected::Repaired).await,
            StoryKind::Failing => self.until_told("Failing", Expected::Repaired).await,
            StoryKind::Flapping => self.flapping().await,
            StoryKind::Rising => self.rising().await,
            StoryKind::Late => self.late().await,
            StoryKind::Crowd(pods) => self.crowd(pods).await,
            StoryKind::Storm(groups) => self.storm(groups).await,
        }
    }

    /// A story of one alert begins.
    fn begins(&self, name: &'static str, expected: Expected) -> Alert {
        self.stage.ledger.begin(&self.token, expected);
        Alert::firing(name, &self.token)
    }

    async fn pause(&mut self, from_ms: u64, to_ms: u64) {
        sleep(Duration::from_millis(self.dice.within(from_ms..to_ms))).await;
    }

    async fn noise(&mut self) {
        let alert = self.begins("Noise", Expected::Decided);
        self.deliver(from_ref(&alert)).await;
        for _ in 0..self.dice.skewed(3) {
            self.pause(300, 1500).await;
            self.deliver(from_ref(&alert)).await;
        }
        self.pause(500, 4000).await;
        self.deliver(&[alert.resolved()]).await;
    }

    /// Resolves when it was repaired, or when people know; at the latest at the end of the run.
    async fn until_told(&mut self, name: &'static str, expected: Expected) {
        let alert = self.begins(name, expected);
        self.deliver(from_ref(&alert)).await;
        let ended = |stage: &Stage, token: &str| stage.phase.is_closing() || stage.ledger.was_told_of("archive", token);
        let ours = name != "Outage" && name != "Riddle";
        while !ended(&self.stage, &self.token) {
            self.pause(200, 400).await;
            // A sender sees that a repair has helped.
            if ours && self.stage.calls().done(&self.token) > 0 {
                self.pause(500, 2500).await;
                break;
            }
        }
        self.deliver(&[alert.resolved()]).await;
    }

    async fn flapping(&mut self) {
        let alert = self.begins("Flapping", Expected::Decided);
        for _ in 0..self.dice.within(2..5) {
            let again = Alert::firing(alert.name, &alert.token);
            self.deliver(from_ref(&again)).await;
            self.pause(200, 1500).await;
            self.deliver(&[again.resolved()]).await;
            self.pause(200, 1000).await;
        }
    }

    async fn rising(&mut self) {
        let low = self.begins("Rising", Expected::Told);
        self.deliver(from_ref(&low)).await;
        self.pause(300, 3000).await;
        let high = Alert { severity: "critical", ..low };
        self.deliver(from_ref(&high)).await;
        while !self.stage.phase.is_closing() && !self.stage.ledger.was_told_of("archive", &self.token) {
            self.pause(200, 400).await;
        }
        self.deliver(&[high.resolved()]).await;
    }

    async fn late(&mut self) {
        let alert = self.begins("Late", Expected::Once);
        self.deliver(from_ref(&alert)).await;
        self.pause(300, 1500).await;
        let resolved = alert.resolved();
        self.deliver(from_ref(&resolved)).await;
        self.pause(300, 1500).await;
        self.deliver(&[alert]).await;
        self.pause(300, 1500).await;
        self.deliver(&[resolved]).await;
    }

    async fn crowd(&mut self, pods: u64) {
        let first = self.begins("Crowd", Expected::Decided);
        let all: Vec<Alert> = (0..pods).map(|pod| Alert { pod: format!("shop-{pod}"), ..first.clone() }).collect();
        self.in_batches(&all).await;
        self.pause(1000, 4000).await;
        self.in_batches(&all.iter().map(Alert::resolved).collect::<Vec<_>>()).await;
    }

    async fn storm(&mut self, groups: u64) {
        let tokens: Vec<String> = (0..groups).map(|group| format!("{}-{group}", self.token)).collect();
        tokens.iter().for_each(|token| self.stage.ledger.begin(token, Expected::Decided));
        let all: Vec<Alert> = tokens.iter().map(|token| Alert::firing("Noise", token)).collect();
        self.in_batches(&all).await;
        self.pause(1000, 4000).await;
        self.in_batches(&all.iter().map(Alert::resolved).collect::<Vec<_>>()).await;
    }

    async fn in_batches(&self, alerts: &[Alert]) {
        for batch in alerts.chunks(BATCH) {
            self.deliver(batch).await;
        }
    }

    /// Sends until it is acknowledged, as senders do.
    async fn deliver(&self, alerts: &[Alert]) {
        let (stage, body) = (&self.stage, self.sender.body(alerts));
        let url = format!("{}{}", stage.host.url, self.sender.path());
        let (begin, phase, life) = (Instant::now(), stage.phase.number(), stage.host.life());
        let mut again = 0_u32;
        while begin.elapsed() < PATIENCE {
            let (quiet, asked) = (stage.phase.is_quiet(), Instant::now());
            let answer = stage.host.http.post(&url).json(&body).send().await;
            match answer.map(|answer| answer.status().as_u16()) {
                Ok(200) => {
                    let same = again == 0 && phase == stage.phase.number() && life == stage.host.life();
                    if same {
                        let what = if quiet { "alert accepted, quiet" } else { "alert accepted, busy" };
                        stage.measures.took(what, asked.elapsed());
                    }
                    let tokens = alerts.iter().map(|alert| alert.token.as_str());
                    stage.ledger.acknowledged(tokens, phase);
                    return;
                }
                Ok(status @ (400..=428 | 430..=499)) => {
                    stage.ledger.violation("refused", format!("{} was answered {status}", self.token));
                    return;
                }
                // Not there, broken, or asks for patience.
                Ok(_) | Err(_) => {}
            }
            again += 1;
            stage.ledger.count(|counts| counts.resent += 1);
            sleep(Duration::from_millis(200 * u64::from(again.min(5)))).await;
        }
        stage.ledger.violation("not-taken", format!("{} was not taken within {} s", self.token, PATIENCE.as_secs()));
    }
}
