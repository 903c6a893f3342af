//! Tokens as rows of the OKVS: one BLAKE3 block a token gives its bin, its three columns, its dense factor and H_B.

use super::gf128::Block;
use super::lanes::{self, Key, LANES, WORDS};
use super::pages;
use super::params::{self, Okvs};

/// Bytes of a token inside the engine; other widths are hashed to this first.
pub const TOKEN: usize = 32;

/// One token's row in the table of its bin.
#[derive(Clone, Copy, Default)]
pub struct Row {
    /// The right-hand side H_B(x).
    pub value: Block,
    /// The dense columns take factor, factor^2, ...: independent of `value`, or a receiver could answer for every token at once.
    pub factor: Block,
    /// Three distinct sparse columns.
    pub columns: [u16; 3],
    /// Position of the token in the caller's order.
    pub position: u32,
}

/// Rows grouped by bin, each bin in a stretch of its own with some room left.
#[derive(Default)]
pub struct Rows {
    rows: Vec<Row>,
    /// Where each bin's rows lie.
    spans: Vec<(usize, usize)>,
    count: usize,
}

impl Rows {
    /// The rows of one bin.
    pub fn bin(&self, bin: usize) -> &[Row] {
        let (start, end) = self.spans[bin];
        &self.rows[start..end]
    }

    /// The rows of one bin, to be changed by a test.
    #[cfg(test)]
    pub fn bin_mut(&mut self, bin: usize) -> &mut [Row] {
        let (start, end) = self.spans[bin];
        &mut self.rows[start..end]
    }

    /// All rows, bin by bin.
    pub fn iter(&self) -> impl Iterator<Item = &Row> {
        (0..self.spans.len()).flat_map(|b| self.bin(b))
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.count
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// x scaled from 32 bits to 0..range, without a division.
#[inline(always)]
fn scale(x: u32, range: u32) -> u32 {
    ((u64::from(x) * u64::from(range)) >> 32) as u32
}

/// Three distinct values in 0..range, uniform up to 2^-16: drawn from 0..range, 0..range-1 and 0..range-2, then moved past the others.
#[inline(always)]
fn distinct(a: u32, b: u32, c: u32, range: u32) -> [u16; 3] {
    let a = scale(a, range);
    let mut b = scale(b, range - 1);
    b += u32::from(b >= a);
    let mut c = scale(c, range - 2);
    let (low, high) = (a.min(b), a.max(b));
    c += u32::from(c >= low);
    c += u32::from(c >= high);
    [a as u16, b as u16, c as u16]
}

/// The row and the bin of each lane of a hashed batch. Words 0-3 H_B, 4-7 the factor, 8-9 the bin, 10-12 the columns.
#[inline(always)]
fn row_of(shape: &Okvs, batch: &lanes::Batch, lane: usize, position: u32) -> (usize, Row) {
    let high = u64::from(batch[8][lane]) | u64::from(batch[9][lane]) << 32;
    let bin = ((u128::from(high) * shape.bins as u128) >> 64) as usize;
    let columns = distinct(batch[10][lane], batch[11][lane], batch[12][lane], shape.sparse as u32);
    (bin, Row { value: lanes::block(batch, lane, 0), factor: lanes::block(batch, lane, 4), columns, position })
}

/// Rows of all tokens (TOKEN bytes each) under one key. `spare` are rows that are no longer needed, for their memory.
pub fn rows(shape: &Okvs, key: &[u8; 32], tokens: &[u8], spare: Rows) -> Rows {
    let mut memory = spare.rows;
    let n = tokens.len() / TOKEN;
    // Placed straight into their bins; should one run over its room (2^-50), everything is placed again with more.
    let mut room =
        if shape.bins == 1 { n } else { params::fullest(n as f64 / shape.bins as f64, params::STATISTICAL + 10.0).min(n) };
    loop {
        match place(shape, &Key::new(key), tokens, room, memory) {
            Ok(rows) => return rows,
            Err(unused) => (room, memory) = ((2 * room).min(n), unused),
        }
    }
}

/// Places every row in its bin; gives the memory back where a bin has more than `room`.
fn place(shape: &Okvs, key: &Key, tokens: &[u8], room: usize, memory: Vec<Row>) -> Result<Rows, Vec<Row>> {
    let mut rows = if memory.capacity() < room * shape.bins { pages::room(room * shape.bins) } else { memory };
    rows.resize(room * shape.bins, Row::default());
    let mut spans: Vec<(usize, usize)> = (0..shape.bins).map(|b| (b * room, b * room)).collect();
    let mut message = [[0; LANES]; WORDS];
    let mut out = [[0; LANES]; WORDS];
    for (group, chunk) in tokens.chunks(TOKEN * LANES).enumerate() {
        let lanes_used = chunk.len() / TOKEN;
        for lane in 0..lanes_used {
            lanes::put(&mut message, lane, 0, &chunk[lane * TOKEN..(lane + 1) * TOKEN]);
        }
        lanes::hash(key, &message, TOKEN as u32, &mut out);
        for lane in 0..lanes_used {
            let (bin, row) = row_of(shape, &out, lane, (group * LANES + lane) as u32);
            let (start, end) = &mut spans[bin];
            if *end - *start == room {
                return Err(rows);
            }
            rows[*end] = row;
            *end += 1;
        }
    }
    Ok(Rows { rows, spans, count: tokens.len() / TOKEN })
}

/// Tokens of any width as TOKEN bytes each: 32-byte tokens stand for themselves, others are hashed under `key`.
pub fn normalise(key: &[u8; 32], tokens: &[u8], width: usize) -> Vec<u8> {
    if width == TOKEN {
        return tokens.to_vec();
    }
    let mut out = Vec::with_capacity(tokens.len() / width * TOKEN);
    for token in tokens.chunks_exact(width) {
        out.extend_from_slice(blake3::keyed_hash(key, token).as_bytes());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_columns_are_distinct_and_cover_the_range() {
        let mut seen = [0u32; 5];
        let mut x = 1u32;
        for _ in 0..20_000 {
            let mut draw = || {
                x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                x
            };
            let [a, b, c] = distinct(draw(), draw(), draw(), 5);
            assert!(a != b && b != c && a != c && a < 5 && b < 5 && c < 5);
            for v in [a, b, c] {
                seen[v as usize] += 1;
            }
        }
        assert!(seen.iter().all(|s| (11_400..12_600).contains(s)), "{seen:?}");
    }

    #[test]
    fn every_token_gets_one_row_in_the_bin_of_its_hash() {
        let shape = Okvs::at(1000, 20.0, 128);
        let tokens: Vec<u8> = (0..1000u32).flat_map(|i| *blake3::hash(&i.to_le_bytes()).as_bytes()).collect();
        let grouped = rows(&shape, &[3; 32], &tokens, Rows::default());
        assert_eq!((grouped.len(), grouped.is_empty()), (1000, false));
        let mut seen: Vec<u32> = grouped.iter().map(|r| r.position).collect();
        seen.sort_unstable();
        assert!(seen.len() == 1000 && seen.iter().enumerate().all(|(i, p)| i as u32 == *p));
        let one = rows(&shape, &[3; 32], &tokens[32 * 17..32 * 18], Rows::default());
        let bin = (0..shape.bins).find(|b| !one.bin(*b).is_empty()).unwrap();
        let (alone, found) = (one.bin(bin)[0], grouped.bin(bin).iter().find(|r| r.position == 17).unwrap());
        assert_eq!((found.value, found.factor, found.columns), (alone.value, alone.factor, alone.columns));
    }

    #[test]
    fn a_bin_that_runs_over_its_room_is_placed_again() {
        let shape = Okvs::at(600, 20.0, 128);
        let token = *blake3::hash(b"the same token six hundred times fills one bin").as_bytes();
        let grouped = rows(&shape, &[3; 32], &token.repeat(600), Rows::default());
        assert_eq!((0..shape.bins).map(|b| grouped.bin(b).len()).max(), Some(600));
    }
}
