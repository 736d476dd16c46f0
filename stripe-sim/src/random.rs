//! The one source of chance: a splitmix64 generator with a seed.

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A deterministic generator of numbers and ids.
#[derive(Debug, Clone)]
pub(crate) struct Random {
    state: u64,
}

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random { state: seed.wrapping_mul(0x2545_F491_4F6C_DD1D) ^ 0x5DEE_CE66 }
    }

    /// The next 64 bits (splitmix64).
    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `bound` exclusive.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound.max(1)).expect("usize fits into u64");
        usize::try_from(self.next() % bound).expect("it is less than a usize")
    }

    /// Whether an event of this chance in a hundred happens.
    pub(crate) fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    /// One of the items.
    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.below(items.len()))
    }

    /// Puts the items into a random order.
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }

    /// Random letters and digits.
    pub(crate) fn letters(&mut self, length: usize) -> String {
        (0..length).map(|_| char::from(ALPHABET[self.below(ALPHABET.len())])).collect()
    }

    /// An id as Stripe forms them, such as `cus_` and fourteen letters.
    pub(crate) fn id(&mut self, prefix: &str, length: usize) -> String {
        format!("{prefix}_{}", self.letters(length))
    }
}
