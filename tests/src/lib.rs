//! What tests of the whole product share.

pub mod attack;
pub mod golden;
pub mod guests;
pub mod permits;
pub mod process;
pub mod rig;
pub mod sim;
