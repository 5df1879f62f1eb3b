//! Which texts matchers accept, as finite automata: whether one of them takes all that another
//! takes is decided, not guessed. What cannot be decided within bounds stays open.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::rc::Rc;

use regex_automata::dfa::{Automaton, StartKind, dense};
use regex_automata::nfa::thompson;
use regex_automata::util::primitives::StateID;
use regex_automata::util::start;
use regex_automata::{Anchored, MatchKind};

use crate::policy::matcher::Matcher;

type Dfa = dense::DFA<Vec<u32>>;

/// Largest automaton in bytes; word characters of all scripts need more than most patterns.
const SIZE: usize = 1 << 20;
/// Steps of one comparison.
const STEPS: usize = 20_000;
/// Every text; automata run over bytes, and not all bytes are texts.
const TEXT: &str = "^(?s:.*)$";

/// Automata that were built, by their patterns.
#[derive(Default)]
pub(super) struct Languages {
    built: HashMap<String, Option<Rc<Dfa>>>,
}

/// What a text must be, over numbered automata.
enum Wanted {
    Leaf(usize),
    Not(Box<Wanted>),
    Any(Vec<Wanted>),
    All(Vec<Wanted>),
}

impl Wanted {
    fn holds(&self, ends: &[bool]) -> bool {
        match self {
            Self::Leaf(n) => ends.get(*n).copied().unwrap_or_default(),
            Self::Not(inner) => !inner.holds(ends),
            Self::Any(any) => any.iter().any(|one| one.holds(ends)),
            Self::All(all) => all.iter().all(|one| one.holds(ends)),
        }
    }
}

impl Languages {
    /// Whether no text at all is accepted by all of `yes` and by none of `no`; none where that
    /// cannot be told.
    pub fn empty(&mut self, yes: &[&Matcher], no: &[&Matcher]) -> Option<bool> {
        let mut automata = vec![self.automaton(TEXT)?];
        let mut all = vec![Wanted::Leaf(0)];
        for matcher in yes {
            all.push(self.wanted(matcher, &mut automata)?);
        }
        for matcher in no {
            all.push(Wanted::Not(Box::new(self.wanted(matcher, &mut automata)?)));
        }
        nothing(&automata, &Wanted::All(all))
    }

    fn wanted(&mut self, matcher: &Matcher, automata: &mut Vec<Rc<Dfa>>) -> Option<Wanted> {
        Some(match matcher {
            Matcher::Not(inner) => Wanted::Not(Box::new(self.wanted(inner, automata)?)),
            Matcher::Any(any) => Wanted::Any(any.iter().map(|one| self.wanted(one, automata)).collect::<Option<_>>()?),
            Matcher::All(all) => Wanted::All(all.iter().map(|one| self.wanted(one, automata)).collect::<Option<_>>()?),
            Matcher::Exists => Wanted::Leaf(0),
            Matcher::Absent => Wanted::Any(Vec::new()),
            other => {
                automata.push(self.automaton(&other.pattern()?)?);
                Wanted::Leaf(automata.len() - 1)
            }
        })
    }

    fn automaton(&mut self, pattern: &str) -> Option<Rc<Dfa>> {
        if let Some(known) = self.built.get(pattern) {
            return known.clone();
        }
        let built = build(pattern).map(Rc::new);
        self.built.insert(pattern.to_string(), built.clone());
        built
    }
}

fn build(pattern: &str) -> Option<Dfa> {
    let options = dense::Config::new()
        .start_kind(StartKind::Anchored)
        .match_kind(MatchKind::All)
        .accelerate(false)
        .dfa_size_limit(Some(SIZE))
        .determinize_size_limit(Some(4 * SIZE));
    let thompson = thompson::Config::new().nfa_size_limit(Some(SIZE));
    dense::Builder::new().configure(options).thompson(thompson).build(pattern).ok()
}

/// Runs all automata side by side over every text, as far as they can still differ.
fn nothing(automata: &[Rc<Dfa>], wanted: &Wanted) -> Option<bool> {
    let begin = start::Config::new().anchored(Anchored::Yes);
    let first = automata.iter().map(|one| one.start_state(&begin).ok()).collect::<Option<Vec<StateID>>>()?;
    let bytes = different_bytes(automata);
    let (mut seen, mut queue) = (BTreeSet::from([first.clone()]), VecDeque::from([first]));
    while let Some(states) = queue.pop_front() {
        let here = || automata.iter().zip(&states);
        if here().any(|(one, state)| one.is_quit_state(*state)) {
            return None;
        }
        let ends: Vec<bool> = here().map(|(one, state)| one.is_match_state(one.next_eoi_state(*state))).collect();
        if wanted.holds(&ends) {
            return Some(false);
        }
        for byte in &bytes {
            let next: Vec<StateID> = here().map(|(one, state)| one.next_state(*state, *byte)).collect();
            // The first automaton takes every text: where it is dead there is none.
            let dead = automata.first().zip(next.first()).is_none_or(|(one, state)| one.is_dead_state(*state));
            if !dead && seen.insert(next.clone()) {
                queue.push_back(next);
            }
        }
        if seen.len() > STEPS {
            return None;
        }
    }
    Some(true)
}

/// One of each kind of bytes that no automaton tells apart.
fn different_bytes(automata: &[Rc<Dfa>]) -> Vec<u8> {
    let mut seen = BTreeSet::new();
    let classes = |byte: u8| automata.iter().map(|one| one.byte_classes().get(byte)).collect::<Vec<u8>>();
    (0..=u8::MAX).filter(|byte| seen.insert(classes(*byte))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn re(source: &str) -> Matcher {
        Matcher::regex(source).unwrap()
    }

    fn glob(source: &str) -> Matcher {
        Matcher::glob(source).unwrap()
    }

    fn is(text: &str) -> Matcher {
        Matcher::Is(text.into())
    }

    fn not(inner: Matcher) -> Matcher {
        Matcher::Not(Box::new(inner))
    }

    #[test]
    fn what_covers_what_is_decided() {
        let covers = |wide: &Matcher, narrow: &Matcher| Languages::default().empty(&[narrow], &[wide]);
        for (wide, narrow) in [
            (re("kube-.*"), is("kube-system")),
            (glob("kube-*"), re("kube-(system|public)")),
            (re("a|ab"), is("ab")),
            (re(".*"), glob("x?")),
            (Matcher::Exists, re("(?i)ä+")),
            (not(is("b")), is("a")),
            (re("a*"), re("(aa)*")),
            (glob("*"), is("two\nlines")),
        ] {
            assert_eq!(covers(&wide, &narrow), Some(true), "{wide} takes all of {narrow}");
        }
        for (wide, narrow) in [
            (is("kube-system"), re("kube-.*")),
            (re("[a-z]+"), is("ä")),
            (glob("web-?"), is("web-10")),
            (re("a+"), re("a*")),
            (not(is("a")), glob("a*")),
            (Matcher::Absent, is("a")),
        ] {
            assert_eq!(covers(&wide, &narrow), Some(false), "{wide} does not take all of {narrow}");
        }
    }

    #[test]
    fn what_takes_nothing_and_what_takes_everything() {
        let mut languages = Languages::default();
        for nothing in [re("a$b"), re("[^\\s\\S]"), not(re(".*")), not(Matcher::Exists)] {
            assert_eq!(languages.empty(&[&nothing], &[]), Some(true), "{nothing}");
        }
        let all = Matcher::Any(vec![not(is("a")), not(is("b"))]);
        assert_eq!(languages.empty(&[], &[&all]), Some(true));
        assert_eq!(languages.empty(&[], &[&re(".+")]), Some(false), "the empty text is left");
        assert_eq!(languages.empty(&[&re("a.*"), &re(".*b")], &[]), Some(false));
        assert_eq!(languages.empty(&[&re("a.*"), &re("b.*")], &[]), Some(true));
        let loud = re("KUBE-.*").normalised();
        assert_eq!(languages.empty(&[&is("kube-system")], &[&loud]), Some(true));
    }

    #[test]
    fn what_is_too_large_or_no_text_stays_open() {
        let mut languages = Languages::default();
        assert_eq!(languages.empty(&[&re("(a|b)*a(a|b){18}")], &[]), None);
        assert_eq!(languages.empty(&[&re("\\bä\\b")], &[]), None);
        assert_eq!(languages.empty(&[&Matcher::network("10.0.0.0/8").unwrap()], &[]), None);
    }
}
