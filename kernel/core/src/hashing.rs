//! SHA-256 over many fixed-width rows, and fixed-width rows out of one seed. SHA-NI and its ARM kin are used where the processor has them.

use rayon::prelude::*;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::{count_rows, Error, Result};

const DIGEST: usize = 32;
const ROWS_PER_TASK: usize = 4096;

/// SHA-256(prefix || row) of each row of `width` bytes, 32 bytes each in order.
pub fn hash_rows(prefix: &[u8], rows: &[u8], width: usize, out: &mut [u8]) -> Result<()> {
    let n = count_rows(rows, width)?;
    if out.len() != n * DIGEST {
        return Err(Error::Misuse("32 bytes of output a row"));
    }
    let start = Sha256::new_with_prefix(prefix);
    rows.par_chunks(ROWS_PER_TASK * width).zip(out.par_chunks_mut(ROWS_PER_TASK * DIGEST)).for_each(|(rows, out)| {
        for (row, digest) in rows.chunks_exact(width).zip(out.chunks_exact_mut(DIGEST)) {
            digest.copy_from_slice(&start.clone().chain_update(row).finalize());
        }
    });
    Ok(())
}

/// Pseudo-random rows: row i is the first `width` bytes of SHA-256(key || I2OSP(i, 8) || I2OSP(j, 4)) for j = 0, 1, ..., where
/// key = SHA-256("detente/expand/1" || I2OSP(len(label), 8) || label || seed). The hashed input has one length, so no extension.
pub fn expand(seed: &[u8; 32], label: &[u8], width: usize, out: &mut [u8]) -> Result<()> {
    count_rows(out, width)?;
    let mut hash = Sha256::new_with_prefix(b"detente/expand/1");
    hash.update((label.len() as u64).to_be_bytes());
    hash.update(label);
    hash.update(seed);
    let key: Zeroizing<[u8; 32]> = Zeroizing::new(hash.finalize().into());
    out.par_chunks_mut(ROWS_PER_TASK * width).enumerate().for_each(|(task, rows)| {
        for (i, row) in rows.chunks_exact_mut(width).enumerate() {
            let index = ((task * ROWS_PER_TASK + i) as u64).to_be_bytes();
            for (j, block) in row.chunks_mut(DIGEST).enumerate() {
                let mut hash = Sha256::new_with_prefix(*key);
                hash.update(index);
                hash.update((j as u32).to_be_bytes());
                block.copy_from_slice(&hash.finalize()[..block.len()]);
            }
        }
    });
    Ok(())
}
