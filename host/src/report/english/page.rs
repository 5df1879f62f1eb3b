//! The page behind a signed link and what is said about an action there, in English.

use crate::report::page::PageStrings;
use crate::report::safeguards::SafeguardStrings;

pub(super) static PAGE: PageStrings = PageStrings {
    question: "May tidegate do this?",
    tool: "Tool",
    given: "Approvals so far",
    name: "Your name",
    own_token: "A token of your own",
    made_for: "You answer as",
    personal: "This link was made for you alone and proves your name. Whoever you pass it on to would answer as you.",
    unproven: "This is put to people who prove their name. Give a token of your own to approve it; the link alone does not show who you are.",
    wrong_token: "Nobody who may answer has this token. Go back and check it.",
    too_often: "Too many wrong tokens. Wait a minute.",
    unverified: "The link proves only that you have it, so the journal keeps a name without a token as not proven.",
    comment: "Comment (optional)",
    approve: "Approve",
    incident: "Open in tidegate",
    deny: "Deny",
    approved: "Approved",
    more: "Your approval counts, and more are needed",
    denied: "Denied",
    refused: "Nothing was done",
    invalid: "This link is not valid. Copy it whole from the message, or answer on the command line.",
    expired: "The question has expired: nobody answered in time, which means no.",
    answered: "This question has been answered already; a link answers once.",
    nameless: "An answer needs the name of a person. Go back and give yours.",
    foreign: "The answer did not come from the page of this link. Open the link in a current browser, or use the command line.",
    done: "It is in the journal. You can close this page.",
};

pub(super) static SAFEGUARDS: SafeguardStrings = SafeguardStrings {
    restores: "what tidegate saw there before is restored, without another question, unless somebody else changes it meanwhile: ",
    by_tool: "the tool's own way back, asked about first unless a gate allows it by name: ",
    proposed: "the proposer says that this takes it back; a person is asked before it is done: ",
    restores_short: "what was there before is restored",
    by_tool_short: "the tool's own way back, asked about first",
    proposed_short: "a way back that its proposer names, asked about first",
    nothing: "nothing takes it back",
    alerts: "the alerts themselves, which must resolve",
    present: "must find",
    absent: "must not find",
    within: "within",
    claimed: "the proposer names another condition, which must hold as well and proves nothing alone: ",
};
