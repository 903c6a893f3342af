//! The code of the dual LPN: ExConv (2023/882) with expander weight 21 and convolution width 24, systematic, rate 1/2.
//!
//! 2k noisy values become k: out[i] = v[i] + sum of 21 entries of the convolved second half. The convolution runs twice over the
//! second half: once more than the paper asks, because a row whose 21 columns all fall near the end would otherwise stay light
//! (libOTe does the same). The step at distance 25 multiplies by x, so the code is not defined over GF(2) alone.
//! Everything here is public but the values, and every value is touched in the same order whatever it is.

use super::gf128::{times_x, Block};
use super::seeds::{block_of, Stream};

/// Entries that one output adds up.
pub const WEIGHT: usize = 21;
/// Of these, one from each of so many equal regions; the others come from anywhere.
const REGULAR: usize = 11;
/// Random taps of the convolution.
const TAPS: usize = 24;

/// Words of the index stream that one output uses up (three are spare: whole AES blocks).
const INDEX_BLOCKS: usize = 6;
/// Outputs whose indices are drawn, and fetched into the cache, at a time.
const AHEAD: usize = 16;

/// A public matrix with k rows, the same for everyone: its seed is the hash of a fixed label and k.
pub struct Code {
    outputs: usize,
    expander: Block,
    taps: [Block; 2],
}

impl Code {
    /// The code from 2 * outputs values to `outputs`. `outputs` is at least 2 * TAPS + 2.
    pub fn new(outputs: usize) -> Self {
        assert!(outputs > 2 * TAPS + 2 && outputs < 1 << 31, "a code between 51 and 2^31 outputs");
        let mut seed = [0; 48];
        blake3::Hasher::new_derive_key("detente rr22 v1 exconv 21x24")
            .update(&(outputs as u64).to_le_bytes())
            .finalize_xof()
            .fill(&mut seed);
        Self { outputs, expander: block_of(&seed), taps: [block_of(&seed[16..]), block_of(&seed[32..])] }
    }

    /// Encodes in place: `values` holds 2k entries; afterwards entry i of the first `wanted` is the i-th output.
    pub fn encode(&self, values: &mut [Block], wanted: usize) {
        let (systematic, parity) = values.split_at_mut(self.outputs);
        for taps in self.taps {
            convolve(parity, taps);
        }
        self.expand(&mut systematic[..wanted], parity);
    }

    #[inline(never)]
    fn expand(&self, out: &mut [Block], parity: &[Block]) {
        let k = self.outputs as u64;
        let step = (self.outputs / REGULAR) as u64;
        let mut stream = Stream::new(self.expander);
        let mut words = [0 as Block; INDEX_BLOCKS * AHEAD];
        let mut indices = [[0u32; WEIGHT]; AHEAD];
        for chunk in out.chunks_mut(AHEAD) {
            stream.blocks(&mut words[..INDEX_BLOCKS * chunk.len()]);
            for (i, line) in indices.iter_mut().enumerate().take(chunk.len()) {
                for (j, index) in line.iter_mut().enumerate() {
                    let word = u64::from((words[i * INDEX_BLOCKS + j / 4] >> (32 * (j % 4))) as u32);
                    let at = if j < REGULAR { ((word * step) >> 32) + j as u64 * step } else { (word * k) >> 32 };
                    *index = at as u32;
                    prefetch(parity, at as usize);
                }
            }
            for (value, line) in chunk.iter_mut().zip(&indices) {
                *value = line.iter().fold(*value, |sum, index| sum ^ parity[*index as usize]);
            }
        }
    }
}

#[inline(always)]
fn prefetch<T>(table: &[T], at: usize) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_mm_prefetch, _MM_HINT_T0};
        // SAFETY: a prefetch reads nothing and faults on nothing; the address is formed without being followed.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(table.as_ptr().wrapping_add(at).cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (table, at);
}

/// v[j] = x (v[j] + v[j-25]) + sum over q = 1..24 of bit q-1 of word j times v[j-q]; indices modulo the length, j rising.
fn convolve(v: &mut [Block], key: Block) {
    const SOME: usize = 256;
    let length = v.len();
    let mut stream = Stream::new(key);
    let mut words = [0 as Block; SOME / 4];
    for start in (0..length).step_by(SOME) {
        let end = (start + SOME).min(length);
        stream.blocks(&mut words[..(end - start).div_ceil(4)]);
        let mut taps = [0u32; SOME];
        for (i, tap) in taps.iter_mut().enumerate() {
            *tap = (words[i / 4] >> (32 * (i % 4))) as u32;
        }
        // The first steps reach around the end; the others have a window of 26 entries before them.
        let direct = (TAPS + 1).clamp(start, end);
        for j in start..direct {
            let mut window = [0; TAPS + 2];
            for (q, entry) in window.iter_mut().enumerate() {
                *entry = v[(j + length + q - TAPS - 1) % length];
            }
            step(&mut window, taps[j - start]);
            v[j] = window[TAPS + 1];
        }
        if direct < end {
            steps(&mut v[direct - TAPS - 1..end], &taps[direct - start..end - start]);
        }
    }
}

/// One step for each word: entry i + 25 of `v` is the one that word i belongs to.
fn steps(v: &mut [Block], words: &[u32]) {
    #[cfg(target_arch = "x86_64")]
    if super::cpu::fast().is_some() {
        // SAFETY: `cpu::fast` saw avx2.
        unsafe { steps_avx2(v, words) };
        return;
    }
    steps_portable(v, words);
}

fn steps_portable(v: &mut [Block], words: &[u32]) {
    for (i, word) in words.iter().enumerate() {
        let window: &mut [Block; TAPS + 2] = (&mut v[i..i + TAPS + 2]).try_into().expect("26 entries");
        step(window, *word);
    }
}

/// Four masks for every nibble: all ones where its bit is set.
#[cfg(target_arch = "x86_64")]
#[repr(align(32))]
struct Masks([[Block; 4]; 16]);

#[cfg(target_arch = "x86_64")]
static MASKS: Masks = {
    // Entry b of a nibble's line belongs to the b-th oldest of four values: bit 3 - b, as bit q-1 belongs to distance q.
    let mut masks = [[0; 4]; 16];
    let mut nibble = 0;
    while nibble < 16 {
        let mut b = 0;
        while b < 4 {
            masks[nibble][b] = if (nibble >> (3 - b)) & 1 == 1 { Block::MAX } else { 0 };
            b += 1;
        }
        nibble += 1;
    }
    Masks(masks)
};

/// The same with registers of 256 bits for the 16 older taps. The 8 newest are read one by one: a wide read over two stores that have
/// not reached the cache yet would wait for them.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn steps_avx2(v: &mut [Block], words: &[u32]) {
    use std::arch::x86_64::*;
    assert!(v.len() > words.len() + TAPS, "a window before every word");
    for (i, word) in words.iter().enumerate() {
        let moved = times_x(v[i + TAPS + 1] ^ v[i]);
        // SAFETY: entries i + 1 ..= i + 24 lie inside `v` by the assertion above, a nibble is below 16, and the 16-byte values that
        // are transmuted are plain bytes on both sides.
        let sum = unsafe {
            let window = v.as_ptr().add(i + 1);
            let mut wide = _mm256_setzero_si256();
            for group in 0..4 {
                let masks = MASKS.0[(word >> (20 - 4 * group)) as usize & 15].as_ptr();
                for pair in 0..2 {
                    let values = _mm256_loadu_si256(window.add(4 * group + 2 * pair).cast());
                    let mask = _mm256_load_si256(masks.add(2 * pair).cast());
                    wide = _mm256_xor_si256(wide, _mm256_and_si256(values, mask));
                }
            }
            let mut sum = _mm_xor_si128(_mm256_castsi256_si128(wide), _mm256_extracti128_si256::<1>(wide));
            sum = _mm_xor_si128(sum, std::mem::transmute::<u128, __m128i>(moved));
            for group in 4..6 {
                let masks = MASKS.0[(word >> (20 - 4 * group)) as usize & 15].as_ptr();
                for b in 0..4 {
                    let value = _mm_loadu_si128(window.add(4 * group + b).cast());
                    sum = _mm_xor_si128(sum, _mm_and_si128(value, _mm_load_si128(masks.add(b).cast())));
                }
            }
            std::mem::transmute::<__m128i, u128>(sum)
        };
        v[i + TAPS + 1] = sum;
    }
}

/// One step on v[j-25..=j].
#[inline(always)]
fn step(window: &mut [Block; TAPS + 2], word: u32) {
    let mut sum: Block = 0;
    for q in (1..=TAPS).rev() {
        sum ^= window[TAPS + 1 - q] & Block::from((word >> (q - 1)) & 1).wrapping_neg();
    }
    window[TAPS + 1] = times_x(window[TAPS + 1] ^ window[0]) ^ sum;
}

#[cfg(test)]
mod tests {
    use super::super::gf128;
    use super::*;

    fn vector(n: usize, key: Block) -> Vec<Block> {
        let mut out = vec![0; n];
        Stream::new(key).blocks(&mut out);
        out
    }

    #[test]
    fn encoding_is_linear_over_the_field() {
        let code = Code::new(500);
        let (mut a, mut b) = (vector(1000, 1), vector(1000, 2));
        let factor = 0xABCD_EF01 << 77;
        let mut sum: Vec<Block> = a.iter().zip(&b).map(|(a, b)| a ^ gf128::mul(factor, *b)).collect();
        for v in [&mut a, &mut b, &mut sum] {
            code.encode(v, 480);
        }
        for i in 0..480 {
            assert_eq!(sum[i], a[i] ^ gf128::mul(factor, b[i]));
        }
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn the_wide_path_takes_the_same_steps() {
        if super::super::cpu::fast().is_none() {
            return;
        }
        let (mut fast, words): (Vec<Block>, Vec<u32>) = (vector(400, 3), vector(370, 4).iter().map(|b| *b as u32).collect());
        let mut slow = fast.clone();
        // SAFETY: `cpu::fast` saw avx2.
        unsafe { steps_avx2(&mut fast, &words) };
        steps_portable(&mut slow, &words);
        assert!(fast == slow && fast[399] == vector(400, 3)[399]);
    }

    #[test]
    fn a_single_noisy_value_spreads_over_half_of_the_outputs() {
        let code = Code::new(2000);
        for at in [2000, 2500, 3990, 3999] {
            let mut v = vec![0; 4000];
            v[at] = 1;
            code.encode(&mut v, 2000);
            let weight = v[..2000].iter().filter(|v| **v != 0).count();
            assert!(weight > 1900, "over a large field nearly every output changes: {weight} at {at}");
        }
    }
}
