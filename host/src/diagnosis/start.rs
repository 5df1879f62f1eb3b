//! Why the runtime of a node could not start a container, by its own words.

use super::fields::contains_word;
use crate::domain::Cause;

/// The cause behind what the runtime said.
pub(super) fn failure(said: &str) -> Cause {
    if contains_word(said, &["exec format error", "operating system does not match", "image operating system"]) {
        Cause::ImageArchitectureMismatch
    } else if contains_word(said, &["oom-killed", "out of memory", "memory limit too low"]) {
        Cause::OutOfMemory
    } else if contains_word(
        said,
        &["error mounting", "to rootfs", "not a directory", "subpath", "reserve container name"],
    ) {
        // What is to be mounted does not fit, which says nothing about the command.
        Cause::ContainerNotCreated
    } else if contains_word(said, &["executable file"]) && contains_word(said, &["not found"])
        || contains_word(said, &["exec: ", "exec \"", "starting container process"])
            && contains_word(said, &["no such file or directory", "permission denied", "is a directory", "not found"])
        || contains_word(said, &["the system cannot find the file specified"])
    {
        Cause::CommandNotFound
    } else {
        Cause::ContainerNotCreated
    }
}
