//! x
/// x
pub struct FakeWebhook;
