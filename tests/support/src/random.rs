// SPDX-License-Identifier: Apache-2.0
//! Reproducible random numbers: xorshift64*, with a seed that the tests print.

/// A seed from `NATIVEJWT_SEED`, or a fixed one.
pub fn seed() -> u64 {
    std::env::var("NATIVEJWT_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(20_261_122)
}

pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn number(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.number() >> 16) as usize % limit.max(1)
    }

    pub fn one_of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }
}
