//! The base VOLE: a few products delta * y by Gilboa's method with correlated OTs (COPEe of 2016/505, figure 3), and the check without
//! which a receiver could shift the sender's shares by errors that depend on delta.
//!
//! The sender of the run holds delta (its transfers' choice bits); the receiver holds y. Afterwards b = c + delta * y.

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::gf128::{self, Block};
use super::params::NOISE;
use super::seeds::{block_of, push_blocks, Context, Stream};
use super::Fault;

/// Products: one a noise position, one for the consistency check of the trees, one that masks what this check opens.
pub const PRODUCTS: usize = NOISE + 2;
/// Transfers: the bits of delta.
pub const TRANSFERS: usize = 128;
/// Bytes of the receiver's corrections.
pub const CORRECTION_BYTES: usize = TRANSFERS * PRODUCTS * 16;
/// Bytes of what the receiver opens.
pub const OPENING_BYTES: usize = 32;

fn expand(key: Block) -> Zeroizing<Vec<Block>> {
    let mut out = Zeroizing::new(vec![0; PRODUCTS]);
    Stream::new(key).blocks(&mut out);
    out
}

/// The receiver's side: corrections to send, and its shares c.
pub fn offer(keys: &[[Block; 2]], y: &[Block]) -> (Vec<u8>, Zeroizing<Vec<Block>>) {
    let mut message = Vec::with_capacity(CORRECTION_BYTES);
    let mut shares = Zeroizing::new(vec![0 as Block; PRODUCTS]);
    let expanded: Vec<_> = keys.iter().map(|[zero, one]| (expand(*zero), expand(*one))).collect();
    for (zero, one) in &expanded {
        let corrections: Vec<Block> = zero.iter().zip(one.iter()).zip(y).map(|((a, b), y)| a ^ b ^ y).collect();
        push_blocks(&mut message, &corrections);
    }
    // Horner from the top bit: shares = sum_i x^i zero_i.
    for (zero, _) in expanded.iter().rev() {
        for (share, z) in shares.iter_mut().zip(zero.iter()) {
            *share = gf128::times_x(*share) ^ z;
        }
    }
    (message, shares)
}

/// The sender's side: its shares b, from the chosen keys (bit i of delta) and the corrections.
pub fn accept(delta: Block, keys: &[Block], message: &[u8]) -> Zeroizing<Vec<Block>> {
    let mut shares = Zeroizing::new(vec![0 as Block; PRODUCTS]);
    for i in (0..TRANSFERS).rev() {
        let mask = ((delta >> i) & 1).wrapping_neg();
        let chosen = expand(keys[i]);
        for (j, (share, z)) in shares.iter_mut().zip(chosen.iter()).enumerate() {
            let correction = block_of(&message[(i * PRODUCTS + j) * 16..]);
            *share = gf128::times_x(*share) ^ z ^ (mask & correction);
        }
    }
    shares
}

/// The coefficients that a challenge stands for; the last product has coefficient one. `seen` is the digest of the messages so far.
fn coefficients(context: &Context, direction: u8, seen: &[u8; 32], chi: Block) -> Vec<Block> {
    let key = context.key("gilboa challenge", direction, &[&seen[..], &chi.to_le_bytes()].concat());
    let mut out = vec![0; PRODUCTS];
    Stream::new(block_of(&key)).blocks(&mut out);
    out[PRODUCTS - 1] = 1;
    out
}

/// What the receiver opens under the sender's challenge: the same combination of its inputs and of its shares.
pub fn open(context: &Context, direction: u8, seen: &[u8; 32], chi: Block, y: &[Block], shares: &[Block]) -> Vec<u8> {
    let coefficients = coefficients(context, direction, seen, chi);
    let mut out = Vec::with_capacity(OPENING_BYTES);
    push_blocks(&mut out, &[gf128::dot(&coefficients, y), gf128::dot(&coefficients, shares)]);
    out
}

/// The sender's check. It must pass before anything derived from the shares is sent.
pub fn check(
    context: &Context,
    direction: u8,
    seen: &[u8; 32],
    chi: Block,
    delta: Block,
    shares: &[Block],
    opened: &[u8],
) -> Result<(), Fault> {
    let ours = gf128::dot(&coefficients(context, direction, seen, chi), shares);
    let theirs = block_of(&opened[16..]) ^ gf128::mul(delta, block_of(opened));
    if bool::from(ours.to_le_bytes().ct_eq(&theirs.to_le_bytes())) {
        Ok(())
    } else {
        Err(Fault::Failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> (Vec<[Block; 2]>, Vec<Block>, Block) {
        let delta: Block = 0xDEAD_BEEF_0123_4567_89AB_CDEF_1357_9BDF;
        let pairs: Vec<[Block; 2]> = (0..128u128).map(|i| [i * 77 + 1, i * 99 + (1 << 90)]).collect();
        let chosen = pairs.iter().enumerate().map(|(i, p)| p[(delta >> i) as usize & 1]).collect();
        (pairs, chosen, delta)
    }

    #[test]
    fn the_shares_differ_by_delta_times_the_input_and_pass_the_check() {
        let (pairs, chosen, delta) = keys();
        let y: Vec<Block> = (0..PRODUCTS as u128).map(|i| (i * i) << 70 | i).collect();
        let (message, ours) = offer(&pairs, &y);
        assert_eq!(message.len(), CORRECTION_BYTES);
        let theirs = accept(delta, &chosen, &message);
        for i in 0..PRODUCTS {
            assert_eq!(theirs[i], ours[i] ^ gf128::mul(delta, y[i]));
        }
        let context = Context::new(b"t", 1, 1);
        let opened = open(&context, 1, &[0; 32], 55, &y, &ours);
        check(&context, 1, &[0; 32], 55, delta, &theirs, &opened).unwrap();
        assert!(check(&context, 1, &[0; 32], 56, delta, &theirs, &opened).is_err());
        assert!(check(&context, 2, &[0; 32], 55, delta, &theirs, &opened).is_err());
    }

    #[test]
    fn an_input_that_differs_in_one_transfer_is_caught_unless_deltas_bit_is_guessed() {
        let (pairs, chosen, delta) = keys();
        let y: Vec<Block> = (0..PRODUCTS as u128).map(|i| i + 3).collect();
        let context = Context::new(b"t", 1, 1);
        for transfer in 0..TRANSFERS {
            let (mut message, ours) = offer(&pairs, &y);
            message[(transfer * PRODUCTS + transfer) * 16] ^= 1;
            let theirs = accept(delta, &chosen, &message);
            let caught = check(&context, 1, &[0; 32], 9, delta, &theirs, &open(&context, 1, &[0; 32], 9, &y, &ours)).is_err();
            assert_eq!(caught, (delta >> transfer) & 1 == 1);
        }
    }
}
