//! Random numbers that a seed determines (splitmix64), and visitors who convert.

/// A stream of numbers.
pub(super) struct Random(u64);

impl Random {
    /// The stream of this seed.
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// 64 random bits.
    pub(super) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number above 0, at most 1.
    fn unit(&mut self) -> f64 {
        ((self.bits() >> 11) + 1) as f64 / (1u64 << 53) as f64
    }

    /// How many of `n` tosses of a coin show its head.
    pub(super) fn heads(&mut self, n: u64) -> u64 {
        let whole: u64 = (0..n / 64).map(|_| u64::from(self.bits().count_ones())).sum();
        let rest = self.bits() & ((1u64 << (n % 64)) - 1);
        whole + u64::from(rest.count_ones())
    }
}

/// Users who come one after another and convert at a rate.
///
/// Instead of asking each, it jumps from one who converts to the next: the gaps
/// are geometric.
pub(super) struct Visitors {
    ln_stays: f64,
    next: u64,
    converted: u64,
}

impl Visitors {
    /// Visitors who convert at this rate: above 0, below 1.
    pub(super) fn new(rate: f64, random: &mut Random) -> Self {
        let mut visitors = Self { ln_stays: (-rate).ln_1p(), next: 0, converted: 0 };
        visitors.next = visitors.gap(random);
        visitors
    }

    /// How many of the first `users` converted.
    pub(super) fn converted(&mut self, users: u64, random: &mut Random) -> u64 {
        while self.next < users {
            self.converted += 1;
            self.next += 1 + self.gap(random);
        }
        self.converted
    }

    fn gap(&self, random: &mut Random) -> u64 {
        (random.unit().ln() / self.ln_stays) as u64
    }
}
