//! The sender of one direction: it keys the PRF, holds delta and evaluates F_d on its own tokens from K = B + delta A.

use std::sync::{Arc, Mutex};

use zeroize::{Zeroize, Zeroizing};

use super::gf128::{self, Block};
use super::ggm::{self, Doubler};
use super::gilboa;
use super::okvs;
use super::pages;
use super::params::{Okvs, Vole, NOISE};
use super::querier::{lock, Encoded};
use super::rows::{self};
use super::seeds::{block_of, push_blocks, Context, Dice, Direction};
use super::worker::{Task, Worker};
use super::Fault;

/// Bytes of the opening of w_S: the share and its blinding.
pub const MASK_OPENING: usize = 16 + 32;

/// B, still wide as the code gives it.
pub type Shares = Zeroizing<Vec<Block>>;

pub struct Keyer {
    pub direction: Direction,
    pub table: Okvs,
    pub vole: Vole,
    pub delta: Block,
    roots: Zeroizing<Vec<Block>>,
    /// w_S and the blinding of its commitment.
    opening: Zeroizing<[u8; MASK_OPENING]>,
    challenge: Block,
    /// Gilboa's shares b, once they came.
    base: Zeroizing<Vec<Block>>,
    /// The sum of each tree's leaves, once they were grown.
    totals: Zeroizing<Vec<Block>>,
}

/// The sender's trees, to be grown.
pub struct Forest {
    vole: Vole,
    doubler: Doubler,
    roots: Zeroizing<Vec<Block>>,
}

impl Forest {
    /// Writes all leaves, tree by tree.
    pub fn fill(&self, values: &mut [Block]) {
        let leaves = self.vole.leaves;
        ggm::for_each_tree(&self.vole, &self.doubler, &self.roots, None, |tree, nodes| {
            values[tree * leaves..(tree + 1) * leaves].copy_from_slice(nodes);
        });
    }
}

impl Drop for Keyer {
    fn drop(&mut self) {
        self.delta.zeroize();
    }
}

/// The commitment to an opening of w_S.
pub fn commit(context: &Context, direction: Direction, opening: &[u8]) -> [u8; 32] {
    *blake3::keyed_hash(&context.key("mask", direction as u8, &[]), opening).as_bytes()
}

/// What the sender says to prove that its trees are consistent: a hash, so that the receiver learns nothing but equality.
pub fn proof(context: &Context, direction: Direction, seen: &[u8; 32], value: Block) -> [u8; 32] {
    *blake3::keyed_hash(&context.key("tree proof", direction as u8, seen), &value.to_le_bytes()).as_bytes()
}

impl Keyer {
    /// `theirs`: how many tokens the receiver of this direction declared.
    pub fn new(dice: &Dice, direction: Direction, theirs: usize) -> Self {
        let d = direction as u8;
        let table = Okvs::new(theirs);
        let mut opening = Zeroizing::new([0; MASK_OPENING]);
        dice.fill("mask", d, 0, &mut opening[..]);
        Self {
            direction,
            table,
            vole: Vole::new(table.columns()),
            delta: dice.block("delta", d, 0),
            roots: Zeroizing::new(dice.blocks("roots", d, NOISE)),
            opening,
            challenge: dice.block("gilboa challenge", d, 0),
            base: Zeroizing::new(Vec::new()),
            totals: Zeroizing::new(Vec::new()),
        }
    }

    /// The choice bits of Gilboa's transfers: delta, low bit first.
    pub fn choices(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new((0..gilboa::TRANSFERS).map(|i| ((self.delta >> i) & 1) as u8).collect())
    }

    pub fn commitment(&self, context: &Context) -> [u8; 32] {
        commit(context, self.direction, &self.opening[..])
    }

    pub fn opening(&self) -> &[u8] {
        &self.opening[..]
    }

    pub fn mask(&self) -> Block {
        block_of(&self.opening[..])
    }

    pub fn challenge(&self) -> Block {
        self.challenge
    }

    /// Grows the noisy vector as the sender sees it, before the code, tree by tree. It costs little, so it is grown where it is needed.
    fn for_each_tree(&self, context: &Context, sums: Option<&mut Vec<[Block; 2]>>, each: impl FnMut(usize, &[Block])) {
        ggm::for_each_tree(&self.vole, &Doubler::new(context, self.direction as u8), &self.roots, sums, each);
    }

    /// What another thread needs to grow the same trees.
    pub fn forest(&self, context: &Context) -> Forest {
        Forest { vole: self.vole, doubler: Doubler::new(context, self.direction as u8), roots: self.roots.clone() }
    }

    /// Masked level sums of all trees.
    pub fn sums(&mut self, context: &Context, keys: &[[Block; 2]]) -> Vec<u8> {
        let mut sums = Vec::with_capacity(self.vole.transfers());
        self.for_each_tree(context, Some(&mut sums), |_, _| ());
        let out = ggm::mask_sums(&sums, keys);
        self.totals =
            Zeroizing::new(sums.chunks_exact(self.vole.depth).map(|s| s[self.vole.depth - 1]).map(|p| p[0] ^ p[1]).collect());
        sums.iter_mut().for_each(Zeroize::zeroize);
        out
    }

    /// Takes Gilboa's corrections. Nothing derived from the shares leaves before `corrections` has checked them.
    pub fn accept(&mut self, keys: &[Block], message: &[u8]) {
        self.base = gilboa::accept(self.delta, keys, message);
    }

    /// Checks what the receiver opened; then gives the corrections of the punctured leaves.
    pub fn corrections(&self, context: &Context, seen: &[u8; 32], opened: &[u8]) -> Result<Vec<u8>, Fault> {
        gilboa::check(context, self.direction as u8, seen, self.challenge, self.delta, &self.base, opened)?;
        let mut out = Vec::with_capacity(NOISE * 16);
        for (total, share) in self.totals.iter().zip(self.base.iter()) {
            push_blocks(&mut out, &[total ^ share]);
        }
        Ok(out)
    }

    /// The answer to the receiver's X.
    pub fn prove(&self, context: &Context, seen: &[u8; 32], x: Block) -> [u8; 32] {
        // Tree i starts at position i * leaves: each tree's sum times the right power of x^leaves.
        let step = gf128::power(x, self.vole.leaves as u64);
        let mut power: Block = 1;
        let mut value = self.base[NOISE];
        self.for_each_tree(context, None, |_, leaves| {
            value ^= gf128::mul(power, gf128::evaluate(leaves, x));
            power = gf128::mul(power, step);
        });
        proof(context, self.direction, seen, value)
    }
}

/// What evaluating our own tokens leaves behind.
pub struct Evaluated {
    /// Dec(K, y) + delta H_B(y), in the order of the tokens.
    pub values: Zeroizing<Vec<Block>>,
    /// K, kept only for an inspector.
    pub columns: Option<Zeroizing<Vec<Block>>>,
}

/// Queues the evaluation of our tokens once r and A (from byte `at` of the message on) have come.
#[allow(clippy::too_many_arguments)] // each is a different secret or size; a struct of them would be used once
pub fn evaluate(
    worker: &Worker,
    encoded: &Arc<Mutex<Option<Encoded>>>,
    keyer: &Keyer,
    context: Context,
    tokens: Arc<Zeroizing<Vec<u8>>>,
    mut columns: Shares,
    seed: [u8; 32],
    (message, at): (Vec<u8>, usize),
    keep: bool,
) -> Task<Result<Evaluated, Fault>> {
    let (table, direction, encoded) = (keyer.table, keyer.direction, Arc::clone(encoded));
    let delta = Zeroizing::new(keyer.delta);
    worker.submit(move || {
        let mut received = [0; 256];
        for (columns, bytes) in columns.chunks_mut(256).zip(message[at..].chunks(256 * 16)) {
            for (block, bytes) in received.iter_mut().zip(bytes.chunks_exact(16)) {
                *block = block_of(bytes);
            }
            gf128::add_scaled(columns, *delta, &received[..columns.len()]);
        }
        drop(message);
        // Our own table's rows were read by the job before this one: their memory serves again.
        let spare = lock(&encoded).as_mut().map(|e| std::mem::take(&mut e.rows)).unwrap_or_default();
        let rows = rows::rows(&table, &context.key("row", direction as u8, &seed), &tokens, spare);
        let mut values = Zeroizing::new(pages::zeroed(tokens.len() / rows::TOKEN));
        okvs::decode(&table, &rows, &columns, *delta, &mut values);
        Ok(Evaluated { values, columns: keep.then_some(columns) })
    })
}
