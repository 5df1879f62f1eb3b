//! A stream of a message bus, and the host's own way of reading it: messages come out of order, twice, and again where their
//! acknowledgement is lost; the stream is made anew now and then, with some of what it held. Some of them are sent on to another
//! bus, which takes its time, and none of these is acknowledged before.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::BoxFuture;
use tidegate::bus::batch::BatchHandler;
use tidegate::bus::delivery::{Delivery, Reply};
use tidegate::bus::pending_acks::PendingAcks;
use tidegate::bus::processed::Processed;
use tidegate::bus::{Bus, Completion, Decoded, Inlet, Intake, Login, Message, Redelivery, Settings, Tls};
use tidegate::domain::event::{Envelope, Event, Forward};
use tidegate::domain::{Alert, Labels};
use tidegate::journal::Memory;
use tidegate::ports::{DecodeError, Inbound};

use super::checker;
use super::clock::SimClock;
use super::host::Host;
use super::mutant::Mutant;
use super::plan::Signal;
use super::senders;
use super::world::{State, World};

/// How long the server waits before it sends a message again.
const ACK_WAIT: Duration = Duration::from_secs(30);
/// Messages that it sends at once.
const AT_ONCE: usize = 6;
/// Of what was acknowledged so many are in a stream that is made anew.
const KEPT: usize = 3;
/// One message of so many is sent on, and the other bus takes it so much later, or less.
const SENT_ON: usize = 3;
const LATEST: u64 = 300;
/// Percent of acknowledgements that are lost, and of messages that come twice at once.
const LOST: u64 = 15;
const TWICE: u64 = 10;

/// The stream, which outlives every process.
#[derive(Default)]
pub struct Stream {
    made: u64,
    /// The number of a message is its place and one.
    messages: Vec<Stored>,
}

struct Stored {
    alerts: Vec<Alert>,
    acknowledged: bool,
    /// Until then it is on its way to somebody.
    given: Option<Duration>,
    /// The host has said that what it means is durable.
    taken: bool,
    /// The other bus has it, or need not have it.
    arrived: bool,
}

impl Stream {
    /// Somebody publishes.
    pub fn put(&mut self, signals: &[Signal]) {
        let alerts = signals.iter().map(senders::alert).collect();
        let arrived = !self.messages.len().is_multiple_of(SENT_ON);
        self.messages.push(Stored { alerts, acknowledged: false, given: None, taken: false, arrived });
    }

    /// It is lost, and made anew with what nobody has acknowledged and a little of what was.
    pub fn make_anew(&mut self) {
        self.made += 1;
        let old = std::mem::take(&mut self.messages);
        let recent = old.len().saturating_sub(KEPT);
        let kept = old.into_iter().enumerate().filter(|(n, one)| !one.acknowledged || *n >= recent);
        self.messages = kept.map(|(_, one)| Stored { acknowledged: false, given: None, ..one }).collect();
    }

    /// How many nobody has acknowledged.
    pub fn unread(&self) -> usize {
        self.messages.iter().filter(|one| !one.acknowledged).count()
    }

    fn one(&mut self, made: u64, number: u64) -> Option<&mut Stored> {
        let place = usize::try_from(number.checked_sub(1)?).ok()?;
        if made == self.made { self.messages.get_mut(place) } else { None }
    }
}

/// What comes next, and when something comes else.
fn next(state: &mut State) -> Result<Vec<(u64, u64)>, Option<Duration>> {
    let now = state.mono();
    let made = state.bus.made;
    let mut group = Vec::new();
    for (place, one) in state.bus.messages.iter_mut().enumerate() {
        if !one.acknowledged && one.given.is_none_or(|until| until <= now) && group.len() < AT_ONCE {
            one.given = Some(now + ACK_WAIT);
            group.push((made, place as u64 + 1));
        }
    }
    if group.is_empty() {
        return Err(state.bus.messages.iter().filter(|one| !one.acknowledged).filter_map(|one| one.given).min());
    }
    if state.dice.chance(30) {
        let turned = state.dice.within(0..group.len() as u64) as usize;
        group.rotate_left(turned);
    }
    if state.dice.chance(TWICE) {
        let twice = *state.dice.pick(&group);
        group.push(twice);
    }
    Ok(group)
}

/// Reads the stream as the host does, until the process ends.
pub async fn read(host: Host) {
    let world = Arc::clone(&host.world);
    let inlet = Inlet { stream: None, subjects: Vec::new(), queue: None, source: "sim".into(), cluster: String::new() };
    let settings = Settings {
        name: "sim".into(),
        servers: Vec::new(),
        endpoint: None,
        login: Login::Open,
        tls: Tls::default(),
        domain: None,
        discover: false,
        identity: "sim".into(),
        inlet: None,
        publish: None,
    };
    let clock = Arc::new(SimClock::new(Arc::clone(&world)));
    let bus = Bus::new(settings, Arc::new(BTreeMap::<String, String>::new()), clock, Arc::new(Memory::new()));
    let intake = SimIntake { host, group: Mutex::default() };
    let (mut processed, mut pending) = (Processed::default(), PendingAcks::default());
    loop {
        let came = next(&mut world.state());
        let group = match came {
            Ok(group) => group,
            Err(None) => {
                world.published.notified().await;
                continue;
            }
            Err(Some(due)) => {
                tokio::select! {
                    biased;
                    () = world.published.notified() => {}
                    () = world.wait_until(due) => {}
                }
                continue;
            }
        };
        if let Some((made, _)) = group.first() {
            processed.attach(&made.to_string(), 0);
            pending.attach(&made.to_string(), ACK_WAIT);
        }
        intake.group.lock().unwrap().clear();
        let held = |(made, number)| SimDelivery { world: Arc::clone(&world), made, number };
        let handler = BatchHandler { bus: &bus, inlet: &inlet, intake: &intake, ack_wait: ACK_WAIT };
        handler.handle(group.into_iter().map(held).collect(), &mut processed, &mut pending).await;
    }
}

/// A message on its way.
struct SimDelivery {
    world: Arc<World>,
    made: u64,
    number: u64,
}

impl SimDelivery {
    fn acknowledge(&self) -> bool {
        let mut state = self.world.state();
        if state.dead {
            return false;
        }
        let lost = !state.quiet && state.dice.chance(LOST);
        state.stats.lost_acknowledgements += u64::from(lost);
        let Some(one) = state.bus.one(self.made, self.number) else { return !lost };
        let (taken, arrived) = (one.taken, one.arrived);
        one.acknowledged |= !lost;
        // Whether or not the server hears it.
        if !taken {
            let text = format!("message {} of the bus is acknowledged, and nobody has taken it", self.number);
            state.violate("acknowledged_alerts_are_in_the_journal", text);
        }
        if !arrived {
            let text =
                format!("message {} of the bus is acknowledged, and what it sent on has not arrived", self.number);
            state.violate("acknowledged_messages_were_sent_on", text);
        }
        !lost
    }
}

impl Delivery for SimDelivery {
    fn sequence(&self) -> u64 {
        self.number
    }

    fn pending(&self) -> u64 {
        0
    }

    fn message(&self) -> Message {
        let body = format!("{} {}", self.made, self.number);
        let received_at = self.world.state().wall();
        let request = Inbound { method: "POST".into(), headers: Labels::new(), query: Vec::new(), body, received_at };
        Message { subject: "sim".into(), request }
    }

    fn reply(&self, reply: Reply) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.world.point("a word to the bus").await;
            match reply {
                Reply::Ack | Reply::Term(_) => drop(self.acknowledge()),
                Reply::InProgress => self.given(ACK_WAIT),
                Reply::Nak(pause) => self.given(pause),
            }
        })
    }

    fn ack_and_confirm(&self) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async move {
            self.world.point("before an acknowledgement to the bus").await;
            let heard = self.acknowledge();
            self.world.point("behind an acknowledgement to the bus").await;
            if heard { Ok(()) } else { Err("no answer".into()) }
        })
    }
}

impl SimDelivery {
    fn given(&self, length: Duration) {
        let mut state = self.world.state();
        let until = state.mono() + length;
        if let Some(one) = state.bus.one(self.made, self.number) {
            one.given = Some(until);
        }
    }
}

/// Where messages go.
struct SimIntake {
    host: Host,
    /// The messages that are being taken.
    group: Mutex<Vec<(u64, u64)>>,
}

impl Intake for SimIntake {
    fn ready(&self) -> Result<(), String> {
        Ok(())
    }

    fn read<'a>(&'a self, _: &'a Inlet, message: Message) -> BoxFuture<'a, Result<Decoded, DecodeError>> {
        Box::pin(async move {
            let mut state = self.host.world.state();
            let mut words = message.request.body.split(' ').filter_map(|word| word.parse().ok());
            let Some((made, number)) = words.next().zip(words.next()) else { return Ok(Decoded::default()) };
            let Some(one) = state.bus.one(made, number) else { return Ok(Decoded::default()) };
            let alerts = one.alerts.clone();
            let forwards = if one.arrived { Vec::new() } else { vec![forward(made, number)] };
            self.group.lock().unwrap().push((made, number));
            checker::alerts::take_sending(&mut state, &alerts);
            state.stats.messages += 1;
            Ok(Decoded { alerts, forwards, ..Decoded::default() })
        })
    }

    fn take<'a>(
        &'a self,
        alerts: Vec<Alert>,
        forwards: &'a [Vec<Forward>],
        _: Redelivery,
    ) -> BoxFuture<'a, Result<Vec<Completion>, String>> {
        Box::pin(async move {
            let seen = self.host.world.state().disk.durable.len();
            if self.host.world.mutant == Some(Mutant::BusAcknowledgesEarly) {
                let (host, alerts) = (self.host.clone(), alerts.clone());
                tokio::spawn(async move { host.receive(alerts).await.map(drop) });
            } else if let Err(error) = self.host.receive(alerts.clone()).await {
                self.host.runner.check_journal();
                return Err(error.to_string());
            }
            let mut state = self.host.world.state();
            if !state.dead {
                checker::alerts::take_acknowledgement(&mut state, &alerts, seen);
                for (made, number) in self.group.lock().unwrap().drain(..) {
                    if let Some(one) = state.bus.one(made, number) {
                        one.taken = true;
                    }
                }
            }
            drop(state);
            Ok(forwards.iter().map(|forwards| self.send_on(forwards)).collect())
        })
    }
}

/// The event of a message, which names it.
fn forward(made: u64, number: u64) -> Forward {
    Event::new(Envelope { id: format!("{made} {number}"), ..Envelope::default() }).forwarded("ops.copy")
}

impl SimIntake {
    /// Hands events to the other bus, which takes them later.
    fn send_on(&self, forwards: &[Forward]) -> Completion {
        let (guard, completion) = Completion::new();
        if self.host.world.mutant == Some(Mutant::BusForgetsWhatIsSentOn) {
            return completion;
        }
        for forward in forwards {
            let mut words = forward.said.id.split(' ').filter_map(|word| word.parse().ok());
            let Some((made, number)) = words.next().zip(words.next()) else { continue };
            let (world, guard) = (Arc::clone(&self.host.world), guard.clone());
            tokio::spawn(async move {
                let due = world.state().mono() + Duration::from_secs(number * 97 % LATEST);
                world.wait_until(due).await;
                let mut state = world.state();
                if !state.dead
                    && let Some(one) = state.bus.one(made, number)
                {
                    one.arrived = true;
                }
                drop(state);
                drop(guard);
            });
        }
        completion
    }
}
