//! A group of messages from their coming to their acknowledgement, whoever carries them: what they mean is durable before they
//! are acknowledged.

use std::collections::HashMap;
use std::pin::pin;
use std::time::Duration;

use futures::future::{Either, select};

use super::held::{Delivered, Word, acknowledge, say_all};
use super::late::Late;
use super::seen::Seen;
use super::status::What;
use super::{Arrival, Bus, Inlet, Intake, Kept, Message, Read, tell};
use crate::domain::Alert;
use crate::domain::event::{Forward, SOURCE as EVENTS};
use crate::ports::DecodeError;

/// The shortest and the longest pause before something is taken again.
const PAUSE: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(15);
/// From so long on it is said that nothing is read, whatever messages wait for.
const SLOW: Duration = Duration::from_secs(10);
/// How long messages are held of which nothing can be taken, and for how long they are given back then.
const HOLD: Duration = Duration::from_secs(60);
pub(super) const GIVEN_BACK: Duration = Duration::from_secs(10);
/// How long a stop waits for the group that is being taken.
const LAST: Duration = Duration::from_millis(500);

/// What became of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handled {
    /// What it means is durable.
    Taken,
    /// It was given back for a while.
    GivenBack,
    /// The host stops, and nobody has said anything of it.
    Stopped,
}

/// Who takes messages in, and where they go.
pub struct Turn<'a> {
    /// The connection, for its counts and what it asks for.
    pub bus: &'a Bus,
    /// What is read.
    pub inlet: &'a Inlet,
    /// Where it goes.
    pub intake: &'a dyn Intake,
    /// How long the server waits before it sends a message again.
    pub ack_wait: Duration,
}

impl Turn<'_> {
    /// Takes a group of messages in. They are given back if that cannot be done for long, and left alone where the host stops before.
    pub async fn handle<D: Delivered>(&self, group: Vec<D>, seen: &mut Seen, late: &mut Late) -> Handled {
        let tick = (self.ack_wait / 3).max(Duration::from_millis(100));
        let began = self.bus.clock.elapsed();
        let ended = {
            let mut work = pin!(self.take(&group, seen));
            let mut stops = pin!(async {
                self.bus.stopping.cancelled().await;
                self.bus.clock.sleep(LAST).await;
            });
            loop {
                match select(work, select(stops.as_mut(), self.bus.clock.sleep(tick))).await {
                    Either::Left((ended, _)) => break Some(ended),
                    Either::Right((Either::Left(_), _)) => break None,
                    Either::Right((Either::Right(_), rest)) => {
                        if self.bus.clock.elapsed().saturating_sub(began) >= SLOW {
                            self.bus.status.still("what came last is not taken yet".into());
                        }
                        say_all(&group, &Word::Working).await;
                        work = rest;
                    }
                }
            }
        };
        match ended {
            None => Handled::Stopped,
            Some(Ok(Ended { again, unreadable, taken, mut arrivals, mut about })) => {
                for (n, why) in &unreadable {
                    if let Some(held) = group.get(*n) {
                        held.say(Word::End(why.clone())).await;
                    }
                }
                let status = &self.bus.status;
                status.add(What::Taken, taken);
                status.add(What::Again, again);
                group.iter().for_each(|held| seen.add(held.sequence()));
                status.pending(group.last().map_or(0, Delivered::pending));
                let mut now = Vec::with_capacity(group.len());
                for (n, held) in group.into_iter().enumerate() {
                    let (about, clock) = (about.remove(&n).unwrap_or_default(), &self.bus.clock);
                    let others = late.about(&about);
                    match arrivals.remove(&n) {
                        Some(arrival) => late.add(clock, held, about, arrival),
                        None if unreadable.iter().any(|(other, _)| *other == n) => {}
                        None if !others.is_empty() => late.add_behind(clock, held, about, others),
                        // One that has come again may wait for what the first of it sent on.
                        None => now.extend(late.renew(held)),
                    }
                }
                if let Err(error) = acknowledge(&now).await {
                    tracing::info!(bus = self.bus.settings.name, %error, "messages are durable, and the server does not know yet; they come again");
                }
                Handled::Taken
            }
            Some(Err(why)) => {
                self.bus.status.waits(Some(why));
                self.bus.status.add(What::GivenBack, group.len() as u64);
                say_all(&group, &Word::Back(GIVEN_BACK)).await;
                Handled::GivenBack
            }
        }
    }

    /// Reads each message and makes what they mean durable.
    async fn take<D: Delivered>(&self, group: &[D], seen: &Seen) -> Result<Ended, String> {
        let mut ended = Ended::default();
        let (mut alerts, mut sent_on, mut forwards) = (Vec::new(), Vec::new(), Vec::new());
        let until = self.bus.clock.elapsed() + HOLD;
        for (n, held) in group.iter().enumerate() {
            if seen.holds(held.sequence()) {
                ended.again += 1;
                continue;
            }
            let Some(message) = self.bus.wanted(self.inlet, held.message()) else { continue };
            match self.bus.read(self.inlet, self.intake, message, until).await? {
                Ok(mut read) => {
                    if !read.alerts.is_empty() {
                        let name = |alert: &Alert| format!("{} {}", alert.source, alert.fingerprint);
                        ended.about.insert(n, read.alerts.iter().map(name).collect());
                    }
                    alerts.append(&mut read.alerts);
                    ended.taken += 1;
                    if !read.forwards.is_empty() {
                        sent_on.push(n);
                        forwards.push(read.forwards);
                    }
                }
                Err(why) => ended.unreadable.push((n, why)),
            }
        }
        let arrivals = self.bus.take(self.intake, alerts, (&forwards, Kept::InStream), until).await?;
        ended.arrivals = sent_on.into_iter().zip(arrivals).collect();
        Ok(ended)
    }
}

#[derive(Default)]
struct Ended {
    taken: u64,
    again: u64,
    unreadable: Vec<(usize, String)>,
    /// Of messages of which something is sent on, when that has arrived.
    arrivals: HashMap<usize, Arrival>,
    /// Of messages that tell of alerts, which ones.
    about: HashMap<usize, Vec<String>>,
}

impl Bus {
    /// The message, if somebody has asked for it and somebody else has sent it.
    pub(super) fn wanted(&self, inlet: &Inlet, message: Message) -> Option<Message> {
        if !inlet.subjects.is_empty() && !inlet.subjects.iter().any(|wanted| wanted.matches(&message.subject)) {
            self.status.add(What::Elsewhere, 1);
            return None;
        }
        // Whatever the host would make of its own words it has made already.
        let own = tell::is_own(&message.request.headers, &message.request.body, &self.own);
        // What another host tells of its incidents is heard by event rules that name it: a source would make an incident of each
        // one, of which it would tell the other.
        let of_a_host = inlet.source != EVENTS && tell::is_of_a_host(&message.request.headers);
        if own || of_a_host {
            self.status.add(What::Own, 1);
            return None;
        }
        Some(message)
    }

    /// What comes of a message, or why nobody can read it.
    ///
    /// # Errors
    /// When it cannot be read for the time being, until then.
    pub(super) async fn read(
        &self,
        inlet: &Inlet,
        intake: &dyn Intake,
        message: Message,
        until: Duration,
    ) -> Result<Result<Read, String>, String> {
        let mut pause = PAUSE;
        loop {
            let read = intake.read(inlet, message.clone()).await;
            let why = match read {
                Ok(read) => {
                    for why in &read.left_out {
                        self.status.unreadable(&message.subject, why, self.clock.elapsed());
                    }
                    return Ok(Ok(read));
                }
                Err(DecodeError::Invalid(why) | DecodeError::UnknownSource(why)) => {
                    self.status.unreadable(&message.subject, &why, self.clock.elapsed());
                    return Ok(Err(why));
                }
                Err(DecodeError::Unavailable(why)) => why,
            };
            self.pause(why, until, &mut pause).await?;
        }
    }

    /// Makes alerts durable, and lets go of what is sent on; when that of each message has arrived.
    ///
    /// # Errors
    /// When that cannot be done until then.
    pub(super) async fn take(
        &self,
        intake: &dyn Intake,
        alerts: Vec<Alert>,
        (forwards, kept): (&[Vec<Forward>], Kept),
        until: Duration,
    ) -> Result<Vec<Arrival>, String> {
        let mut pause = PAUSE;
        let mut arrivals = Vec::new();
        while !alerts.is_empty() || !forwards.is_empty() {
            match intake.take(alerts.clone(), forwards, kept).await {
                Ok(taken) => {
                    arrivals = taken;
                    break;
                }
                Err(why) => self.pause(why, until, &mut pause).await?,
            }
        }
        self.status.waits(None);
        Ok(arrivals)
    }

    async fn pause(&self, why: String, until: Duration, pause: &mut Duration) -> Result<(), String> {
        if self.clock.elapsed() >= until {
            return Err(why);
        }
        self.status.waits(Some(why));
        self.clock.sleep(*pause).await;
        *pause = (*pause * 2).min(LONGEST);
        Ok(())
    }
}
