//! Proofs that one key evaluated a whole batch: `evaluated[i] = k * blinded[i]` for every i, and `public = k * G`.
//!
//! Two forms. [`prove_rfc`] and [`verify_rfc`] are RFC 9497, section 2.2, to the byte. [`prove`] and [`verify`] are what engines use: the
//! same proof over composites whose weights depend on the *whole* batch. In the RFC weight i depends on pair i alone, so a prover
//! may search each pair's wrong evaluation for itself, and with 2^t pairs a wrong batch that still sums to zero is a generalised
//! birthday problem (Wagner, CRYPTO 2002): about 2^(t + 252/(t+1)) steps, some 2^42 at 2^6 pairs and 2^31 at 2^16. Bound to the whole batch, a
//! wrong pair survives with probability 2^-128 a try, and the number of pairs is not limited to 65535.

use curve25519_dalek::constants::RISTRETTO_BASEPOINT_POINT as G;
use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{Identity, VartimeMultiscalarMul};
use rayon::prelude::*;
use sha2::{Digest, Sha512};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::suite::{decode_element, decode_scalar, decode_secret, hash_to_scalar, CONTEXT_STRING, ELEMENT};
use crate::{count_rows, rows_per_task, Error, Result};

pub const PROOF: usize = 64;

/// What is proved. `info` separates runs, directions and purposes; both sides compute it.
#[derive(Clone, Copy)]
pub struct Statement<'a> {
    pub public: &'a [u8; 32],
    pub info: &'a [u8],
    pub blinded: &'a [u8],
    pub evaluated: &'a [u8],
}

impl Statement<'_> {
    pub(crate) fn pairs(&self) -> Result<usize> {
        if self.blinded.len() != self.evaluated.len() {
            return Err(Error::Misuse("as many evaluations as elements"));
        }
        count_rows(self.blinded, ELEMENT)
    }

    /// SHA-512 over everything that is proved, each part preceded by its length.
    pub(crate) fn seed(&self) -> [u8; 64] {
        let mut hash = Sha512::new();
        hash.update(b"detente/dleq/1");
        for part in [self.info, self.public, self.blinded, self.evaluated] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hash.finalize().into()
    }
}

/// 128-bit weights `first .. first + n`, four from each hash. `first` is a multiple of four.
pub(crate) fn weights(seed: &[u8; 64], first: usize, n: usize) -> Vec<Scalar> {
    assert!(first.is_multiple_of(4), "tasks start at a whole block of weights");
    let mut out = Vec::with_capacity(n + 3);
    let mut block = (first / 4) as u64;
    while out.len() < n {
        let mut hash = Sha512::new_with_prefix(b"detente/dleq/weights/1");
        hash.update(seed);
        hash.update(block.to_be_bytes());
        for sixteen in hash.finalize().chunks_exact(16) {
            let mut weight = [0u8; 32];
            weight[..16].copy_from_slice(sixteen);
            out.push(Scalar::from_bytes_mod_order(weight));
        }
        block += 1;
    }
    out.truncate(n);
    out
}

/// The sum of weight times element. Variable time: the elements travelled in the clear and the weights are hashes of them.
fn composite(seed: &[u8; 64], elements: &[u8]) -> Result<RistrettoPoint> {
    let rows = rows_per_task(elements.len() / ELEMENT);
    elements
        .par_chunks(rows * ELEMENT)
        .enumerate()
        .map(|(task, chunk)| {
            let points: Vec<RistrettoPoint> = chunk.chunks_exact(ELEMENT).map(decode_element).collect::<Result<_>>()?;
            Ok(weighted_sum(seed, task * rows, &points))
        })
        .try_reduce(RistrettoPoint::identity, |a, b| Ok(a + b))
}

/// One task's share of a composite. Variable time, as above.
pub(crate) fn weighted_sum(seed: &[u8; 64], first: usize, points: &[RistrettoPoint]) -> RistrettoPoint {
    RistrettoPoint::vartime_multiscalar_mul(weights(seed, first, points.len()), points)
}

/// The Chaum-Pedersen challenge (RFC 9497, section 2.2.1): `bound` is empty for the RFC's own form.
fn challenge(bound: &[u8], public: &[u8; 32], points: [&RistrettoPoint; 4]) -> Scalar {
    let mut transcript = Vec::with_capacity(5 * 34 + 66 + 9);
    let mut part = |bytes: &[u8]| {
        transcript.extend_from_slice(&(bytes.len() as u16).to_be_bytes());
        transcript.extend_from_slice(bytes);
    };
    part(public);
    for point in points {
        part(point.compress().as_bytes());
    }
    if !bound.is_empty() {
        part(bound);
    }
    transcript.extend_from_slice(b"Challenge");
    hash_to_scalar(&[&transcript])
}

fn respond(bound: &[u8], key: &Scalar, public: &[u8; 32], m: &RistrettoPoint, nonce: &Scalar) -> [u8; PROOF] {
    let z = m * key;
    let c = challenge(bound, public, [m, &z, &RistrettoPoint::mul_base(nonce), &(m * nonce)]);
    let s = Zeroizing::new(nonce - c * key);
    let mut proof = [0u8; PROOF];
    proof[..32].copy_from_slice(c.as_bytes());
    proof[32..].copy_from_slice(s.as_bytes());
    proof
}

/// Checks a proof over composites. Everything here is public, so it runs in variable time.
pub(crate) fn accept(bound: &[u8], public: &[u8; 32], m: &RistrettoPoint, z: &RistrettoPoint, proof: &[u8]) -> Result<()> {
    let key = decode_element(public)?;
    if proof.len() != PROOF {
        return Err(Error::Rejected);
    }
    let (c, s) = (decode_scalar(&proof[..32])?, decode_scalar(&proof[32..])?);
    let t2 = RistrettoPoint::vartime_multiscalar_mul([&s, &c], [&G, &key]);
    let t3 = RistrettoPoint::vartime_multiscalar_mul([&s, &c], [m, z]);
    let expected = challenge(bound, public, [m, z, &t2, &t3]);
    if bool::from(expected.as_bytes().ct_eq(c.as_bytes())) {
        Ok(())
    } else {
        Err(Error::Rejected)
    }
}

/// Proves a statement under `key`. The nonce is a hash of the key and the whole statement, so it never meets two challenges.
pub fn prove(key: &[u8], statement: &Statement<'_>) -> Result<[u8; PROOF]> {
    let key = decode_secret(key)?;
    statement.pairs()?;
    let seed = statement.seed();
    let m = composite(&seed, statement.blinded)?;
    let mut hash = Sha512::new_with_prefix(b"detente/dleq/nonce/1");
    hash.update(key.as_bytes());
    hash.update(seed);
    let nonce = Zeroizing::new(crate::suite::wide_scalar(hash));
    Ok(respond(&seed, &key, statement.public, &m, &nonce))
}

/// Checks a proof of [`prove`]. An empty batch proves only that the key is known.
pub fn verify(statement: &Statement<'_>, proof: &[u8]) -> Result<()> {
    statement.pairs()?;
    let seed = statement.seed();
    let m = composite(&seed, statement.blinded)?;
    let z = composite(&seed, statement.evaluated)?;
    accept(&seed, statement.public, &m, &z, proof)
}

/// RFC 9497, section 2.2.1, ComputeComposites: its weights, one a pair.
fn rfc_weights(public: &[u8; 32], blinded: &[u8], evaluated: &[u8]) -> Result<Vec<Scalar>> {
    let pairs = count_rows(blinded, ELEMENT)?;
    if blinded.len() != evaluated.len() || pairs == 0 || pairs > usize::from(u16::MAX) {
        return Err(Error::Misuse("1 to 65535 pairs"));
    }
    let seed_dst = [b"Seed-", CONTEXT_STRING].concat();
    let mut hash = Sha512::new();
    hash.update((public.len() as u16).to_be_bytes());
    hash.update(public);
    hash.update((seed_dst.len() as u16).to_be_bytes());
    hash.update(&seed_dst);
    let seed = hash.finalize();
    let length = 32u16.to_be_bytes();
    Ok(blinded
        .chunks_exact(ELEMENT)
        .zip(evaluated.chunks_exact(ELEMENT))
        .enumerate()
        .map(|(i, (c, d))| {
            let index = (i as u16).to_be_bytes();
            hash_to_scalar(&[&64u16.to_be_bytes(), &seed, &index, &length, c, &length, d, b"Composite"])
        })
        .collect())
}

fn rfc_composite(weights: &[Scalar], elements: &[u8]) -> Result<RistrettoPoint> {
    let points: Vec<RistrettoPoint> = elements.chunks_exact(ELEMENT).map(decode_element).collect::<Result<_>>()?;
    Ok(RistrettoPoint::vartime_multiscalar_mul(weights, points))
}

/// GenerateProof of RFC 9497, section 2.2.1, with the nonce `r` given. For interoperation; see the module on large batches.
pub fn prove_rfc(key: &[u8], blinded: &[u8], evaluated: &[u8], nonce: &[u8]) -> Result<[u8; PROOF]> {
    let (key, nonce) = (decode_secret(key)?, decode_secret(nonce)?);
    let public = RistrettoPoint::mul_base(&key).compress().to_bytes();
    let weights = rfc_weights(&public, blinded, evaluated)?;
    let m = rfc_composite(&weights, blinded)?;
    Ok(respond(&[], &key, &public, &m, &nonce))
}

/// VerifyProof of RFC 9497, section 2.2.2.
pub fn verify_rfc(public: &[u8; 32], blinded: &[u8], evaluated: &[u8], proof: &[u8]) -> Result<()> {
    let weights = rfc_weights(public, blinded, evaluated)?;
    let m = rfc_composite(&weights, blinded)?;
    let z = rfc_composite(&weights, evaluated)?;
    accept(&[], public, &m, &z, proof)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(blinded: &[u8], evaluated: &[u8]) -> Vec<Scalar> {
        let statement = Statement { public: &[1; 32], info: b"info", blinded, evaluated };
        weights(&statement.seed(), 0, blinded.len() / ELEMENT)
    }

    #[test]
    fn every_weight_depends_on_every_pair() {
        let (blinded, evaluated) = ([2u8; 6 * 32], [3u8; 6 * 32]);
        let before = of(&blinded, &evaluated);
        for at in 0..6 * 32 {
            let (mut other_blinded, mut other_evaluated) = (blinded, evaluated);
            other_blinded[at] ^= 1;
            other_evaluated[at] ^= 1;
            for after in [of(&other_blinded, &evaluated), of(&blinded, &other_evaluated)] {
                assert!(before.iter().zip(&after).all(|(a, b)| a != b));
            }
        }
    }

    #[test]
    fn weights_are_128_bits_and_the_same_from_any_block_on() {
        let all = weights(&[7; 64], 0, 70);
        assert!(all.iter().all(|weight| weight.as_bytes()[16..] == [0; 16]));
        assert_eq!(all[64..], weights(&[7; 64], 64, 6));
    }
}
