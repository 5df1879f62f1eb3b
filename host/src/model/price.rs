//! What tokens cost, by the table of the configuration.

/// The price of a million tokens, in millionths of the unit that the operator counts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    /// Of requests.
    pub prompt_micros: u64,
    /// Of answers.
    pub completion_micros: u64,
}

const MILLION: u128 = 1_000_000;

impl Price {
    /// What so many tokens cost in millionths, rounded up: rather too much than too little.
    pub fn of(self, prompt_tokens: u64, completion_tokens: u64) -> u64 {
        let part = |tokens: u64, micros: u64| u128::from(tokens) * u128::from(micros);
        let cost =
            part(prompt_tokens, self.prompt_micros).saturating_add(part(completion_tokens, self.completion_micros));
        u64::try_from(cost.div_ceil(MILLION)).unwrap_or(u64::MAX)
    }
}

/// Millionths as an amount: `1.25`, with as many decimals as say something, at least two.
pub fn amount(micros: u64) -> String {
    let (whole, rest) = (micros / 1_000_000, micros % 1_000_000);
    let decimals = format!("{rest:06}");
    let decimals = decimals.trim_end_matches('0');
    format!("{whole}.{decimals:0<2}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_have_a_price() {
        let price = Price { prompt_micros: 1_250_000, completion_micros: 10_000_000 };
        assert_eq!(price.of(1_000_000, 100_000), 2_250_000);
        assert_eq!((price.of(1, 0), price.of(0, 0)), (2, 0));
        assert_eq!(Price { prompt_micros: u64::MAX, ..price }.of(u64::MAX, 0), u64::MAX);
        assert_eq!([2_250_000, 500, 0, 1_000_000].map(amount), ["2.25", "0.0005", "0.00", "1.00"]);
    }
}
