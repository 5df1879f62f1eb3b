//! Drafts of rules.
