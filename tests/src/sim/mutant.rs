//! Deliberate faults of the doubles, to prove that the checker sees what it is there to see.

/// One deliberate fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// Gate rules that deny or ask say "allow" instead.
    PoliciesSayYes,
    /// The journal says "durable" before anything is.
    JournalAnswersEarly,
    /// The journal forgets an entry now and then.
    JournalDropsEntries,
    /// The tool room sends every call twice.
    ToolsCallTwice,
    /// Looking changes something.
    LooksHaveEffects,
    /// Somebody writes intents around the gate and calls the tool again after each failure.
    BlindRepeats,
    /// A restart forgets what was spent.
    RestartForgetsSpends,
    /// A restart forgets who was denied.
    RestartForgetsDenials,
    /// A restart forgets which gates let which targets rest.
    RestartForgetsRests,
    /// A restart takes every effect for one that helped.
    RestartForgetsFailures,
    /// A restart forgets that a person said pause.
    RestartForgetsPauses,
    /// A restart forgets which targets are being changed.
    RestartForgetsHolds,
    /// The notifier room says "delivered" and delivers nothing.
    NotifiersSwallow,
    /// The notifier room takes every trouble for one that never ends.
    NotifiersGiveUp,
    /// The message's id differs from attempt to attempt.
    NotifiersRename,
    /// Senders hear "accepted" whatever the journal says.
    AcceptsTooMuch,
    /// The bus hears "taken" before what was taken is durable.
    BusAcknowledgesEarly,
    /// What a message sends on has arrived as soon as it is sent.
    BusForgetsWhatIsSentOn,
    /// Repeats of alerts are written to the journal.
    RepeatsAreWritten,
    /// What a check of the policies calls a restoration is none.
    RestoresSomethingElse,
    /// What a check of the policies calls a proof always holds.
    ChecksAlwaysHold,
    /// What gates have against looks is not listened to.
    LooksAreUnheard,
    /// The bounds of looks are forgotten.
    LooksAreFree,
    /// A look is made at another object than the one that was ruled on.
    LooksGoElsewhere,
    /// Each look is made twice, and the journal knows of one.
    LooksAreMadeTwice,
    /// The tools show another state than the one that there is.
    LooksShowAnotherState,
    /// Everybody is in every group, also in one that there is not.
    GroupsHoldEverybody,
}

impl Mutant {
    /// All of them.
    pub const ALL: [Self; 27] = [
        Self::PoliciesSayYes,
        Self::JournalAnswersEarly,
        Self::JournalDropsEntries,
        Self::ToolsCallTwice,
        Self::LooksHaveEffects,
        Self::BlindRepeats,
        Self::RestartForgetsSpends,
        Self::RestartForgetsDenials,
        Self::RestartForgetsRests,
        Self::RestartForgetsFailures,
        Self::RestartForgetsPauses,
        Self::RestartForgetsHolds,
        Self::NotifiersSwallow,
        Self::NotifiersGiveUp,
        Self::NotifiersRename,
        Self::AcceptsTooMuch,
        Self::BusAcknowledgesEarly,
        Self::BusForgetsWhatIsSentOn,
        Self::RepeatsAreWritten,
        Self::RestoresSomethingElse,
        Self::ChecksAlwaysHold,
        Self::LooksAreUnheard,
        Self::LooksAreFree,
        Self::LooksGoElsewhere,
        Self::LooksAreMadeTwice,
        Self::LooksShowAnotherState,
        Self::GroupsHoldEverybody,
    ];

    /// The invariants of which one must be seen broken.
    pub fn breaks(self) -> &'static [&'static str] {
        match self {
            Self::PoliciesSayYes => &["intent_needs_the_policies"],
            Self::JournalAnswersEarly => &["effect_needs_durable_intent", "acknowledged_alerts_are_in_the_journal"],
            Self::JournalDropsEntries => &["streams_have_no_holes"],
            Self::ToolsCallTwice => &["attempt_arrives_once"],
            Self::LooksHaveEffects => &["looks_change_nothing"],
            Self::BlindRepeats => &["no_blind_repeat"],
            Self::RestartForgetsSpends => &["budgets_are_never_overspent"],
            Self::RestartForgetsDenials => &["denied_origins_are_stopped"],
            Self::RestartForgetsRests => &["gates_let_targets_rest"],
            Self::RestartForgetsFailures => &["canaries_ask_until_proven", "failing_origins_are_stopped"],
            Self::RestartForgetsPauses => &["nothing_starts_while_paused"],
            Self::RestartForgetsHolds => &["one_change_per_target", "targets_cool_down"],
            Self::NotifiersSwallow => &["told_means_delivered"],
            Self::NotifiersGiveUp => &["told_means_delivered"],
            Self::NotifiersRename => &["delivery_ids_are_stable"],
            Self::BusForgetsWhatIsSentOn => &["acknowledged_messages_were_sent_on"],
            Self::AcceptsTooMuch | Self::BusAcknowledgesEarly => &["acknowledged_alerts_are_in_the_journal"],
            Self::RepeatsAreWritten => &["repeats_write_nothing"],
            Self::RestoresSomethingElse => &["undo_restores_what_was_seen"],
            Self::ChecksAlwaysHold => &["help_is_proven_by_the_host"],
            Self::LooksAreUnheard => &["looks_obey_the_policies"],
            Self::LooksAreFree => &["budgets_of_looks_hold"],
            Self::LooksGoElsewhere => &["a_look_is_what_was_permitted"],
            Self::LooksAreMadeTwice => &["looks_are_in_the_journal"],
            Self::LooksShowAnotherState => &["undo_leads_back"],
            Self::GroupsHoldEverybody => &["groups_are_asked"],
        }
    }
}
