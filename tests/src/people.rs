//! People who answer in tests: three of them are in the group that gates ask.

use tidegate::domain::{Person, Proof, Proven};
use tidegate::gate::people::Account;
use tidegate::gate::{Gate, Options, People};

const SRE: [&str; 3] = ["ann", "bob", "eve"];

/// The group `sre`, each of whom has a token.
pub fn people() -> People {
    let account = |name: &str| Account {
        name: name.into(),
        tokens: ["t".to_string()].into(),
        access: tidegate::domain::Access::of(tidegate::domain::Role::Responder),
        ..Account::default()
    };
    let names = SRE.map(str::to_string).to_vec();
    People::new(&[("sre".to_string(), names)].into(), SRE.map(account))
}

/// A gate that knows them.
pub fn gate(options: Options) -> Gate {
    Gate::new(options).with_people(people())
}

/// Somebody of the group who proved a name that is spelled like this.
pub fn proven(name: &str) -> Person {
    let proof = Proof::Token("t".into());
    Proven::new(name, proof, ["sre".to_string()].into()).map_or_else(|| Person::typed(name), Person::from)
}
