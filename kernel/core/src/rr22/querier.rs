//! The receiver of one direction: it encodes its tokens, sends A = P + A' and reads F_d off C.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

use super::exconv::Code;
use super::gf128::{self, Block};
use super::ggm::{self, Doubler};
use super::gilboa;
use super::keyer::proof;
use super::okvs;
use super::pages;
use super::params::{Okvs, Vole, NOISE};
use super::rows::{self, Rows};
use super::seeds::{block_of, Context, Dice, Direction};
use super::worker::{Task, Worker};
use super::Fault;

/// How often a seed is drawn before giving up: one draw fails with less than 2^-40.
const DRAWS: u64 = 8;

/// The receiver's noise: one value a tree.
pub struct Noise {
    leaves: usize,
    positions: Zeroizing<Vec<u32>>,
    inputs: Zeroizing<Vec<Block>>,
}

impl Noise {
    /// Puts each value at its position.
    pub fn place(&self, values: &mut [Block]) {
        for tree in 0..NOISE {
            values[tree * self.leaves + self.positions[tree] as usize] = self.inputs[tree];
        }
    }
}

/// Our tokens as the peer will see them: masked.
pub struct Encoded {
    pub seed: [u8; 32],
    pub rows: Rows,
    /// P.
    pub columns: Zeroizing<Vec<Block>>,
}

pub struct Querier {
    pub direction: Direction,
    pub table: Okvs,
    pub vole: Vole,
    /// Noise positions, one a tree.
    positions: Zeroizing<Vec<u32>>,
    /// Noise values, then the value for the proof and the mask of Gilboa's check.
    inputs: Zeroizing<Vec<Block>>,
    x: Block,
    mask: Block,
    /// Gilboa's shares c.
    base: Zeroizing<Vec<Block>>,
    /// The noisy vector, punctured until `correct`.
    leaves: Zeroizing<Vec<Block>>,
    /// What the sender's trees must add up to.
    expected: Block,
}

impl Drop for Querier {
    fn drop(&mut self) {
        self.mask.zeroize();
        self.expected.zeroize();
    }
}

impl Querier {
    /// `ours`: how many tokens we declared.
    pub fn new(dice: &Dice, direction: Direction, ours: usize) -> Self {
        let d = direction as u8;
        let table = Okvs::new(ours);
        let vole = Vole::new(table.columns());
        let mut draws = Zeroizing::new(vec![0u8; NOISE * 8]);
        dice.fill("positions", d, 0, &mut draws);
        let positions: Zeroizing<Vec<u32>> = Zeroizing::new(
            draws
                .chunks_exact(8)
                .map(|c| {
                    let draw = u64::from_le_bytes([c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7]]);
                    ((u128::from(draw) * vole.leaves as u128) >> 64) as u32
                })
                .collect(),
        );
        // X is drawn before Gilboa: the extra input below depends on it.
        let x = dice.block("tree challenge", d, 0);
        let mut inputs = Zeroizing::new(dice.blocks("noise", d, gilboa::PRODUCTS));
        inputs[NOISE] = (0..NOISE).fold(0, |sum, tree| {
            let at = (tree * vole.leaves) as u64 + u64::from(positions[tree]);
            sum ^ gf128::mul(gf128::power(x, at + 1), inputs[tree])
        });
        Self {
            direction,
            table,
            vole,
            positions,
            inputs,
            x,
            mask: dice.block("receiver mask", d, 0),
            base: Zeroizing::new(Vec::new()),
            leaves: Zeroizing::new(Vec::new()),
            expected: 0,
        }
    }

    /// The choice bits of the trees' transfers.
    pub fn choices(&self) -> Zeroizing<Vec<u8>> {
        ggm::choices(&self.vole, &self.positions)
    }

    /// Gilboa's corrections, from both keys of its transfers.
    pub fn offer(&mut self, keys: &[[Block; 2]]) -> Vec<u8> {
        let (message, shares) = gilboa::offer(keys, &self.inputs);
        self.base = shares;
        message
    }

    /// What the sender's challenge opens.
    pub fn open(&self, context: &Context, seen: &[u8; 32], chi: Block) -> Vec<u8> {
        gilboa::open(context, self.direction as u8, seen, chi, &self.inputs, &self.base)
    }

    /// Takes the masked level sums.
    pub fn puncture(&mut self, context: &Context, keys: &[Block], masked: &[u8]) {
        let doubler = Doubler::new(context, self.direction as u8);
        self.leaves = ggm::puncture(&self.vole, &doubler, &self.positions, keys, masked);
    }

    /// Takes the corrections of the punctured leaves; X may be sent afterwards.
    pub fn correct(&mut self, corrections: &[u8]) -> Block {
        for tree in 0..NOISE {
            let leaves = &mut self.leaves[tree * self.vole.leaves..(tree + 1) * self.vole.leaves];
            let missing = leaves.iter().fold(block_of(&corrections[tree * 16..]) ^ self.base[tree], |sum, leaf| sum ^ leaf);
            for (i, leaf) in leaves.iter_mut().enumerate() {
                *leaf |= missing & Block::from(i as u32 == self.positions[tree]).wrapping_neg();
            }
        }
        self.expected = gf128::evaluate(&self.leaves, self.x) ^ self.base[NOISE];
        self.x
    }

    /// Compares the sender's proof with ours. Ours never leaves: the sender could search the noise positions with it.
    pub fn compare(&self, context: &Context, seen: &[u8; 32], theirs: &[u8]) -> Result<(), Fault> {
        if bool::from(proof(context, self.direction, seen, self.expected).ct_eq(theirs)) {
            Ok(())
        } else {
            Err(Fault::Failed)
        }
    }

    pub fn mask(&self) -> Block {
        self.mask
    }

    /// The noisy inputs as the receiver sees them: e, before the code.
    pub fn noise(&self) -> Noise {
        Noise { leaves: self.vole.leaves, positions: self.positions.clone(), inputs: self.inputs.clone() }
    }

    /// Queues the code over the corrected leaves and the decoding of our tokens.
    pub fn read(&mut self, worker: &Worker, encoded: Arc<Mutex<Option<Encoded>>>, keep: bool) -> Task<Result<Read, Fault>> {
        let (table, vole) = (self.table, self.vole);
        let mut leaves = Zeroizing::new(std::mem::take(&mut *self.leaves));
        worker.submit(move || {
            Code::new(vole.outputs()).encode(&mut leaves, table.columns());
            leaves.truncate(table.columns());
            let columns = leaves;
            let encoded = lock(&encoded);
            let rows = &encoded.as_ref().ok_or(Fault::Failed)?.rows;
            let mut values = Zeroizing::new(pages::zeroed(rows.len()));
            okvs::decode(&table, rows, &columns, 0, &mut values);
            Ok(Read { values, columns: keep.then_some(columns) })
        })
    }
}

/// The table that the worker built. A job that died while it held the lock leaves it as it was.
pub fn lock(encoded: &Mutex<Option<Encoded>>) -> MutexGuard<'_, Option<Encoded>> {
    encoded.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What reading C leaves behind.
pub struct Read {
    /// Dec(C, x), in the order of the tokens.
    pub values: Zeroizing<Vec<Block>>,
    /// C, kept only for an inspector.
    pub columns: Option<Zeroizing<Vec<Block>>>,
}

/// Encodes the tokens under the first seed that works. Tokens that repeat cannot be encoded under any.
pub fn encode(context: &Context, dice: &Dice, direction: Direction, tokens: &[u8]) -> Result<Encoded, Fault> {
    let d = direction as u8;
    let table = Okvs::new(tokens.len() / rows::TOKEN);
    for draw in 0..DRAWS {
        let seed: [u8; 32] = dice.bytes("row seed", d, draw);
        let rows = rows::rows(&table, &context.key("row", d, &seed), tokens, Rows::default());
        if let Ok(columns) = okvs::encode(&table, &rows, dice.block("free columns", d, draw)) {
            return Ok(Encoded { seed, rows, columns: Zeroizing::new(columns) });
        }
    }
    Err(Fault::Unsolvable)
}
