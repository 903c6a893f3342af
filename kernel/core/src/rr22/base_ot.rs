//! 128 endemic base OTs after Masny and Rindal (2019/706, section 5: the Diffie-Hellman instantiation in the random oracle model),
//! on ristretto255. Every hash takes the run's context, the index and the messages seen.
//!
//! The receiver with choice b sends (r_0, r_1) with r_b = t G - H(b, r_{1-b}), so that r_b + H(b, r_{1-b}) = t G while the other
//! combination is a point whose logarithm nobody knows. The sender answers y G and derives both keys.

use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::IsIdentity;
use subtle::{Choice, ConditionallySelectable};
use zeroize::{Zeroize, Zeroizing};

use super::seeds::{Context, Dice};
use super::Fault;

/// Base OTs of one extension.
pub const COUNT: usize = 128;
/// Bytes of the receiver's message: two points each.
pub const RECEIVER_BYTES: usize = COUNT * 64;
/// Bytes of the sender's message: one point each.
pub const SENDER_BYTES: usize = COUNT * 32;

/// A 32-byte seed; both parties can influence their own (endemic OT), which is all that the extension needs.
pub type Seed = [u8; 32];

fn hash_to_group(context: &Context, extension: u8, index: usize, slot: u8, point: &[u8; 32]) -> RistrettoPoint {
    let key = context.key("base ot point", extension, &[]);
    let mut uniform = [0; 64];
    blake3::Hasher::new_keyed(&key)
        .update(&(index as u64).to_le_bytes())
        .update(&[slot])
        .update(point)
        .finalize_xof()
        .fill(&mut uniform);
    RistrettoPoint::from_uniform_bytes(&uniform)
}

/// The key of slot `slot`: a hash of everything that was said about this OT and the shared point.
fn derive(context: &Context, extension: u8, index: usize, slot: u8, said: [&[u8]; 2], shared: &RistrettoPoint) -> Seed {
    let key = context.key("base ot key", extension, &[]);
    let mut hasher = blake3::Hasher::new_keyed(&key);
    hasher.update(&(index as u64).to_le_bytes()).update(&[slot]).update(said[0]).update(said[1]);
    let mut shared = shared.compress().to_bytes();
    hasher.update(&shared);
    shared.zeroize();
    let seed = *hasher.finalize().as_bytes();
    hasher.zeroize();
    seed
}

fn point(bytes: &[u8]) -> Result<(RistrettoPoint, [u8; 32]), Fault> {
    let mut raw = [0; 32];
    raw.copy_from_slice(bytes);
    let point = CompressedRistretto(raw).decompress().ok_or(Fault::Failed)?;
    if point.is_identity() {
        return Err(Fault::Failed);
    }
    Ok((point, raw))
}

fn scalar(dice: &Dice, label: &str, extension: u8, index: usize) -> Scalar {
    let mut wide: [u8; 64] = dice.bytes(label, extension, index as u64);
    let scalar = Scalar::from_bytes_mod_order_wide(&wide);
    wide.zeroize();
    scalar
}

/// The receiver's side: which seed of each pair it will know.
pub struct Receiver {
    choices: Zeroizing<[u8; COUNT]>,
    secrets: Zeroizing<Vec<Scalar>>,
    sent: Vec<u8>,
}

impl Receiver {
    /// Draws choices and the first message.
    pub fn new(context: &Context, dice: &Dice, extension: u8) -> Self {
        let mut choices = Zeroizing::new([0; COUNT]);
        let bits: Zeroizing<[u8; COUNT / 8]> = Zeroizing::new(dice.bytes("base ot choices", extension, 0));
        let mut secrets = Zeroizing::new(Vec::with_capacity(COUNT));
        let mut sent = Vec::with_capacity(RECEIVER_BYTES);
        for index in 0..COUNT {
            let choice = (bits[index / 8] >> (index % 8)) & 1;
            choices[index] = choice;
            let secret = scalar(dice, "base ot receiver", extension, index);
            let other = RistrettoPoint::from_uniform_bytes(&dice.bytes("base ot decoy", extension, index as u64));
            let decoy = other.compress().to_bytes();
            // Which slot the decoy's hash belongs to is secret: hash for both and select.
            let zero = hash_to_group(context, extension, index, 0, &decoy);
            let one = hash_to_group(context, extension, index, 1, &decoy);
            let flag = Choice::from(choice);
            let mine = RistrettoPoint::mul_base(&secret) - RistrettoPoint::conditional_select(&zero, &one, flag);
            let mine = mine.compress().to_bytes();
            let mut first = [0; 32];
            let mut second = [0; 32];
            for i in 0..32 {
                first[i] = u8::conditional_select(&mine[i], &decoy[i], flag);
                second[i] = u8::conditional_select(&decoy[i], &mine[i], flag);
            }
            sent.extend_from_slice(&first);
            sent.extend_from_slice(&second);
            secrets.push(secret);
        }
        Self { choices, secrets, sent }
    }

    /// The message to send: RECEIVER_BYTES.
    pub fn message(&self) -> &[u8] {
        &self.sent
    }

    /// Takes the sender's SENDER_BYTES; gives the choices (0 or 1 a byte) and the chosen seeds.
    pub fn finish(self, context: &Context, extension: u8, message: &[u8]) -> Result<Chosen, Fault> {
        let mut seeds = Zeroizing::new(Vec::with_capacity(COUNT));
        for index in 0..COUNT {
            let (theirs, raw) = point(&message[index * 32..(index + 1) * 32])?;
            let said = [&self.sent[index * 64..(index + 1) * 64], &raw[..]];
            let shared = theirs * self.secrets[index];
            seeds.push(derive(context, extension, index, self.choices[index], said, &shared));
        }
        Ok(Chosen { choices: self.choices.clone(), seeds })
    }
}

/// What the receiver ends with.
pub struct Chosen {
    pub choices: Zeroizing<[u8; COUNT]>,
    pub seeds: Zeroizing<Vec<Seed>>,
}

/// The sender's side: takes the receiver's RECEIVER_BYTES; gives the answer and both seeds of every pair.
pub fn send(
    context: &Context,
    dice: &Dice,
    extension: u8,
    message: &[u8],
) -> Result<(Vec<u8>, Zeroizing<Vec<[Seed; 2]>>), Fault> {
    let mut answer = Vec::with_capacity(SENDER_BYTES);
    let mut pairs = Zeroizing::new(Vec::with_capacity(COUNT));
    for index in 0..COUNT {
        let said = &message[index * 64..(index + 1) * 64];
        let (first, first_raw) = point(&said[..32])?;
        let (second, second_raw) = point(&said[32..])?;
        let secret = Zeroizing::new(scalar(dice, "base ot sender", extension, index));
        let mine = RistrettoPoint::mul_base(&secret).compress().to_bytes();
        let zero = (first + hash_to_group(context, extension, index, 0, &second_raw)) * *secret;
        let one = (second + hash_to_group(context, extension, index, 1, &first_raw)) * *secret;
        answer.extend_from_slice(&mine);
        pairs.push([
            derive(context, extension, index, 0, [said, &mine], &zero),
            derive(context, extension, index, 1, [said, &mine], &one),
        ]);
    }
    Ok((answer, pairs))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(tamper: Option<usize>) -> Result<(Chosen, Zeroizing<Vec<[Seed; 2]>>), Fault> {
        let context = Context::new(b"test", 1, 1);
        let receiver = Receiver::new(&context, &Dice::new(&[1; 32], &context, true), 1);
        let mut sent = receiver.message().to_vec();
        if let Some(at) = tamper {
            sent[at] ^= 1;
        }
        let (answer, pairs) = send(&context, &Dice::new(&[2; 32], &context, false), 1, &sent)?;
        assert_eq!((sent.len(), answer.len()), (RECEIVER_BYTES, SENDER_BYTES));
        Ok((receiver.finish(&context, 1, &answer)?, pairs))
    }

    #[test]
    fn the_receiver_learns_the_chosen_seed_and_only_that() {
        let (chosen, pairs) = run(None).unwrap();
        assert!(chosen.choices.contains(&0) && chosen.choices.contains(&1));
        for i in 0..COUNT {
            let c = usize::from(chosen.choices[i]);
            assert_eq!(chosen.seeds[i], pairs[i][c]);
            assert_ne!(chosen.seeds[i], pairs[i][1 - c]);
        }
    }

    #[test]
    fn a_changed_first_message_gives_other_seeds_or_is_refused() {
        for at in [0, 40, 64 * 77 + 3] {
            if let Ok((chosen, pairs)) = run(Some(at)) {
                let i = at / 64;
                assert_ne!(chosen.seeds[i], pairs[i][usize::from(chosen.choices[i])]);
            }
        }
    }

    #[test]
    fn identity_and_non_canonical_points_are_refused() {
        let context = Context::new(b"test", 1, 1);
        let dice = Dice::new(&[1; 32], &context, true);
        for bad in [[0u8; 32], [0xFF; 32]] {
            let mut sent = Receiver::new(&context, &dice, 1).message().to_vec();
            sent[64..96].copy_from_slice(&bad);
            assert_eq!(send(&context, &dice, 1, &sent).err(), Some(Fault::Failed));
            let answer = bad.repeat(COUNT);
            assert!(Receiver::new(&context, &dice, 1).finish(&context, 1, &answer).is_err());
        }
    }
}
