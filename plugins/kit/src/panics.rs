//! Words of a panic. In a sandbox without streams they would be lost, and its author would read of a trap alone.

/// Has a panic leave its words and its place in the host's log, which names them in the call's error. The macros of this
/// crate begin every call with it: each has a fresh instance.
pub fn are_logged() {
    // On the machine that builds, tests show them.
    #[cfg(target_arch = "wasm32")]
    std::panic::set_hook(Box::new(|panic| crate::host::log(crate::host::Level::Error, &panic.to_string())));
}
