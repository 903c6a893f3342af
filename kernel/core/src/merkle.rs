//! Merkle trees in the shape of RFC 9162, section 2.1, over leaf hashes that the caller made: node = SHA-256(0x01 || left || right).
//!
//! Built level by level: neighbours are joined and a last odd node moves up as it is, which is the RFC's split at the largest power
//! of two below n.

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::{count_rows, Error, Result};

const NODE: usize = 32;
const PARENTS_PER_TASK: usize = 4096;

/// How many nodes each level has, leaves first; one level of one node for a single leaf, none for no leaf.
pub fn level_sizes(leaves: usize) -> Vec<usize> {
    let mut sizes = Vec::new();
    let mut size = leaves;
    while size > 0 {
        sizes.push(size);
        size = if size == 1 { 0 } else { size.div_ceil(2) };
    }
    sizes
}

fn join(left: &[u8], right: &[u8]) -> [u8; NODE] {
    Sha256::new_with_prefix([1u8]).chain_update(left).chain_update(right).finalize().into()
}

fn parents(children: &[u8], out: &mut [u8]) {
    children.par_chunks(PARENTS_PER_TASK * 2 * NODE).zip(out.par_chunks_mut(PARENTS_PER_TASK * NODE)).for_each(
        |(children, out)| {
            for (pair, parent) in children.chunks(2 * NODE).zip(out.chunks_exact_mut(NODE)) {
                match pair.split_at_checked(NODE) {
                    Some((left, right)) if !right.is_empty() => parent.copy_from_slice(&join(left, right)),
                    _ => parent.copy_from_slice(pair),
                }
            }
        },
    );
}

/// Every level after another, leaves first, root last. `out` has room for the sum of [`level_sizes`].
pub fn levels(leaves: &[u8], out: &mut [u8]) -> Result<()> {
    let sizes = level_sizes(count_rows(leaves, NODE)?);
    if out.len() != sizes.iter().sum::<usize>() * NODE {
        return Err(Error::Misuse("room for every level"));
    }
    let Some(first) = sizes.first() else { return Ok(()) };
    let (mut below, mut rest) = out.split_at_mut(first * NODE);
    below.copy_from_slice(leaves);
    for size in &sizes[1..] {
        let (level, above) = rest.split_at_mut(size * NODE);
        parents(below, level);
        (below, rest) = (level, above);
    }
    Ok(())
}

/// The root alone, in memory of half the leaves. The root of no leaf is SHA-256 of nothing (RFC 9162, section 2.1.1).
pub fn root(leaves: &[u8]) -> Result<[u8; NODE]> {
    let n = count_rows(leaves, NODE)?;
    if n == 0 {
        return Ok(Sha256::digest([]).into());
    }
    let mut level = leaves.to_vec();
    for size in &level_sizes(n)[1..] {
        let mut above = vec![0u8; size * NODE];
        parents(&level, &mut above);
        level = above;
    }
    Ok(crate::row32(&level))
}

/// The inclusion path of one leaf (RFC 9162, section 2.1.3.1) out of [`levels`], lowest sibling first.
pub fn path(levels: &[u8], leaves: usize, index: usize) -> Result<Vec<u8>> {
    let sizes = level_sizes(leaves);
    if index >= leaves {
        return Err(Error::Misuse("no such leaf"));
    }
    if levels.len() != sizes.iter().sum::<usize>() * NODE {
        return Err(Error::Misuse("levels and number of leaves do not fit"));
    }
    let (mut out, mut start, mut node) = (Vec::new(), 0, index);
    for size in sizes {
        let sibling = node ^ 1;
        if sibling < size {
            out.extend_from_slice(&levels[(start + sibling) * NODE..(start + sibling + 1) * NODE]);
        }
        start += size;
        node /= 2;
    }
    Ok(out)
}

/// The root that a leaf hash and its path lead to (RFC 9162, section 2.1.3.2). The caller compares it with the root that it trusts.
pub fn climb(leaf: &[u8], index: usize, leaves: usize, path: &[u8]) -> Result<[u8; NODE]> {
    if leaf.len() != NODE || !path.len().is_multiple_of(NODE) || index >= leaves {
        return Err(Error::Rejected);
    }
    let (mut node, mut at, mut siblings) = (crate::row32(leaf), index, path.chunks_exact(NODE));
    for size in level_sizes(leaves) {
        if (at ^ 1) < size {
            let sibling = siblings.next().ok_or(Error::Rejected)?;
            node = if at & 1 == 1 { join(sibling, &node) } else { join(&node, sibling) };
        }
        at /= 2;
    }
    if siblings.next().is_some() {
        return Err(Error::Rejected);
    }
    Ok(node)
}
