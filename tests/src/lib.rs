//! What tests of the whole product share.

pub mod process;
pub mod rig;
pub mod sim;
