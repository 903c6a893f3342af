//! From decoded values to outputs: F_d(x) = H_o(value ^ w, x), sixteen bytes, and F(x) = H(F_first(x), F_second(x), x), thirty-two.

use super::gf128::Block;
use super::lanes::{self, Key, LANES, WORDS};
use super::pages;
use super::rows::TOKEN;
use super::seeds::{Context, Direction};

/// Bytes of F.
pub const OUTPUT: usize = 32;

fn put_block(batch: &mut lanes::Batch, lane: usize, at: usize, block: Block) {
    lanes::put(batch, lane, at, &block.to_le_bytes());
}

/// H_o over all tokens: the decoded values become F_d, in place.
pub fn finish_direction(context: &Context, direction: Direction, mask: Block, values: &mut [Block], tokens: &[u8]) {
    let key = Key::new(&context.key("output", direction as u8, &[]));
    let mut message = [[0; LANES]; WORDS];
    let mut out = [[0; LANES]; WORDS];
    for (values, tokens) in values.chunks_mut(LANES).zip(tokens.chunks(TOKEN * LANES)) {
        for (lane, token) in tokens.chunks_exact(TOKEN).enumerate() {
            put_block(&mut message, lane, 0, values[lane] ^ mask);
            lanes::put(&mut message, lane, 4, token);
        }
        lanes::hash(&key, &message, 16 + TOKEN as u32, &mut out);
        for (lane, value) in values.iter_mut().enumerate() {
            *value = lanes::block(&out, lane, 0);
        }
    }
}

/// F of every token from both directions: OUTPUT bytes each, in the order of the tokens.
pub fn combine(context: &Context, first: &[Block], second: &[Block], tokens: &[u8]) -> Vec<u8> {
    let key = Key::new(&context.key("combine", 0, &[]));
    let mut result = pages::room(first.len() * OUTPUT);
    let mut message = [[0; LANES]; WORDS];
    let mut out = [[0; LANES]; WORDS];
    for ((first, second), tokens) in first.chunks(LANES).zip(second.chunks(LANES)).zip(tokens.chunks(TOKEN * LANES)) {
        for (lane, token) in tokens.chunks_exact(TOKEN).enumerate() {
            put_block(&mut message, lane, 0, first[lane]);
            put_block(&mut message, lane, 4, second[lane]);
            lanes::put(&mut message, lane, 8, token);
        }
        lanes::hash(&key, &message, 32 + TOKEN as u32, &mut out);
        for lane in 0..first.len() {
            for word in out.iter().take(OUTPUT / 4) {
                result.extend_from_slice(&word[lane].to_le_bytes());
            }
        }
    }
    result
}
