//! Whether a bus is connected, and why not.

/// Where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// It has never been connected; the text says why.
    NeverConnected(String),
    /// It was, and is not now; what it says to whoever connects again.
    Lost(Option<String>),
    /// It is.
    Connected,
}

impl Link {
    /// What is wrong with it, and what to do; none where it is connected.
    pub fn problem(&self, name: &str) -> Option<String> {
        match self {
            Self::Connected => None,
            Self::Lost(None) => Some(format!("the bus {name}: the connection broke")),
            Self::Lost(Some(why)) => {
                let login = ["auth", "expired", "revoked"].iter().any(|word| why.to_lowercase().contains(word));
                let login = if login {
                    "; what the host shows is read anew each time: put what is good now where the configuration says, \
                     or start it anew where that is the environment"
                } else {
                    ""
                };
                Some(format!("the bus {name}: the connection broke, and cannot be made again: {why}{login}"))
            }
            Self::NeverConnected(why) => Some(format!("the bus {name} cannot be reached: {why}")),
        }
    }
}

impl Default for Link {
    fn default() -> Self {
        Self::NeverConnected("not tried yet".into())
    }
}
