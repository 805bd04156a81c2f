//! The order in which mlx writes the arrays of a file: that of the hash table
//! it keeps them in, `std::unordered_map` of GNU's C++ library, whose hash of a
//! string is 64-bit `MurmurHash2` (Appleby) with a mixing of its own.

/// Buckets of the table as it grows: primes, each at least twice the last.
const BUCKETS: [usize; 18] = [
    13, 29, 59, 127, 257, 541, 1109, 2357, 5087, 10_273, 20_753, 42_043, 85_229, 172_933, 351_061,
    712_697, 1_447_153, 2_938_679,
];
const SEED: u64 = 0xc70f_6907;
const FACTOR: u64 = 0xc6a4_a793_5bd1_e995;

/// The places of some names, in the order in which the table gives them back
/// when they are put into it one after the other.
pub fn order_of(names: &[&str]) -> Vec<usize> {
    let hashes: Vec<u64> = names.iter().map(|name| hash(name.as_bytes())).collect();
    let mut size = 0;
    let mut table = Table::new(BUCKETS[size]);
    for (place, hash) in hashes.iter().enumerate() {
        if place == table.buckets.len() && size + 1 < BUCKETS.len() {
            size += 1;
            let mut grown = Table::new(BUCKETS[size]);
            for place in table.places() {
                grown.insert(place, hashes[place]);
            }
            table = grown;
        }
        table.insert(place, *hash);
    }
    table.places()
}

/// Buckets, and in which order they were first filled.
struct Table {
    buckets: Vec<Vec<usize>>,
    filled: Vec<usize>,
}

impl Table {
    fn new(buckets: usize) -> Self {
        Self { buckets: vec![Vec::new(); buckets], filled: Vec::new() }
    }

    fn insert(&mut self, place: usize, hash: u64) {
        let bucket = (hash % self.buckets.len() as u64) as usize;
        if self.buckets[bucket].is_empty() {
            self.filled.push(bucket);
        }
        self.buckets[bucket].push(place);
    }

    /// What came last, of buckets and in a bucket, is first.
    fn places(&self) -> Vec<usize> {
        let buckets = self.filled.iter().rev().map(|bucket| &self.buckets[*bucket]);
        buckets.flat_map(|bucket| bucket.iter().rev().copied()).collect()
    }
}

fn hash(bytes: &[u8]) -> u64 {
    let mix = |value: u64| value ^ (value >> 47);
    let (words, rest) = bytes.as_chunks::<8>();
    let mut hash = SEED ^ (bytes.len() as u64).wrapping_mul(FACTOR);
    for word in words {
        let data = mix(u64::from_le_bytes(*word).wrapping_mul(FACTOR)).wrapping_mul(FACTOR);
        hash = (hash ^ data).wrapping_mul(FACTOR);
    }
    if !rest.is_empty() {
        let mut word = [0; 8];
        word[..rest.len()].copy_from_slice(rest);
        hash = (hash ^ u64::from_le_bytes(word)).wrapping_mul(FACTOR);
    }
    mix(mix(hash).wrapping_mul(FACTOR))
}
