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
#[inline(never)]
fn convolve(v: &mut [Block], key: Block) {
    let length = v.len();
    let mut stream = Stream::new(key);
    let mut words = [0 as Block; 64];
    for start in (0..length).step_by(256) {
        let end = (start + 256).min(length);
        stream.blocks(&mut words[..(end - start).div_ceil(4)]);
        for j in start..end {
            let i = j - start;
            let word = (words[i / 4] >> (32 * (i % 4))) as u32;
            if j > TAPS {
                let window: &mut [Block; TAPS + 2] = (&mut v[j - TAPS - 1..=j]).try_into().expect("26 entries");
                step(window, word);
            } else {
                let mut window = [0; TAPS + 2];
                for (q, entry) in window.iter_mut().enumerate() {
                    *entry = v[(j + length + q - TAPS - 1) % length];
                }
                step(&mut window, word);
                v[j] = window[TAPS + 1];
            }
        }
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
