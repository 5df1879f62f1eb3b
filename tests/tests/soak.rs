//! A short soak: the real binary among stand-ins, killed and troubled by what passes. `tests/soak` runs
//! it for as long as one likes, with every fault.

use std::process::Command;

use tidegate_tests::process::binary;

/// None of them is judged by how long something took.
const FAULTS: &str =
    "kill,target-503,target-429,model-500,model-hang,tool-hang,policies,policies-broken,slow-clients,storm,crowd";
const STORIES: &str = "noise,outage,stuck,full,failing,riddle,flapping,crowd,storm";

#[test]
fn nothing_is_lost_doubled_or_stuck() {
    let binary = binary().unwrap();
    let mut soak = Command::new(env!("CARGO_BIN_EXE_soak"));
    soak.args(["--seconds", "25", "--rate", "15", "--seed", "5", "--settle", "150"]);
    soak.args(["--faults", FAULTS, "--stories", STORIES, "--binary"]).arg(binary);
    let output = soak.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
}
