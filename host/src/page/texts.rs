//! What pages must be able to say. Nothing here has a default: a language that lacks something does not compile.

use super::audit::strings::AuditStrings;
use super::sign_in::SignInStrings;
use crate::domain::requirement::ApprovalRefusal;

/// Words and sentences that never change.
pub(super) struct Strings {
    pub actions: &'static str,
    pub again: &'static str,
    pub alerts: &'static str,
    pub all: &'static str,
    pub all_incidents: &'static str,
    pub annotations: &'static str,
    pub answer_as: &'static str,
    pub any: &'static str,
    pub approve: &'static str,
    pub asked_of: &'static str,
    pub audit: &'static AuditStrings,
    pub besides: &'static str,
    pub change: &'static str,
    pub changed: &'static str,
    pub circumstances: &'static str,
    pub claimed_before: &'static str,
    pub comment: &'static str,
    pub comment_required: &'static str,
    pub delivered: &'static str,
    pub deliveries: &'static str,
    pub deny: &'static str,
    pub due: &'static str,
    pub elsewhere: &'static str,
    pub every: &'static str,
    pub every_object: &'static str,
    pub failed: &'static str,
    pub filter: &'static str,
    pub findings: &'static str,
    pub forbidden: &'static str,
    pub forbidden_help: &'static str,
    pub given_up: &'static str,
    pub goes_on_in: &'static str,
    pub guess: &'static str,
    pub has_changed: &'static str,
    pub host: &'static str,
    pub host_well: &'static str,
    pub if_not: &'static str,
    pub if_not_asked: &'static str,
    pub if_not_person: &'static str,
    pub if_not_restored: &'static str,
    pub in_journal: &'static str,
    pub incident: &'static str,
    pub incidents: &'static str,
    pub invalid: &'static str,
    pub invalid_help: &'static str,
    pub kind: &'static str,
    pub last_day: &'static str,
    pub left: &'static str,
    pub live: &'static str,
    pub live_ones: &'static str,
    pub look: &'static str,
    pub look_at: &'static str,
    pub looks: &'static str,
    pub looks_only: &'static str,
    pub looks_only_why: &'static str,
    pub may_it: &'static str,
    pub missed: &'static str,
    pub more_filters: &'static str,
    pub name: &'static str,
    pub named_by_alert: &'static str,
    pub nameless: &'static str,
    pub namespace: &'static str,
    pub newest: &'static str,
    pub no_actions: &'static str,
    pub no_deliveries: &'static str,
    pub no_looks: &'static str,
    pub no_questions: &'static str,
    pub no_questions_why: &'static str,
    pub no_report: &'static str,
    pub nobody_needed: &'static str,
    pub nobody_yet: &'static str,
    pub not_found: &'static str,
    pub not_found_help: &'static str,
    pub not_ready: &'static str,
    pub not_seen: &'static str,
    pub not_sent: &'static str,
    pub not_taken: &'static str,
    pub nothing_filtered: &'static str,
    pub nothing_live: &'static str,
    pub nothing_yet: &'static str,
    pub now: &'static str,
    pub objects: &'static str,
    pub observes: &'static str,
    pub older: &'static str,
    pub opened: &'static str,
    pub other_language: &'static str,
    pub other_question: &'static str,
    pub outcome: &'static str,
    pub pages: &'static str,
    pub paused: &'static str,
    pub paused_in_part: &'static str,
    pub plain_http: &'static str,
    pub plugin: &'static str,
    pub policies_refused: &'static str,
    pub raw_journal: &'static str,
    pub read_report: &'static str,
    pub refused_by: &'static str,
    pub report: &'static str,
    pub rule: &'static str,
    pub said_yes: &'static str,
    pub says: &'static str,
    pub seen: &'static str,
    pub sender_token: &'static str,
    pub server: &'static str,
    pub severity: &'static str,
    pub shared_user: &'static str,
    pub show: &'static str,
    pub sign_in: &'static str,
    pub sign_in_by: &'static SignInStrings,
    pub sign_in_how: &'static str,
    pub sign_out: &'static str,
    pub sign_out_everywhere: &'static str,
    pub signed_in_as: &'static str,
    pub signed_out: &'static str,
    pub silence: &'static str,
    pub since: &'static str,
    pub single_user: &'static str,
    pub skip: &'static str,
    pub source: &'static str,
    pub stale: &'static str,
    pub state: &'static str,
    pub story: &'static str,
    pub text: &'static str,
    pub to_answer: &'static str,
    pub to_newest: &'static str,
    pub token: &'static str,
    pub too_often: &'static str,
    pub tried_again: &'static str,
    pub unavailable: &'static str,
    pub unavailable_help: &'static str,
    pub unclear: &'static str,
    pub undo_call: &'static str,
    pub unknown_objects: &'static str,
    pub unproven: &'static str,
    pub updated: &'static str,
    pub waits_for: &'static str,
    pub was: &'static str,
    pub was_nothing: &'static str,
    pub whole_answers: &'static str,
    pub whole_call: &'static str,
    pub whole_check: &'static str,
    pub will_be: &'static str,
    pub will_be_nothing: &'static str,
    pub without_filter: &'static str,
    pub wrong_token: &'static str,
    pub yes_in_enforce: &'static str,
    pub yes_in_observe: &'static str,
    pub your_name: &'static str,
}

/// A language.
pub(super) trait Texts: Sync {
    fn strings(&self) -> &'static Strings;
    /// How long ago it was, in seconds.
    fn ago(&self, seconds: i64) -> String;
    /// How long there still is, in seconds.
    fn left(&self, seconds: i64) -> String;
    /// A length of time, in seconds.
    fn span(&self, seconds: i64) -> String;
    /// How many questions wait.
    fn questions(&self, count: usize) -> String;
    /// How many incidents need a person, or that there are more than that.
    fn need_person(&self, count: usize, more: bool) -> String;
    /// On how many incidents the host works.
    fn works_on(&self, count: usize) -> String;
    /// That no incident of those that were looked at holds a text.
    fn nothing_holds(&self, text: &str, looked_at: usize) -> String;
    /// How many incidents were looked at for a text.
    fn looked_at(&self, count: usize) -> String;
    /// What happens where nobody answers until then.
    fn silence_means_no(&self, until: &str) -> String;
    /// How often an action was tried.
    fn attempts(&self, count: u32) -> String;
    /// How long a text is.
    fn lines(&self, count: usize) -> String;
    /// What must be typed before a yes.
    fn type_to_approve(&self, word: &str) -> String;
    /// What is missing of an answer: the word that must be typed.
    fn not_typed(&self, word: &str) -> String;
    /// Why somebody's yes would not count.
    fn refusal(&self, refusal: &ApprovalRefusal) -> String;
}
