//! Détente's kernel: whole batches of fixed-width values in, bytes out.
//!
//! No policy, no source of randomness (seeds are arguments), no parsing of peer bytes beyond fixed-width values. Everything is
//! deterministic in its arguments. Scalars and seeds are wiped when dropped, and what depends on a secret runs in constant time;
//! where a function runs in variable time its inputs are public and its comment says so.

#![deny(unsafe_code)]
// rr22 alone allows it, for CPU intrinsics; each block says why it is sound
// By value, a secret scalar would be copied to where nothing wipes it.
#![allow(clippy::op_ref)]

pub mod airspace;
pub mod dleq;
pub mod hashing;
pub mod merkle;
pub mod round;
pub mod rr22;
pub mod suite;

/// Why a call gave nothing. `Rejected` never says which check failed: the peer must learn nothing from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// A value that came from the peer is not acceptable.
    Rejected,
    /// The caller's own arguments do not fit together.
    Misuse(&'static str),
}

impl core::fmt::Display for Error {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Error::Rejected => f.write_str("a value from the peer was rejected"),
            Error::Misuse(reason) => f.write_str(reason),
        }
    }
}

impl std::error::Error for Error {}

pub type Result<T> = core::result::Result<T, Error>;

/// Rows a task: large enough for batched inversion and multiscalar multiplication, small enough to share out and to bound memory.
/// A multiple of 64, because weights come four to a hash and results must not depend on the number of threads.
pub(crate) fn rows_per_task(rows: usize) -> usize {
    rows.div_ceil(4 * rayon::current_num_threads()).next_multiple_of(64).clamp(64, 4096)
}

/// n rows of `width` bytes, or `Misuse`.
pub(crate) fn count_rows(bytes: &[u8], width: usize) -> Result<usize> {
    if width == 0 || !bytes.len().is_multiple_of(width) {
        return Err(Error::Misuse("a batch is a whole number of rows"));
    }
    Ok(bytes.len() / width)
}

/// A 32-byte row; the slice comes from `chunks_exact(32)`.
pub(crate) fn row32(bytes: &[u8]) -> [u8; 32] {
    let mut row = [0u8; 32];
    row.copy_from_slice(bytes);
    row
}
