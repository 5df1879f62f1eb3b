//! Proof that no gate denies exactly one look.

use crate::domain::Call;

/// The only key to a read-only tool. The gate alone can make it, it cannot be copied, and it holds the
/// call: what is called is what was ruled on.
///
/// It cannot be made elsewhere: its part is private, and so is the function that makes it.
///
/// ```compile_fail,E0451
/// use tidegate::domain::Call;
/// use tidegate::gate::ReadPermit;
/// fn forge(call: Call) -> ReadPermit {
///     ReadPermit { call }
/// }
/// ```
///
/// ```compile_fail,E0624
/// use tidegate::gate::ReadPermit;
/// let maker = ReadPermit::new;
/// ```
///
/// It cannot be copied, and the call in it cannot be changed.
///
/// ```compile_fail,E0599
/// use tidegate::gate::ReadPermit;
/// fn twice(permit: &ReadPermit) -> ReadPermit {
///     ReadPermit::clone(permit)
/// }
/// ```
///
/// ```compile_fail,E0616
/// use tidegate::gate::ReadPermit;
/// fn another(permit: &mut ReadPermit) {
///     permit.call.tool = "another.tool".into();
/// }
/// ```
///
/// What may be done with it compiles, so the refusals above are about what they say.
///
/// ```
/// use tidegate::gate::ReadPermit;
/// fn tool(permit: &ReadPermit) -> &str {
///     &permit.call().tool
/// }
/// ```
#[derive(Debug)]
pub struct ReadPermit {
    call: Call,
}

impl ReadPermit {
    /// Only the gate calls this; the module is private to it.
    pub(super) fn new(call: Call) -> Self {
        Self { call }
    }

    /// The call that may be made.
    pub fn call(&self) -> &Call {
        &self.call
    }
}
