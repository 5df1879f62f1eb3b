//! x
/// x
pub struct FakeModel;
/// x
pub struct Scripted;
