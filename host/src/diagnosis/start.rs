//! Why the runtime of a node could not start a container, by its own words.

use super::fields::has;
use crate::domain::Cause;

/// The cause behind what the runtime said.
pub(super) fn failure(said: &str) -> Cause {
    if has(said, &["exec format error", "operating system does not match", "image operating system"]) {
        Cause::ImageArchitectureMismatch
    } else if has(said, &["oom-killed", "out of memory", "memory limit too low"]) {
        Cause::OutOfMemory
    } else if has(said, &["error mounting", "to rootfs", "not a directory", "subpath", "reserve container name"]) {
        // What is to be mounted does not fit, which says nothing about the command.
        Cause::ContainerNotCreated
    } else if has(said, &["executable file"]) && has(said, &["not found"])
        || has(said, &["exec: ", "exec \"", "starting container process"])
            && has(said, &["no such file or directory", "permission denied", "is a directory", "not found"])
        || has(said, &["the system cannot find the file specified"])
    {
        Cause::CommandNotFound
    } else {
        Cause::ContainerNotCreated
    }
}
