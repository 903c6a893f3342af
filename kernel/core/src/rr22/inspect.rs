//! The audit of spec/matching, step 6, for this engine: an inspector who holds both parties' records recomputes F of any token.
//!
//! F cannot be proved to the peer: two values of K under one delta would show it delta. So the records go to the inspector alone,
//! who can then test guesses against both sets: the agreement names the inspector for that reason.

use subtle::ConstantTimeEq;

use super::gf128::{self, Block};
use super::okvs;
use super::output;
use super::params::Okvs;
use super::rows;
use super::seeds::{block_of, push_blocks, Context, Direction};
use super::session::Record;
use super::Fault;

const HEAD: usize = 3 * 16 + 2 * 32;

impl Record {
    /// delta, w keyed, w queried, the peer's row seed, our row seed, then K, C and P: what the inspector takes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let columns = self.keyed.len() + 2 * self.queried.len();
        let mut out = Vec::with_capacity(HEAD + columns * 16);
        push_blocks(&mut out, &[self.delta, self.masks[0], self.masks[1]]);
        out.extend_from_slice(&self.their_seed);
        out.extend_from_slice(&self.our_seed);
        push_blocks(&mut out, &self.keyed);
        push_blocks(&mut out, &self.queried);
        push_blocks(&mut out, &self.encoded);
        out
    }
}

/// A record as bytes, cut to its parts: how many columns K has says where C begins. `view` checks the length.
struct View<'a>(&'a [u8], usize);

fn view(bytes: &[u8], keyed: usize, queried: usize) -> Result<View<'_>, Fault> {
    if bytes.len() != HEAD + (keyed + 2 * queried) * 16 {
        return Err(Fault::Malformed);
    }
    Ok(View(bytes, keyed))
}

impl View<'_> {
    fn head(&self, at: usize) -> Block {
        block_of(&self.0[at * 16..])
    }

    fn seed(&self, ours: bool) -> [u8; 32] {
        let at = 48 + 32 * usize::from(ours);
        let mut seed = [0; 32];
        seed.copy_from_slice(&self.0[at..at + 32]);
        seed
    }

    fn columns(&self, from: usize, count: usize) -> Vec<Block> {
        self.0[HEAD + from * 16..HEAD + (from + count) * 16].chunks_exact(16).map(block_of).collect()
    }
}

/// One direction of a run as the inspector sees it, after K = C + delta P was checked on every column.
struct Checked {
    direction: Direction,
    table: Okvs,
    delta: Block,
    mask: Block,
    seed: [u8; 32],
    keyed: Vec<Block>,
    encoded: Vec<Block>,
}

/// `keyer` and `querier` are the records of the parties that key and query the direction; `n` is the querier's number of tokens.
fn check(direction: Direction, n: usize, keyer: &View<'_>, querier: &View<'_>) -> Result<Checked, Fault> {
    let table = Okvs::new(n);
    let m = table.columns();
    let (delta, mask, seed) = (keyer.head(0), keyer.head(1), keyer.seed(false));
    let keyed = keyer.columns(0, m);
    let mut read = querier.columns(querier.1, m);
    let encoded = querier.columns(querier.1 + m, m);
    gf128::add_scaled(&mut read, delta, &encoded);
    let different = read.iter().zip(&keyed).fold(0, |sum, (a, b)| sum | (a ^ b));
    let agreed = different.to_le_bytes().ct_eq(&[0; 16]) & mask.to_le_bytes().ct_eq(&querier.head(2).to_le_bytes());
    if !bool::from(agreed & seed.ct_eq(&querier.seed(true))) {
        return Err(Fault::Failed);
    }
    Ok(Checked { direction, table, delta, mask, seed, keyed, encoded })
}

impl Checked {
    /// F_d of the tokens; with `queried`, each must be encoded in P as the party that queried it claims.
    fn evaluate(&self, context: &Context, tokens: &[u8], queried: bool) -> Result<Vec<Block>, Fault> {
        let rows = rows::rows(&self.table, &context.key("row", self.direction as u8, &self.seed), tokens, rows::Rows::default());
        let mut values = vec![0; tokens.len() / rows::TOKEN];
        if queried {
            okvs::decode(&self.table, &rows, &self.encoded, 0, &mut values);
            if rows.iter().any(|row| values[row.position as usize] != row.value) {
                return Err(Fault::Failed);
            }
        }
        okvs::decode(&self.table, &rows, &self.keyed, self.delta, &mut values);
        output::finish_direction(context, self.direction, self.mask, &mut values, tokens);
        Ok(values)
    }
}

/// A finished run, as both parties recorded it.
pub struct Case<'a> {
    pub context: &'a [u8],
    /// Declared numbers of tokens: first party's, second party's.
    pub sizes: [usize; 2],
    /// Records: first party's, second party's.
    pub records: [&'a [u8]; 2],
}

/// F of tokens that one party says it queried. `Failed` where the records contradict each other or a token was not queried.
pub fn inspect(case: &Case<'_>, owner_is_first: bool, tokens: &[u8], width: usize) -> Result<Vec<u8>, Fault> {
    let [first, second] = case.sizes;
    let context = Context::new(case.context, first as u64, second as u64);
    let tokens = rows::normalise(&context.key("token", 0, &[]), tokens, width);
    let columns = [Okvs::new(first).columns(), Okvs::new(second).columns()];
    let records = [view(case.records[0], columns[1], columns[0])?, view(case.records[1], columns[0], columns[1])?];
    let by_first = check(Direction::KeyedByFirst, second, &records[0], &records[1])?;
    let by_second = check(Direction::KeyedBySecond, first, &records[1], &records[0])?;
    let one = by_first.evaluate(&context, &tokens, !owner_is_first)?;
    let two = by_second.evaluate(&context, &tokens, owner_is_first)?;
    Ok(output::combine(&context, &one, &two, &tokens))
}
