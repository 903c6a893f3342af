//! The oblivious key-value store: a 3-hash garbled cuckoo table in bins, each bin with dense columns of its own (RR22, section 4).
//!
//! P solves `P[a] + P[b] + P[c] + sum_j D[j] factor^(j+1) = value` for every row. Rows are peeled (a column of degree one fixes its
//! row last); what cannot be peeled, usually nothing or a handful of rows, is solved by elimination with the dense columns.

use super::gf128::{self, with_multiplier, Block, Multiply};
use super::pages;
use super::params::Okvs;
use super::rows::{Row, Rows};
use super::seeds::Stream;

/// A set that cannot be encoded under this seed: the caller draws another (it has not been sent).
#[derive(Debug, PartialEq, Eq)]
pub struct Unsolvable;

/// The largest remainder that elimination is tried on; larger ones occur with far less than 2^-50.
const LARGEST_CORE: usize = 256;

/// Columns P for the rows. Columns that no row fixes are drawn from `free`.
pub fn encode(shape: &Okvs, rows: &Rows, free: Block) -> Result<Vec<Block>, Unsolvable> {
    let mut columns = pages::zeroed(shape.columns());
    Stream::new(free).blocks(&mut columns);
    let mut work = Peeling::default();
    for bin in 0..shape.bins {
        let rows = rows.bin(bin);
        if rows.len() > shape.capacity {
            return Err(Unsolvable);
        }
        let columns = &mut columns[bin * shape.stride()..(bin + 1) * shape.stride()];
        let (sparse, dense) = columns.split_at_mut(shape.sparse);
        encode_bin(rows, sparse, dense, &mut work)?;
    }
    Ok(columns)
}

#[derive(Default)]
struct Peeling {
    /// Rows that still touch a column, and the xor of their numbers.
    degree: Vec<u32>,
    mixed: Vec<u32>,
    waiting: Vec<u16>,
    /// (row, column that it fixes), in the order of peeling.
    order: Vec<(u32, u16)>,
}

fn encode_bin(rows: &[Row], sparse: &mut [Block], dense: &mut [Block], work: &mut Peeling) -> Result<(), Unsolvable> {
    let kept = peel(rows, sparse.len(), work);
    if kept > 0 {
        let peeled: Vec<bool> = {
            let mut flags = vec![false; rows.len()];
            work.order.iter().for_each(|(row, _)| flags[*row as usize] = true);
            flags
        };
        let core: Vec<Row> = rows.iter().zip(&peeled).filter(|(_, done)| !**done).map(|(row, _)| *row).collect();
        solve_core(&core, sparse, dense)?;
    }
    let (order, dense) = (&work.order[..], &dense[..]);
    with_multiplier!(substitute(rows: &[Row], order: &[(u32, u16)], sparse: &mut [Block], dense: &[Block]));
    Ok(())
}

/// Peels what it can; returns how many rows are left.
fn peel(rows: &[Row], columns: usize, work: &mut Peeling) -> usize {
    work.degree.clear();
    work.degree.resize(columns, 0);
    work.mixed.clear();
    work.mixed.resize(columns, 0);
    work.waiting.clear();
    work.order.clear();
    for (number, row) in rows.iter().enumerate() {
        for c in row.columns {
            work.degree[usize::from(c)] += 1;
            work.mixed[usize::from(c)] ^= number as u32;
        }
    }
    for (c, degree) in work.degree.iter().enumerate() {
        if *degree == 1 {
            work.waiting.push(c as u16);
        }
    }
    while let Some(column) = work.waiting.pop() {
        if work.degree[usize::from(column)] != 1 {
            continue;
        }
        let number = work.mixed[usize::from(column)];
        work.order.push((number, column));
        for c in rows[number as usize].columns {
            let c = usize::from(c);
            work.degree[c] -= 1;
            work.mixed[c] ^= number;
            if work.degree[c] == 1 {
                work.waiting.push(c as u16);
            }
        }
    }
    rows.len() - work.order.len()
}

/// Last peeled first: every other column of the row is known by then.
#[inline(always)]
fn substitute<M: Multiply>(m: M, rows: &[Row], order: &[(u32, u16)], sparse: &mut [Block], dense: &[Block]) {
    for (number, column) in order.iter().rev() {
        let row = &rows[*number as usize];
        sparse[usize::from(*column)] = 0;
        let known = sparse[usize::from(row.columns[0])]
            ^ sparse[usize::from(row.columns[1])]
            ^ sparse[usize::from(row.columns[2])]
            ^ dense_part(m, row.factor, dense);
        sparse[usize::from(*column)] = row.value ^ known;
    }
}

/// sum_j dense[j] * factor^(j+1), by Horner.
#[inline(always)]
fn dense_part<M: Multiply>(m: M, factor: Block, dense: &[Block]) -> Block {
    dense.iter().rev().fold(0, |sum, d| m.mul(sum ^ d, factor))
}

/// Gauss-Jordan over the columns that the remaining rows touch and the dense ones; free unknowns keep their drawn values.
fn solve_core(core: &[Row], sparse: &mut [Block], dense: &mut [Block]) -> Result<(), Unsolvable> {
    if core.len() > LARGEST_CORE {
        return Err(Unsolvable);
    }
    let mut touched: Vec<u16> = core.iter().flat_map(|r| r.columns).collect();
    touched.sort_unstable();
    touched.dedup();
    let unknowns = touched.len() + dense.len();
    let mut drawn: Vec<Block> = touched.iter().map(|c| sparse[usize::from(*c)]).collect();
    drawn.extend_from_slice(dense);
    let mut system: Vec<Vec<Block>> = core
        .iter()
        .map(|row| {
            let mut line = vec![0; unknowns + 1];
            for c in row.columns {
                line[touched.partition_point(|t| *t < c)] ^= 1;
            }
            let mut power = 1;
            for j in 0..dense.len() {
                power = gf128::mul(power, row.factor);
                line[touched.len() + j] = power;
            }
            line[unknowns] = row.value;
            line
        })
        .collect();
    let mut pivots = Vec::with_capacity(core.len());
    for i in 0..system.len() {
        let pivot = (0..unknowns).find(|u| system[i][*u] != 0).ok_or(Unsolvable)?;
        let scale = gf128::inverse(system[i][pivot]);
        system[i].iter_mut().for_each(|v| *v = gf128::mul(*v, scale));
        let line = system[i].clone();
        for (k, other) in system.iter_mut().enumerate() {
            if k != i && other[pivot] != 0 {
                let factor = other[pivot];
                gf128::add_scaled(other, factor, &line);
            }
        }
        pivots.push(pivot);
    }
    let mut solution = drawn;
    let is_pivot: Vec<bool> = (0..unknowns).map(|u| pivots.contains(&u)).collect();
    for (line, pivot) in system.iter().zip(&pivots) {
        solution[*pivot] =
            (0..unknowns).filter(|u| !is_pivot[*u]).fold(line[unknowns], |sum, u| sum ^ gf128::mul(line[u], solution[u]));
    }
    for (c, value) in touched.iter().zip(&solution) {
        sparse[usize::from(*c)] = *value;
    }
    dense.copy_from_slice(&solution[touched.len()..]);
    Ok(())
}

#[inline(always)]
fn decode_with<M: Multiply>(m: M, shape: &Okvs, rows: &Rows, columns: &[Block], offset: Block, out: &mut [Block]) {
    for bin in 0..shape.bins {
        let columns = &columns[bin * shape.stride()..(bin + 1) * shape.stride()];
        let (sparse, dense) = columns.split_at(shape.sparse);
        for row in rows.bin(bin) {
            let found = sparse[usize::from(row.columns[0])]
                ^ sparse[usize::from(row.columns[1])]
                ^ sparse[usize::from(row.columns[2])]
                ^ dense_part(m, row.factor, dense);
            out[row.position as usize] = found ^ m.mul(offset, row.value);
        }
    }
}

/// out[position] = Dec(columns, x) + offset * H_B(x). The receiver's offset is 0, the sender's is delta.
pub fn decode(shape: &Okvs, rows: &Rows, columns: &[Block], offset: Block, out: &mut [Block]) {
    with_multiplier!(decode_with(shape: &Okvs, rows: &Rows, columns: &[Block], offset: Block, out: &mut [Block]));
}

#[cfg(test)]
mod tests {
    use super::super::rows::{rows, TOKEN};
    use super::*;

    fn tokens(n: usize, salt: u32) -> Vec<u8> {
        let mut out = vec![0; n * TOKEN];
        blake3::Hasher::new().update(&salt.to_le_bytes()).finalize_xof().fill(&mut out);
        out
    }

    #[test]
    fn every_key_decodes_to_its_value_and_others_do_not() {
        for n in [0usize, 1, 2, 127, 128, 1000, 40_000] {
            let shape = Okvs::new(n);
            let grouped = rows(&shape, &[9; 32], &tokens(n, 1), Rows::default());
            let columns = encode(&shape, &grouped, 77).unwrap();
            let mut out = vec![0; n];
            decode(&shape, &grouped, &columns, 0, &mut out);
            for row in grouped.iter() {
                assert_eq!(out[row.position as usize], row.value);
            }
            let strangers = rows(&shape, &[9; 32], &tokens(500, 2), Rows::default());
            let mut out = vec![0; 500];
            decode(&shape, &strangers, &columns, 0, &mut out);
            assert!(strangers.iter().all(|row| out[row.position as usize] != row.value));
        }
    }

    #[test]
    fn decoding_is_linear_so_the_sender_finds_the_receivers_value() {
        let shape = Okvs::new(300);
        let grouped = rows(&shape, &[9; 32], &tokens(300, 1), Rows::default());
        let p = encode(&shape, &grouped, 5).unwrap();
        let (delta, c) =
            (0x1234_5678 << 90 | 77, encode(&shape, &rows(&shape, &[8; 32], &tokens(300, 9), Rows::default()), 6).unwrap());
        let mut k = c.clone();
        gf128::add_scaled(&mut k, delta, &p);
        let (mut ours, mut theirs) = (vec![0; 300], vec![0; 300]);
        decode(&shape, &grouped, &c, 0, &mut ours);
        decode(&shape, &grouped, &k, delta, &mut theirs);
        assert_eq!(ours, theirs);
    }

    #[test]
    fn equal_keys_cannot_be_encoded_apart_and_are_reported() {
        let shape = Okvs::new(128);
        let mut grouped = rows(&shape, &[9; 32], &tokens(128, 1), Rows::default());
        let rows = grouped.bin_mut(0);
        rows[1] = rows[0];
        rows[1].value ^= 1;
        assert_eq!(encode(&shape, &grouped, 5), Err(Unsolvable));
    }

    #[test]
    fn a_core_that_does_not_peel_is_solved_with_the_dense_columns() {
        let shape = Okvs::new(128);
        let mut grouped = rows(&shape, &[9; 32], &tokens(128, 1), Rows::default());
        for i in 1..shape.dense {
            grouped.bin_mut(0)[i].columns = grouped.bin(0)[0].columns;
        }
        let columns = encode(&shape, &grouped, 5).unwrap();
        let mut out = vec![0; 128];
        decode(&shape, &grouped, &columns, 0, &mut out);
        assert!(grouped.iter().all(|row| out[row.position as usize] == row.value));
    }

    /// RR22's formulas are fitted: at small lambda the measured failures must not exceed what lambda promises.
    #[test]
    fn the_failure_probability_is_no_worse_than_the_formula_at_small_lambda() {
        for (n, lambda, bin) in [(512usize, 5.0, 1 << 14), (2048, 4.0, 1 << 14), (2048, 4.0, 512)] {
            let shape = Okvs::at(n, lambda, bin);
            let trials = 600u32;
            let failures = (0..trials)
                .filter(|t| {
                    let mut key = [0; 32];
                    key[..4].copy_from_slice(&t.to_le_bytes());
                    encode(&shape, &rows(&shape, &key, &tokens(n, *t), Rows::default()), 5).is_err()
                })
                .count() as f64;
            let expected = f64::from(trials) * (-lambda).exp2();
            assert!(
                failures <= expected + 4.0 * expected.sqrt(),
                "n {n}, lambda {lambda}: {failures} of {trials}, {expected} allowed"
            );
        }
    }
}
