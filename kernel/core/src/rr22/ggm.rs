//! Puncturable PRF trees (GGM) whose leaves are the noisy vector: the sender holds every leaf, the receiver all but one a tree.
//!
//! A child is AES_k(s) + s under one of two keys (MMO: Matyas, Meyer, Oseas), both derived from the run's context, so that work spent
//! on one run helps with no other. A tree has `leaves` leaves, not always a power of two: nodes past the last leaf do not exist.

use aes::cipher::{Array, BlockCipherEncrypt, KeyInit};
use aes::Aes128;
use zeroize::Zeroizing;

use super::gf128::Block;
use super::pages;
use super::params::{Vole, NOISE};
use super::seeds::{block_of, push_blocks, Context};

/// The two child functions of a run and direction.
pub struct Doubler([Aes128; 2]);

const BATCH: usize = 16;

impl Doubler {
    pub fn new(context: &Context, direction: u8) -> Self {
        let key = context.key("ggm", direction, &[]);
        let cipher = |half: &[u8]| Aes128::new(&Array::from(block_of(half).to_le_bytes()));
        Self([cipher(&key[..16]), cipher(&key[16..])])
    }

    /// Children of `parents` nodes, in place from the back: node i of the parents becomes nodes 2i and 2i + 1, cut to `count`.
    fn children(&self, nodes: &mut [Block], parents: usize, count: usize) {
        let mut buffer = [[Array::from([0u8; 16]); BATCH]; 2];
        let mut end = parents;
        while end > 0 {
            let start = (end - 1) / BATCH * BATCH;
            let size = end - start;
            for i in 0..size {
                let bytes = Array::from(nodes[start + i].to_le_bytes());
                buffer[0][i] = bytes;
                buffer[1][i] = bytes;
            }
            self.0[0].encrypt_blocks(&mut buffer[0][..size]);
            self.0[1].encrypt_blocks(&mut buffer[1][..size]);
            for i in (0..size).rev() {
                let at = start + i;
                let parent = nodes[at];
                for side in [1, 0] {
                    if 2 * at + side < count {
                        nodes[2 * at + side] = Block::from_le_bytes(buffer[side][i].into()) ^ parent;
                    }
                }
            }
            end = start;
        }
    }
}

/// Nodes of one level of a tree (level 0 is the root).
fn width(shape: &Vole, level: usize) -> usize {
    shape.leaves.div_ceil(1 << (shape.depth - level))
}

/// The trees one after the other: `each` gets the number and the leaves of a tree. `roots` are NOISE secret seeds; `sums` gets
/// (even, odd) for every tree and level, the last level's two adding up to all leaves of the tree.
pub fn for_each_tree(
    shape: &Vole,
    doubler: &Doubler,
    roots: &[Block],
    mut sums: Option<&mut Vec<[Block; 2]>>,
    mut each: impl FnMut(usize, &[Block]),
) {
    let mut nodes = Zeroizing::new(vec![0; shape.leaves]);
    for (tree, root) in roots.iter().enumerate() {
        nodes[0] = *root;
        for level in 1..=shape.depth {
            let count = width(shape, level);
            doubler.children(&mut nodes, width(shape, level - 1), count);
            if let Some(sums) = sums.as_deref_mut() {
                let mut pair = [0; 2];
                for chunk in nodes[..count].chunks(2) {
                    pair[0] ^= chunk[0];
                    pair[1] ^= chunk.get(1).copied().unwrap_or(0);
                }
                sums.push(pair);
            }
        }
        each(tree, &nodes);
    }
}

/// All leaves of all trees, tree by tree.
pub fn grow(shape: &Vole, doubler: &Doubler, roots: &[Block], sums: Option<&mut Vec<[Block; 2]>>) -> Zeroizing<Vec<Block>> {
    let mut leaves = Zeroizing::new(pages::zeroed(shape.length()));
    for_each_tree(shape, doubler, roots, sums, |tree, nodes| {
        leaves[tree * shape.leaves..(tree + 1) * shape.leaves].copy_from_slice(nodes);
    });
    leaves
}

/// Bytes of the masked level sums.
pub fn sums_bytes(shape: &Vole) -> usize {
    shape.transfers() * 32
}

/// Level sums under the two keys of their transfer.
pub fn mask_sums(sums: &[[Block; 2]], keys: &[[Block; 2]]) -> Vec<u8> {
    let mut out = Vec::with_capacity(sums.len() * 32);
    for (sum, key) in sums.iter().zip(keys) {
        push_blocks(&mut out, &[sum[0] ^ key[0], sum[1] ^ key[1]]);
    }
    out
}

/// The choice bits of the receiver's transfers: at every level the side that is *not* on the path to its secret position.
pub fn choices(shape: &Vole, positions: &[u32]) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(shape.transfers()));
    for position in positions {
        for level in 1..=shape.depth {
            out.push(1 - ((position >> (shape.depth - level)) & 1) as u8);
        }
    }
    out
}

/// The receiver's leaves: all but the one at its position, which is left 0. `keys` are its chosen transfer keys.
/// Memory is written in the same order whatever the positions are: the node on the path is computed like the others and then masked.
pub fn puncture(shape: &Vole, doubler: &Doubler, positions: &[u32], keys: &[Block], masked: &[u8]) -> Zeroizing<Vec<Block>> {
    let mut leaves = Zeroizing::new(pages::zeroed(shape.length()));
    for tree in 0..NOISE {
        let nodes = &mut leaves[tree * shape.leaves..(tree + 1) * shape.leaves];
        let position = positions[tree] as usize;
        for level in 1..=shape.depth {
            let transfer = tree * shape.depth + level - 1;
            let path = position >> (shape.depth - level);
            let side = 1 - (path & 1);
            let pair = &masked[transfer * 32..(transfer + 1) * 32];
            let (zero, one) = (block_of(pair), block_of(&pair[16..]));
            let choose = (side as Block).wrapping_neg();
            let sum = ((one & choose) | (zero & !choose)) ^ keys[transfer];
            let count = width(shape, level);
            doubler.children(nodes, width(shape, level - 1), count);
            restore(&mut nodes[..count], path, sum);
        }
    }
    leaves
}

/// Sets the path's node to 0 and its sibling to what makes its side add up to `sum`, without a branch on the path.
fn restore(nodes: &mut [Block], path: usize, sum: Block) {
    let side = 1 - (path & 1);
    let sibling = path ^ 1;
    let mut rest = sum;
    for (i, node) in nodes.iter().enumerate() {
        let counts = Block::from((i & 1 == side) & (i != sibling)).wrapping_neg();
        rest ^= node & counts;
    }
    for (i, node) in nodes.iter_mut().enumerate() {
        let is_path = Block::from(i == path).wrapping_neg();
        let is_sibling = Block::from(i == sibling).wrapping_neg();
        *node = (*node & !is_path & !is_sibling) | (rest & is_sibling);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_receiver_holds_every_leaf_but_its_own_at_every_shape() {
        let context = Context::new(b"t", 1, 1);
        for leaves in [32usize, 33, 47, 64, 100] {
            let shape = Vole { leaves, depth: leaves.next_power_of_two().trailing_zeros() as usize };
            let doubler = Doubler::new(&context, 1);
            let roots: Vec<Block> = (0..NOISE as u128).map(|i| i * 0x1234_5678_9ABC + 7).collect();
            let mut sums = Vec::new();
            let full = grow(&shape, &doubler, &roots, Some(&mut sums));
            assert_eq!(sums.len(), shape.transfers());
            let positions: Vec<u32> = (0..NOISE).map(|i| (i * 31 % leaves) as u32).collect();
            let keys: Vec<[Block; 2]> = (0..shape.transfers() as u128).map(|i| [i << 64, i + (9 << 100)]).collect();
            let masked = mask_sums(&sums, &keys);
            assert_eq!(masked.len(), sums_bytes(&shape));
            let wanted = choices(&shape, &positions);
            let chosen: Vec<Block> = keys.iter().zip(wanted.iter()).map(|(k, c)| k[usize::from(*c)]).collect();
            let punctured = puncture(&shape, &doubler, &positions, &chosen, &masked);
            for tree in 0..NOISE {
                for leaf in 0..leaves {
                    let at = tree * leaves + leaf;
                    let want = if leaf as u32 == positions[tree] { 0 } else { full[at] };
                    assert_eq!(punctured[at], want, "{leaves} leaves, tree {tree}, leaf {leaf}");
                }
            }
        }
    }
}
