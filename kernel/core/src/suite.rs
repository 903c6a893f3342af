//! The ciphersuite ristretto255-SHA512 of RFC 9497 (section 4.1) in VOPRF mode: hashing to the group and to scalars, encodings,
//! key derivation and the final hash.

use std::sync::LazyLock;

use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::IsIdentity;
use sha2::{Digest, Sha512};
use zeroize::{Zeroize, Zeroizing};

use crate::{Error, Result};

pub const ELEMENT: usize = 32;
pub const SCALAR: usize = 32;
pub const OUTPUT: usize = 64;

/// RFC 9497, section 3.1: CreateContextString(modeVOPRF, "ristretto255-SHA512").
macro_rules! context_string {
    () => {
        b"OPRFV1-\x01-ristretto255-SHA512"
    };
}
pub(crate) const CONTEXT_STRING: &[u8] = context_string!();

fn dst_prime(prefix: &[u8]) -> Vec<u8> {
    let mut dst = [prefix, CONTEXT_STRING].concat();
    dst.push(dst.len() as u8); // RFC 9380, section 5.3.1: DST || I2OSP(len(DST), 1)
    dst
}

static HASH_TO_GROUP: LazyLock<Vec<u8>> = LazyLock::new(|| dst_prime(b"HashToGroup-"));
static HASH_TO_SCALAR: LazyLock<Vec<u8>> = LazyLock::new(|| dst_prime(b"HashToScalar-"));
static DERIVE_KEY_PAIR: LazyLock<Vec<u8>> = LazyLock::new(|| dst_prime(b"DeriveKeyPair"));
/// SHA-512 after Z_pad, which every expansion starts with: one compression saved an item.
static Z_PAD: LazyLock<Sha512> = LazyLock::new(|| Sha512::new_with_prefix([0u8; 128]));

/// RFC 9380, section 5.3.1, expand_message_xmd with SHA-512 and 64 bytes of output.
fn expand(message: &[&[u8]], dst_prime: &[u8]) -> Zeroizing<[u8; 64]> {
    let mut first = Z_PAD.clone();
    for part in message {
        first.update(part);
    }
    first.update([0, 64, 0]); // I2OSP(64, 2) || I2OSP(0, 1)
    first.update(dst_prime);
    let mut second = Sha512::new();
    second.update(first.finalize());
    second.update([1]);
    second.update(dst_prime);
    Zeroizing::new(second.finalize().into())
}

/// HashToGroup (RFC 9497, section 4.1). Identity is refused as the RFC's Blind does; no input is known that gives it.
pub fn hash_to_group(input: &[u8]) -> Result<RistrettoPoint> {
    let uniform = expand(&[input], &HASH_TO_GROUP);
    let point = RistrettoPoint::from_uniform_bytes(&uniform);
    if point.is_identity() {
        return Err(Error::Misuse("an input hashes to the identity"));
    }
    Ok(point)
}

/// HashToScalar (RFC 9497, section 4.1) of the concatenated parts.
pub fn hash_to_scalar(message: &[&[u8]]) -> Scalar {
    Scalar::from_bytes_mod_order_wide(&expand(message, &HASH_TO_SCALAR))
}

/// SHA-512 reduced modulo the group order: 512 bits onto 252, so the bias is below 2^-259.
pub(crate) fn wide_scalar(hash: Sha512) -> Scalar {
    let mut wide: [u8; 64] = hash.finalize().into();
    let scalar = Scalar::from_bytes_mod_order_wide(&wide);
    wide.zeroize();
    scalar
}

/// DeserializeElement (RFC 9497, section 4.1): canonical encodings only, and never the identity.
pub fn decode_element(bytes: &[u8]) -> Result<RistrettoPoint> {
    let encoded = CompressedRistretto::from_slice(bytes).map_err(|_| Error::Rejected)?;
    let point = encoded.decompress().ok_or(Error::Rejected)?;
    if point.is_identity() {
        return Err(Error::Rejected);
    }
    Ok(point)
}

/// DeserializeScalar (RFC 9497, section 4.1): below the group order.
pub fn decode_scalar(bytes: &[u8]) -> Result<Scalar> {
    let bytes: [u8; 32] = bytes.try_into().map_err(|_| Error::Rejected)?;
    Option::from(Scalar::from_canonical_bytes(bytes)).ok_or(Error::Rejected)
}

/// A scalar that is a key or a blind: canonical and not zero.
pub fn decode_secret(bytes: &[u8]) -> Result<Zeroizing<Scalar>> {
    let scalar = Zeroizing::new(decode_scalar(bytes)?);
    if *scalar == Scalar::ZERO {
        return Err(Error::Rejected);
    }
    Ok(scalar)
}

/// DeriveKeyPair (RFC 9497, section 3.2.1): the secret scalar and the public element, 32 bytes each.
pub fn derive_key_pair(seed: &[u8; 32], info: &[u8]) -> Result<(Zeroizing<[u8; 32]>, [u8; 32])> {
    let length = u16::try_from(info.len()).map_err(|_| Error::Misuse("key info is at most 65535 bytes"))?;
    for counter in 0..=255u8 {
        let wide = expand(&[seed, &length.to_be_bytes(), info, &[counter]], &DERIVE_KEY_PAIR);
        let secret = Zeroizing::new(Scalar::from_bytes_mod_order_wide(&wide));
        if *secret != Scalar::ZERO {
            let public = RistrettoPoint::mul_base(&secret).compress().to_bytes();
            return Ok((Zeroizing::new(secret.to_bytes()), public));
        }
    }
    Err(Error::Misuse("DeriveKeyPair failed"))
}

/// The hash at the end of Finalize (RFC 9497, section 3.3.2): Output of an input and its unblinded element.
pub fn finalize(input: &[u8], unblinded: &[u8]) -> [u8; OUTPUT] {
    // Callers cap the width of a row at 65535.
    let mut hash = Sha512::new();
    hash.update((input.len() as u16).to_be_bytes());
    hash.update(input);
    hash.update((unblinded.len() as u16).to_be_bytes());
    hash.update(unblinded);
    hash.update(b"Finalize");
    hash.finalize().into()
}

/// Encodes the doubles of `halves`: one field inversion for the whole batch instead of an inverse square root an element.
/// So every multiplication here is by half the scalar.
pub(crate) fn encode_doubles(halves: &[RistrettoPoint], out: &mut [u8]) {
    for (encoded, row) in RistrettoPoint::double_and_compress_batch(halves).iter().zip(out.chunks_exact_mut(ELEMENT)) {
        row.copy_from_slice(encoded.as_bytes());
    }
}
