//! Keyed BLAKE3 of short messages (at most 64 bytes), eight messages at a time, 64 bytes of output each.
//!
//! For one message this is exactly BLAKE3's `keyed_hash` in extendable-output mode (BLAKE3 paper, 2.2-2.6): one chunk of one block,
//! flags KEYED_HASH | CHUNK_START | CHUNK_END | ROOT. A test holds it against the `blake3` crate.

pub const LANES: usize = 8;
/// Output words of one message: 64 bytes.
pub const WORDS: usize = 16;

const IV: [u32; 8] = [0x6A09_E667, 0xBB67_AE85, 0x3C6E_F372, 0xA54F_F53A, 0x510E_527F, 0x9B05_688C, 0x1F83_D9AB, 0x5BE0_CD19];
const FLAGS: u32 = 1 | 2 | 8 | 16;
const SCHEDULE: [[usize; 16]; 7] = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8],
    [3, 4, 10, 12, 13, 2, 7, 14, 6, 5, 9, 0, 11, 15, 8, 1],
    [10, 7, 12, 9, 14, 3, 13, 15, 4, 0, 11, 2, 5, 8, 1, 6],
    [12, 13, 9, 11, 15, 10, 14, 8, 7, 2, 5, 3, 0, 1, 6, 4],
    [9, 14, 11, 5, 8, 12, 15, 1, 13, 3, 0, 10, 2, 6, 4, 7],
    [11, 15, 5, 0, 1, 9, 8, 6, 14, 10, 2, 12, 3, 4, 7, 13],
];

/// Eight messages, word by word: `words[w][lane]`.
pub type Batch = [[u32; LANES]; WORDS];

/// A 32-byte key as BLAKE3 takes it.
#[derive(Clone, Copy)]
pub struct Key([u32; 8]);

impl Key {
    pub fn new(bytes: &[u8; 32]) -> Self {
        let mut words = [0; 8];
        for (word, chunk) in words.iter_mut().zip(bytes.chunks_exact(4)) {
            *word = u32::from_le_bytes([chunk[0], chunk[1], chunk[2], chunk[3]]);
        }
        Self(words)
    }
}

trait Lane: Copy {
    fn splat(x: u32) -> Self;
    fn load(x: &[u32; LANES]) -> Self;
    fn store(self, out: &mut [u32; LANES]);
    fn add(self, other: Self) -> Self;
    fn xor(self, other: Self) -> Self;
    fn right16(self) -> Self;
    fn right12(self) -> Self;
    fn right8(self) -> Self;
    fn right7(self) -> Self;
}

impl Lane for [u32; LANES] {
    #[inline(always)]
    fn splat(x: u32) -> Self {
        [x; LANES]
    }
    #[inline(always)]
    fn load(x: &[u32; LANES]) -> Self {
        *x
    }
    #[inline(always)]
    fn store(self, out: &mut [u32; LANES]) {
        *out = self;
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        std::array::from_fn(|i| self[i].wrapping_add(other[i]))
    }
    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        std::array::from_fn(|i| self[i] ^ other[i])
    }
    #[inline(always)]
    fn right16(self) -> Self {
        self.map(|x| x.rotate_right(16))
    }
    #[inline(always)]
    fn right12(self) -> Self {
        self.map(|x| x.rotate_right(12))
    }
    #[inline(always)]
    fn right8(self) -> Self {
        self.map(|x| x.rotate_right(8))
    }
    #[inline(always)]
    fn right7(self) -> Self {
        self.map(|x| x.rotate_right(7))
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use super::{Lane, LANES};
    use std::arch::x86_64::*;

    /// Eight 32-bit lanes of an AVX2 register. Private to this module, and used inside `hash_fast` alone.
    #[derive(Clone, Copy)]
    pub struct Vector(__m256i);

    // SAFETY (every unsafe block below): `Vector`'s functions are inlined into `hash_fast`, which is compiled for avx2 and called
    // only when `cpu::fast` saw it; loads and stores are unaligned and stay inside the 32-byte array that they are given.
    impl Lane for Vector {
        #[inline(always)]
        fn splat(x: u32) -> Self {
            Self(unsafe { _mm256_set1_epi32(x as i32) })
        }
        #[inline(always)]
        fn load(x: &[u32; LANES]) -> Self {
            Self(unsafe { _mm256_loadu_si256(x.as_ptr().cast()) })
        }
        #[inline(always)]
        fn store(self, out: &mut [u32; LANES]) {
            unsafe { _mm256_storeu_si256(out.as_mut_ptr().cast(), self.0) }
        }
        #[inline(always)]
        fn add(self, other: Self) -> Self {
            Self(unsafe { _mm256_add_epi32(self.0, other.0) })
        }
        #[inline(always)]
        fn xor(self, other: Self) -> Self {
            Self(unsafe { _mm256_xor_si256(self.0, other.0) })
        }
        #[inline(always)]
        fn right16(self) -> Self {
            Self(unsafe {
                let order = _mm256_set_epi8(
                    13, 12, 15, 14, 9, 8, 11, 10, 5, 4, 7, 6, 1, 0, 3, 2, 13, 12, 15, 14, 9, 8, 11, 10, 5, 4, 7, 6, 1, 0, 3, 2,
                );
                _mm256_shuffle_epi8(self.0, order)
            })
        }
        #[inline(always)]
        fn right12(self) -> Self {
            Self(unsafe { _mm256_or_si256(_mm256_srli_epi32::<12>(self.0), _mm256_slli_epi32::<20>(self.0)) })
        }
        #[inline(always)]
        fn right8(self) -> Self {
            Self(unsafe {
                let order = _mm256_set_epi8(
                    12, 15, 14, 13, 8, 11, 10, 9, 4, 7, 6, 5, 0, 3, 2, 1, 12, 15, 14, 13, 8, 11, 10, 9, 4, 7, 6, 5, 0, 3, 2, 1,
                );
                _mm256_shuffle_epi8(self.0, order)
            })
        }
        #[inline(always)]
        fn right7(self) -> Self {
            Self(unsafe { _mm256_or_si256(_mm256_srli_epi32::<7>(self.0), _mm256_slli_epi32::<25>(self.0)) })
        }
    }
}

#[inline(always)]
fn mix<V: Lane>(v: &mut [V; 16], a: usize, b: usize, c: usize, d: usize, x: V, y: V) {
    v[a] = v[a].add(v[b]).add(x);
    v[d] = v[d].xor(v[a]).right16();
    v[c] = v[c].add(v[d]);
    v[b] = v[b].xor(v[c]).right12();
    v[a] = v[a].add(v[b]).add(y);
    v[d] = v[d].xor(v[a]).right8();
    v[c] = v[c].add(v[d]);
    v[b] = v[b].xor(v[c]).right7();
}

#[inline(always)]
fn compress<V: Lane>(key: &Key, message: &Batch, length: u32, out: &mut Batch) {
    let m: [V; 16] = std::array::from_fn(|w| V::load(&message[w]));
    let cv: [V; 8] = std::array::from_fn(|w| V::splat(key.0[w]));
    let mut v: [V; 16] = [
        cv[0],
        cv[1],
        cv[2],
        cv[3],
        cv[4],
        cv[5],
        cv[6],
        cv[7],
        V::splat(IV[0]),
        V::splat(IV[1]),
        V::splat(IV[2]),
        V::splat(IV[3]),
        V::splat(0),
        V::splat(0),
        V::splat(length),
        V::splat(FLAGS),
    ];
    for s in &SCHEDULE {
        mix(&mut v, 0, 4, 8, 12, m[s[0]], m[s[1]]);
        mix(&mut v, 1, 5, 9, 13, m[s[2]], m[s[3]]);
        mix(&mut v, 2, 6, 10, 14, m[s[4]], m[s[5]]);
        mix(&mut v, 3, 7, 11, 15, m[s[6]], m[s[7]]);
        mix(&mut v, 0, 5, 10, 15, m[s[8]], m[s[9]]);
        mix(&mut v, 1, 6, 11, 12, m[s[10]], m[s[11]]);
        mix(&mut v, 2, 7, 8, 13, m[s[12]], m[s[13]]);
        mix(&mut v, 3, 4, 9, 14, m[s[14]], m[s[15]]);
    }
    for w in 0..8 {
        v[w].xor(v[w + 8]).store(&mut out[w]);
        v[w + 8].xor(cv[w]).store(&mut out[w + 8]);
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn hash_fast(key: &Key, message: &Batch, length: u32, out: &mut Batch) {
    compress::<avx2::Vector>(key, message, length, out);
}

/// Hashes eight messages of `length` bytes (at most 64, zero padded to 64) under one key.
#[inline]
pub fn hash(key: &Key, message: &Batch, length: u32, out: &mut Batch) {
    #[cfg(target_arch = "x86_64")]
    if super::cpu::fast().is_some() {
        // SAFETY: `cpu::fast` saw avx2.
        unsafe { hash_fast(key, message, length, out) };
        return;
    }
    compress::<[u32; LANES]>(key, message, length, out);
}

/// Puts bytes (whole words) into a lane from word `at` on.
#[inline(always)]
pub fn put(batch: &mut Batch, lane: usize, at: usize, bytes: &[u8]) {
    for (w, chunk) in bytes.chunks_exact(4).enumerate() {
        batch[at + w][lane] = u32::from_le_bytes([chunk[0], chunk[1], chunk[2], chunk[3]]);
    }
}

/// The 128-bit value at word `at` of a lane.
#[inline(always)]
pub fn block(batch: &Batch, lane: usize, at: usize) -> u128 {
    u128::from(batch[at][lane])
        | u128::from(batch[at + 1][lane]) << 32
        | u128::from(batch[at + 2][lane]) << 64
        | u128::from(batch[at + 3][lane]) << 96
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_equals_blake3_keyed_hash_on_both_paths() {
        let key = [7u8; 32];
        for length in [0usize, 32, 48, 64] {
            let mut batch = [[0; LANES]; WORDS];
            let mut messages = Vec::new();
            for lane in 0..LANES {
                let message: Vec<u8> = (0..length).map(|i| (i * 31 + lane * 7 + length) as u8).collect();
                put(&mut batch, lane, 0, &message);
                messages.push(message);
            }
            let mut fast = [[0; LANES]; WORDS];
            hash(&Key::new(&key), &batch, length as u32, &mut fast);
            let mut slow = [[0; LANES]; WORDS];
            compress::<[u32; LANES]>(&Key::new(&key), &batch, length as u32, &mut slow);
            assert_eq!(fast, slow);
            for (lane, message) in messages.iter().enumerate() {
                let mut want = [0u8; 64];
                blake3::Hasher::new_keyed(&key).update(message).finalize_xof().fill(&mut want);
                let mut expected = [[0; LANES]; WORDS];
                put(&mut expected, lane, 0, &want);
                for w in 0..WORDS {
                    assert_eq!(fast[w][lane], expected[w][lane], "length {length}, lane {lane}, word {w}");
                }
            }
        }
    }
}
