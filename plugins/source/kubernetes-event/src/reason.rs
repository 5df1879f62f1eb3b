//! What an event's reason means. Its type does not say it: a node that is not ready is an event of type Normal, and
//! a Warning may be nothing at all.

/// What becomes of an event.
#[derive(Debug, PartialEq)]
pub(crate) enum Meaning {
    /// It fires, as bad as this.
    Bad(&'static str),
    /// It ends what was told with these reasons of the same object.
    Ends(&'static [&'static str]),
    /// It tells of nothing bad.
    Normal,
    /// It looks bad and is not.
    Benign,
}

/// The reasons that say more than their type.
pub(crate) fn meaning(reason: &str, kind: &str, message: &str, warning: bool) -> Meaning {
    let of_node = kind.eq_ignore_ascii_case("node");
    match reason {
        "NodeNotReady" if of_node => Meaning::Bad("critical"),
        "SystemOOM" | "KernelDeadlock" | "ReadonlyFilesystem" | "FilesystemIsReadOnly" => Meaning::Bad("critical"),
        "OOMKilling" | "OOMKilled" | "NodeStatusUnknown" => Meaning::Bad("error"),
        "NodeNotReady"
        | "NodeHasDiskPressure"
        | "NodeHasInsufficientMemory"
        | "NodeHasInsufficientPID"
        | "NodeUnderMemoryPressure"
        | "NodeUnderDiskPressure"
        | "NodeUnderPIDPressure"
        | "NodeOutOfDisk"
        | "BackOff"
        | "FailedBinding"
        | "Evicted"
        | "Preempted"
        | "Failed" => Meaning::Bad("warning"),
        // A pod that is being deleted needs no node.
        "FailedScheduling" if message.contains("skip schedule deleting pod") => Meaning::Benign,
        // Every kubelet says so once when it starts.
        "InvalidDiskCapacity" if message.contains("capacity 0 on image filesystem") => Meaning::Benign,
        "DNSConfigForming" => Meaning::Bad("info"),
        "NodeReady" => Meaning::Ends(&["NodeNotReady", "NodeStatusUnknown"]),
        "NodeHasNoDiskPressure" => Meaning::Ends(&["NodeHasDiskPressure"]),
        "NodeHasSufficientMemory" => Meaning::Ends(&["NodeHasInsufficientMemory"]),
        "NodeHasSufficientPID" => Meaning::Ends(&["NodeHasInsufficientPID"]),
        "Scheduled" => Meaning::Ends(&["FailedScheduling"]),
        "Pulled" => Meaning::Ends(&[IMAGE_BACK_OFF, IMAGE_FAILED, "InspectFailed", "ErrImageNeverPull"]),
        "SuccessfulAttachVolume" => Meaning::Ends(&["FailedAttachVolume"]),
        "SuccessfulMountVolume" => Meaning::Ends(&["FailedMount"]),
        "ProvisioningSucceeded" => Meaning::Ends(&["ProvisioningFailed", "FailedBinding"]),
        "SuccessfulCreate" => Meaning::Ends(&["FailedCreate"]),
        "VolumeResizeSuccessful" | "FileSystemResizeSuccessful" => {
            Meaning::Ends(&["VolumeResizeFailed", "FileSystemResizeFailed"])
        }
        _ if warning => Meaning::Bad("warning"),
        _ => Meaning::Normal,
    }
}

const IMAGE_BACK_OFF: &str = "BackOff/image";
const IMAGE_FAILED: &str = "Failed/image";

/// The reason with what tells two meanings of one word apart: an image that cannot be pulled is well again with
/// `Pulled`, whereas a container that crashes is pulled and started each time.
pub(crate) fn exact(reason: &str, message: &str) -> String {
    let image = ["pull image", "pulling image", "ErrImage", "ImagePull"].iter().any(|part| message.contains(part));
    match reason {
        "BackOff" if image => IMAGE_BACK_OFF.into(),
        "Failed" if image => IMAGE_FAILED.into(),
        _ => reason.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_is_not_ended_by_the_next_start() {
        let Meaning::Ends(ends) = meaning("Pulled", "Pod", "Container image already present on machine", false) else {
            panic!("Pulled ends what could not be pulled");
        };
        let crash = exact("BackOff", "Back-off restarting failed container web in pod web-1");
        let image = exact("BackOff", "Back-off pulling image \"web:2\"");
        assert!(!ends.contains(&crash.as_str()) && ends.contains(&image.as_str()));
        assert!(ends.contains(&exact("Failed", "Failed to pull image \"web:2\": not found").as_str()));
        assert!(ends.contains(&exact("Failed", "Error: ImagePullBackOff").as_str()));
        assert_eq!(meaning("Started", "Pod", "Started container web", false), Meaning::Normal);
    }
}
