//! x
/// x
pub struct FakeFeishu;
