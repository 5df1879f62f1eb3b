//! Pages in English.

use super::audit::strings;
use super::sign_in;
use super::texts::{Strings, Texts};
use crate::domain::requirement::ApprovalRefusal;

pub(super) struct English;

static WORDS: Strings = Strings {
    actions: "Actions",
    again: "Try again",
    alerts: "Alerts",
    all: "all",
    all_incidents: "All incidents",
    annotations: "Details",
    answer_as: "You answer as",
    any: "any",
    approve: "Approve",
    asked_of: "asked of",
    audit: &strings::ENGLISH,
    besides: "Besides:",
    change: "What changes",
    changed: "Something has changed.",
    circumstances: "Circumstances",
    claimed_before: "What stands there is told by the proposer alone: the host has not looked.",
    comment: "Comment (optional)",
    comment_required: "Comment (required: this cannot be taken back)",
    delivered: "delivered",
    deliveries: "Messages",
    deny: "Deny",
    due: "to be sent",
    elsewhere: "These arguments lead elsewhere",
    every: "all",
    every_object: "all that match, however many there are",
    failed: "failed",
    filter: "Filter",
    findings: "What is wrong",
    forbidden: "This is not allowed",
    forbidden_help: "Nothing was changed.",
    given_up: "given up:",
    goes_on_in: "Goes on in",
    guess: "These are words of a language model: a guess, not a finding.",
    has_changed: "What stands there has changed since you saw it.",
    host: "tidegate itself",
    host_well: "Everything is as it should be.",
    if_not: "If it does not succeed",
    if_not_asked: "taking it back is asked about, and a person hears of it",
    if_not_person: "it stays as it is, and a person hears of it",
    if_not_restored: "what was there is restored, and a person hears of it",
    in_journal: "The journal keeps this name.",
    incident: "Incident",
    incidents: "Incidents",
    invalid: "The request cannot be read",
    invalid_help: "Nothing was changed. Go back and try again.",
    kind: "Kind",
    last_day: "Opened in the last 24 hours and ended:",
    left: "Left for people",
    live: "live",
    live_ones: "not over",
    look: "Look",
    look_at: "Look at",
    looks: "What was looked at",
    looks_only: "may look only",
    looks_only_why: "You may look and answer nothing. Somebody with the role responder could.",
    may_it: "May tidegate do this?",
    missed: "Incidents that are new or have changed:",
    more_filters: "More filters",
    name: "Name",
    named_by_alert: "named by the alert",
    nameless: "An answer needs the name of a person.",
    namespace: "Namespace",
    newest: "Newest",
    no_actions: "No action was proposed, and nothing was changed.",
    no_deliveries: "Nobody was told.",
    no_looks: "Nothing was looked at: none was needed for the decision.",
    no_questions: "Nothing waits for you",
    no_questions_why: "When a gate asks about a change, the question stands here.",
    no_report: "It is written when the incident has come to its end.",
    nobody_needed: "No incident needs a person",
    nobody_yet: "nobody yet",
    not_found: "There is nothing here",
    not_found_help: "The address may be old: closed incidents are removed when their time is over.",
    not_ready: "tidegate takes no alerts and does nothing:",
    not_seen: "Nobody has looked at what stands there now.",
    not_sent: "not sent",
    not_taken: "Your answer was not taken. Look again at what stands below.",
    nothing_filtered: "No incident passes this filter.",
    nothing_live: "No incident is being handled: all are over.",
    nothing_yet: "There is no incident yet.",
    now: "Now",
    objects: "Objects",
    observes: "Mode observe: nothing is changed. An approval is recorded and executes nothing.",
    older: "Older",
    opened: "Opened",
    other_language: "中文",
    other_question: "Another question about the same object is open:",
    outcome: "Outcome",
    pages: "Pages",
    paused: "Execution is paused: nothing is done until somebody resumes it.",
    paused_in_part: "Paused:",
    plain_http: "A session is kept over https alone, or on this machine itself: otherwise it would travel in the clear.",
    plugin: "By plugin",
    policies_refused: "Policies were not put in force; those before still hold:",
    raw_journal: "Raw journal",
    read_report: "Read the report",
    refused_by: "refused by gate",
    report: "Report",
    rule: "Rule",
    said_yes: "Who said yes",
    says: "The alert says",
    seen: "Seen by the host",
    sender_token: "This token may send alerts and nothing else.",
    server: "On server (cluster)",
    severity: "Severity",
    shared_user: "You came in with what all callers share: the name that you give with an answer is kept as not proven.",
    show: "Show",
    sign_in: "Sign in",
    sign_in_by: &sign_in::ENGLISH,
    sign_in_how: "Give a token of your own, as `tidegate token new` or `tidegate user section` has printed it. It proves your name for every answer.",
    sign_out: "Sign out",
    sign_out_everywhere: "Sign out everywhere",
    signed_in_as: "Signed in as",
    signed_out: "You are signed out. Sign in again.",
    silence: "If nobody answers",
    since: "since",
    single_user: "Whoever is at this machine may do everything here: no [users] are configured, so names with answers are not proven.",
    skip: "To the content",
    source: "Source",
    stale: "stale since",
    state: "State",
    story: "Story",
    text: "Text",
    to_answer: "to the answer",
    to_newest: "Newest",
    token: "Token",
    too_often: "Too many wrong attempts. Wait a minute.",
    tried_again: "not taken, tried again",
    unavailable: "tidegate cannot answer this now",
    unavailable_help: "What it has recorded is not lost. Try again in a moment.",
    unclear: "It was neither a yes nor a no.",
    undo_call: "The call that takes it back:",
    unknown_objects: "nobody knows how many",
    unproven: "Nothing proves this name; the journal says so.",
    updated: "Last change",
    waits_for: "Waits for",
    was: "was",
    was_nothing: "was not there",
    whole_answers: "The whole answers",
    whole_call: "The whole call",
    whole_check: "The whole check:",
    will_be: "will be",
    will_be_nothing: "will be gone",
    without_filter: "Without filter",
    wrong_token: "Nobody has this token. Check it.",
    yes_in_enforce: "Mode enforce: a yes is executed at once.",
    yes_in_observe: "Mode observe: a yes executes nothing.",
    your_name: "Your name",
};

impl Texts for English {
    fn strings(&self) -> &'static Strings {
        &WORDS
    }

    fn ago(&self, seconds: i64) -> String {
        format!("{} ago", self.span(seconds))
    }

    fn left(&self, seconds: i64) -> String {
        format!("{} left", self.span(seconds))
    }

    fn span(&self, seconds: i64) -> String {
        match seconds.max(0) {
            seconds @ 0..60 => format!("{seconds} s"),
            seconds @ 60..3600 => format!("{} min", seconds / 60),
            seconds @ 3600..172_800 => format!("{} h", seconds / 3600),
            seconds => format!("{} days", seconds / 86_400),
        }
    }

    fn questions(&self, count: usize) -> String {
        if count == 1 { "1 question waits for you".into() } else { format!("{count} questions wait for you") }
    }

    fn need_person(&self, count: usize, more: bool) -> String {
        match (count, more) {
            (count, true) => format!("More than {count} incidents need a person"),
            (1, false) => "1 incident needs a person".into(),
            (count, false) => format!("{count} incidents need a person"),
        }
    }

    fn works_on(&self, count: usize) -> String {
        match count {
            0 => "tidegate works on nothing".into(),
            1 => "tidegate works on 1 incident".into(),
            count => format!("tidegate works on {count} incidents"),
        }
    }

    fn nothing_holds(&self, text: &str, looked_at: usize) -> String {
        format!("None of the {looked_at} newest incidents of this selection holds “{text}”.")
    }

    fn looked_at(&self, count: usize) -> String {
        format!("found among {count} incidents")
    }

    fn silence_means_no(&self, until: &str) -> String {
        format!("No answer until {until} means no.")
    }

    fn attempts(&self, count: u32) -> String {
        format!("It was tried before: attempts so far: {count}.")
    }

    fn lines(&self, count: usize) -> String {
        if count == 1 { "1 line".into() } else { format!("{count} lines") }
    }

    fn type_to_approve(&self, word: &str) -> String {
        format!("To approve, type {word}")
    }

    fn not_typed(&self, word: &str) -> String {
        format!("To approve this, type {word}, and say why where it cannot be taken back.")
    }

    fn refusal(&self, refusal: &ApprovalRefusal) -> String {
        format!("You may deny it. Your yes would not count: {refusal}.")
    }
}
