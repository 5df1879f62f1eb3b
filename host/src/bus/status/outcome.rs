//! What becomes of messages, as `/metrics` counts them.

/// What became of a message.
#[derive(Clone, Copy, Debug)]
pub enum MessageOutcome {
    /// Whatever it means is durable.
    Accepted,
    /// It had come before, and was acknowledged again.
    Duplicate,
    /// Nobody can read it.
    Unreadable,
    /// This host has sent it.
    Own,
    /// It has a subject that was not asked for.
    OffSubject,
    /// It was given back, because nothing could be taken.
    Returned,
    /// It came faster than messages were taken, and there is no stream that keeps it.
    Missed,
    /// The stream has let it go before it was read.
    Expired,
    /// It was told.
    Published,
    /// It could not be told, or not be sent on.
    Unpublished,
    /// An event was sent on.
    Forwarded,
}

/// Their names in `/metrics`, in the same order.
pub(super) const NAMES: [&str; 11] =
    ["taken", "again", "unreadable", "own", "elsewhere", "given_back", "missed", "gone", "told", "untold", "forwarded"];
