//! The marker; cases and renderings are run by the macro.

use super::*;

#[test]
fn a_marker_ends_no_comment() {
    assert_eq!(plain("i1-a1 --> <b>"), "i1-a1------b-");
}
