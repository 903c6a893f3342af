//! The batch steps of one round of the `dh` engine (spec/engine-dh): RFC 9497's Blind, BlindEvaluate and Finalize, in both directions.
//!
//! Rows are shared out in tasks of at most 4096, so memory beyond the arguments and the output stays constant. A blind is a hash
//! of the seed, the position *and* the row: should a seed ever meet other rows, no two elements share a blind.

use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::Identity;
use rayon::prelude::*;
use sha2::{Digest, Sha256, Sha512};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::dleq::{accept, weighted_sum, Statement, PROOF};
use crate::suite::{decode_element, decode_secret, encode_doubles, finalize, hash_to_group, wide_scalar, ELEMENT, SCALAR};
use crate::{count_rows, row32, rows_per_task, Error, Result};

pub const ROW: usize = 32;

fn count_inputs(rows: &[u8], width: usize) -> Result<usize> {
    if width > usize::from(u16::MAX) {
        return Err(Error::Misuse("a row is at most 65535 bytes"));
    }
    count_rows(rows, width)
}

fn blind_scalar(seed: &[u8; 32], position: u64, row: &[u8]) -> Scalar {
    let mut hash = Sha512::new_with_prefix(b"detente/dh/blind/1");
    hash.update(seed);
    hash.update(position.to_be_bytes());
    hash.update(row);
    let scalar = wide_scalar(hash);
    // Zero comes up once in 2^252 hashes; it would blind nothing.
    if scalar == Scalar::ZERO {
        return Scalar::ONE;
    }
    scalar
}

/// Which rows, and from what their blinds are derived.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    pub seed: &'a [u8; 32],
    pub rows: &'a [u8],
    pub width: usize,
}

impl Inputs<'_> {
    fn blinds(&self, first: usize, rows: &[u8]) -> Zeroizing<Vec<Scalar>> {
        let blind = |(i, row)| blind_scalar(self.seed, (first + i) as u64, row);
        Zeroizing::new(rows.chunks_exact(self.width).enumerate().map(blind).collect())
    }
}

/// The query of every row, `blind * H(row)`, and our own evaluation of it, `key * H(row)`: one hash to the group serves both.
pub fn begin(inputs: &Inputs<'_>, key: &[u8], queries: &mut [u8], own: &mut [u8]) -> Result<()> {
    let n = count_inputs(inputs.rows, inputs.width)?;
    if queries.len() != n * ELEMENT || own.len() != n * ELEMENT {
        return Err(Error::Misuse("one element a row"));
    }
    let half_key = Zeroizing::new(decode_secret(key)?.div_by_2());
    let task = rows_per_task(n);
    inputs
        .rows
        .par_chunks(task * inputs.width)
        .zip(queries.par_chunks_mut(task * ELEMENT).zip(own.par_chunks_mut(task * ELEMENT)))
        .enumerate()
        .try_for_each(|(chunk, (rows, (queries, own)))| {
            let points: Vec<RistrettoPoint> = rows.chunks_exact(inputs.width).map(hash_to_group).collect::<Result<_>>()?;
            let blinds = halved(inputs.blinds(chunk * task, rows));
            let halves: Vec<_> = points.iter().zip(blinds.iter()).map(|(p, b)| p * b).collect();
            encode_doubles(&halves, queries);
            let halves: Vec<_> = points.iter().map(|p| p * &*half_key).collect();
            encode_doubles(&halves, own);
            Ok(())
        })
}

/// `key * element` of every element (BlindEvaluate). Refuses encodings that are not canonical, and the identity.
pub fn evaluate(key: &[u8], elements: &[u8], out: &mut [u8]) -> Result<()> {
    let n = count_rows(elements, ELEMENT)?;
    if out.len() != elements.len() {
        return Err(Error::Misuse("one evaluation an element"));
    }
    let half_key = Zeroizing::new(decode_secret(key)?.div_by_2());
    let task = rows_per_task(n) * ELEMENT;
    elements.par_chunks(task).zip(out.par_chunks_mut(task)).try_for_each(|(elements, out)| {
        let halves: Vec<RistrettoPoint> =
            elements.chunks_exact(ELEMENT).map(|element| Ok(decode_element(element)? * &*half_key)).collect::<Result<_>>()?;
        encode_doubles(&halves, out);
        Ok(())
    })
}

/// `blind * H(row)` with the blinds given (RFC 9497, section 3.3.2, Blind).
pub fn blind_with(blinds: &[u8], rows: &[u8], width: usize, out: &mut [u8]) -> Result<()> {
    let n = count_inputs(rows, width)?;
    if blinds.len() != n * SCALAR || out.len() != n * ELEMENT {
        return Err(Error::Misuse("one blind and one element a row"));
    }
    rows.chunks_exact(width).zip(blinds.chunks_exact(SCALAR).zip(out.chunks_exact_mut(ELEMENT))).try_for_each(
        |(row, (blind, out))| {
            let point = hash_to_group(row)? * &*decode_secret(blind)?;
            out.copy_from_slice(point.compress().as_bytes());
            Ok(())
        },
    )
}

/// Finalize of RFC 9497, section 3.3.2, without its proof: unblinds and hashes, 64 bytes a row.
pub fn finalize_with(blinds: &[u8], rows: &[u8], width: usize, evaluated: &[u8], out: &mut [u8]) -> Result<()> {
    let n = count_inputs(rows, width)?;
    if blinds.len() != n * SCALAR || evaluated.len() != n * ELEMENT || out.len() != n * 64 {
        return Err(Error::Misuse("one blind, one evaluation and one output a row"));
    }
    for (i, row) in rows.chunks_exact(width).enumerate() {
        let at = i * ELEMENT..(i + 1) * ELEMENT;
        let blind = decode_secret(&blinds[at.clone()])?;
        let inverse = Zeroizing::new(blind.invert());
        let element = (decode_element(&evaluated[at])? * &*inverse).compress();
        out[i * 64..(i + 1) * 64].copy_from_slice(&finalize(row, element.as_bytes()));
    }
    Ok(())
}

/// How the two evaluations of a row become its output F.
#[derive(Clone, Copy)]
pub struct Joint<'a> {
    pub context: &'a [u8],
    /// Whether the key of these calls' `own` column is the first party's.
    pub own_is_first: bool,
}

impl Joint<'_> {
    fn start(&self) -> Sha256 {
        let mut hash = Sha256::new_with_prefix(b"detente/dh/F/1");
        hash.update((self.context.len() as u64).to_be_bytes());
        hash.update(self.context);
        hash
    }

    /// SHA-256("detente/dh/F/1" || len(context) || context || F_first || F_second || row).
    fn output(&self, start: &Sha256, row: &[u8], own: &[u8], theirs: &[u8]) -> [u8; ROW] {
        let (first, second) = if self.own_is_first { (own, theirs) } else { (theirs, own) };
        let mut hash = start.clone();
        hash.update(finalize(row, first));
        hash.update(finalize(row, second));
        hash.update(row);
        hash.finalize().into()
    }
}

/// Checks the peer's evaluations of our queries against its public key, and gives F of every row. One pass over the batch:
/// the weights are known beforehand, so decoding serves the proof and the unblinding. Nothing is to be read from `out` on an error.
pub fn finish(
    inputs: &Inputs<'_>,
    statement: &Statement<'_>,
    proof: &[u8],
    own: &[u8],
    joint: &Joint<'_>,
    out: &mut [u8],
) -> Result<()> {
    let n = count_inputs(inputs.rows, inputs.width)?;
    if statement.pairs()? != n || own.len() != n * ELEMENT || out.len() != n * ROW {
        return Err(Error::Misuse("one query, one evaluation and one output a row"));
    }
    let (seed, start) = (statement.seed(), joint.start());
    let task = rows_per_task(n);
    let (blinded, evaluated) = (statement.blinded.par_chunks(task * ELEMENT), statement.evaluated.par_chunks(task * ELEMENT));
    let (m, z) = inputs
        .rows
        .par_chunks(task * inputs.width)
        .zip(blinded.zip(evaluated))
        .zip(own.par_chunks(task * ELEMENT).zip(out.par_chunks_mut(task * ROW)))
        .enumerate()
        .map(|(chunk, ((rows, (blinded, evaluated)), (own, out)))| {
            let first = chunk * task;
            let queries: Vec<RistrettoPoint> = decode_all(blinded)?;
            let answers: Vec<RistrettoPoint> = decode_all(evaluated)?;
            let sums = (weighted_sum(&seed, first, &queries), weighted_sum(&seed, first, &answers));
            let theirs = unblind(inputs.blinds(first, rows), &answers);
            let columns = own.chunks_exact(ELEMENT).zip(theirs.chunks_exact(ELEMENT));
            for ((row, (own, theirs)), out) in rows.chunks_exact(inputs.width).zip(columns).zip(out.chunks_exact_mut(ROW)) {
                out.copy_from_slice(&joint.output(&start, row, own, theirs));
            }
            Ok(sums)
        })
        .try_reduce(|| (RistrettoPoint::identity(), RistrettoPoint::identity()), |a, b| Ok((a.0 + b.0, a.1 + b.1)))?;
    accept(&seed, statement.public, &m, &z, proof)
}

fn decode_all(elements: &[u8]) -> Result<Vec<RistrettoPoint>> {
    elements.chunks_exact(ELEMENT).map(decode_element).collect()
}

/// Encodings of `answer / blind`. One inversion a batch.
fn unblind(mut blinds: Zeroizing<Vec<Scalar>>, answers: &[RistrettoPoint]) -> Zeroizing<Vec<u8>> {
    let _product = Zeroizing::new(Scalar::invert_batch_alloc(&mut blinds));
    let blinds = halved(blinds);
    let halves: Vec<RistrettoPoint> = answers.iter().zip(blinds.iter()).map(|(p, b)| p * b).collect();
    let mut out = Zeroizing::new(vec![0u8; answers.len() * ELEMENT]);
    encode_doubles(&halves, &mut out);
    out
}

/// Half of each scalar, in place: `encode_doubles` doubles the products again.
fn halved(mut scalars: Zeroizing<Vec<Scalar>>) -> Zeroizing<Vec<Scalar>> {
    for scalar in scalars.iter_mut() {
        *scalar = scalar.div_by_2();
    }
    scalars
}

/// What an audit shows of one position: the blind of its query and our evaluation of its row, with one proof for all.
pub struct Shown {
    pub blinds: Zeroizing<Vec<u8>>,
    pub evaluated: Vec<u8>,
    pub proof: [u8; PROOF],
}

/// Opens the queries of some rows. `rows` holds one row a position; `info` separates this proof from the round's.
pub fn show(inputs: &Inputs<'_>, positions: &[u64], key: &[u8], public: &[u8; 32], info: &[u8]) -> Result<Shown> {
    if count_inputs(inputs.rows, inputs.width)? != positions.len() {
        return Err(Error::Misuse("one row a position"));
    }
    let mut blinds = Zeroizing::new(Vec::with_capacity(positions.len() * SCALAR));
    let mut hashed = Vec::with_capacity(positions.len() * ELEMENT);
    for (row, position) in inputs.rows.chunks_exact(inputs.width).zip(positions) {
        blinds.extend_from_slice(Zeroizing::new(blind_scalar(inputs.seed, *position, row)).as_bytes());
        hashed.extend_from_slice(hash_to_group(row)?.compress().as_bytes());
    }
    let mut evaluated = vec![0u8; hashed.len()];
    evaluate(key, &hashed, &mut evaluated)?;
    let proof = crate::dleq::prove(key, &Statement { public, info, blinded: &hashed, evaluated: &evaluated })?;
    Ok(Shown { blinds, evaluated, proof })
}

/// What the peer showed of `rows`, beside the queries that it sent at those positions.
#[derive(Clone, Copy)]
pub struct Claim<'a> {
    pub rows: &'a [u8],
    pub width: usize,
    pub queries: &'a [u8],
    pub blinds: &'a [u8],
    pub evaluated: &'a [u8],
    pub proof: &'a [u8],
}

/// Recomputes F of the peer's rows from what it showed. Rejects unless every query is that row under the blind shown, and every
/// evaluation is under the peer's public key.
pub fn check(claim: &Claim<'_>, key: &[u8], theirs: &[u8; 32], info: &[u8], joint: &Joint<'_>, out: &mut [u8]) -> Result<()> {
    let n = count_inputs(claim.rows, claim.width)?;
    let columns = [claim.queries.len(), claim.blinds.len(), claim.evaluated.len()];
    if columns != [n * ELEMENT; 3] || out.len() != n * ROW {
        return Err(Error::Misuse("one query, one blind, one evaluation and one output a row"));
    }
    let key = decode_secret(key)?;
    let start = joint.start();
    let mut hashed = Vec::with_capacity(n * ELEMENT);
    for (i, (row, out)) in claim.rows.chunks_exact(claim.width).zip(out.chunks_exact_mut(ROW)).enumerate() {
        let at = i * ELEMENT..(i + 1) * ELEMENT;
        let point = hash_to_group(row)?;
        let query = (point * &*decode_secret(&claim.blinds[at.clone()])?).compress();
        if !bool::from(query.as_bytes()[..].ct_eq(&claim.queries[at.clone()])) {
            return Err(Error::Rejected);
        }
        hashed.extend_from_slice(point.compress().as_bytes());
        let own = (point * &*key).compress().to_bytes();
        out.copy_from_slice(&joint.output(&start, row, &own, &row32(&claim.evaluated[at])));
    }
    let statement = Statement { public: theirs, info, blinded: &hashed, evaluated: claim.evaluated };
    crate::dleq::verify(&statement, claim.proof)
}
