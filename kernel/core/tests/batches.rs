//! What the batch steps promise beside the RFC's bytes.

use detente_kernel_core::dleq::{prove, verify, Statement};
use detente_kernel_core::round::{begin, check, evaluate, finish, show, Claim, Inputs, Joint};
use detente_kernel_core::suite::{decode_element, derive_key_pair};
use detente_kernel_core::{hashing, merkle, Error};
use sha2::{Digest, Sha256};

const WIDTH: usize = 32;

struct Party {
    key: Vec<u8>,
    public: [u8; 32],
    seed: [u8; 32],
    rows: Vec<u8>,
    queries: Vec<u8>,
    own: Vec<u8>,
}

impl Party {
    fn new(name: u8, rows: Vec<u8>) -> Self {
        let (key, public) = derive_key_pair(&[name; 32], b"test").unwrap();
        let (mut queries, mut own) = (vec![0; rows.len()], vec![0; rows.len()]);
        let seed = [name; 32];
        begin(&Inputs { seed: &seed, rows: &rows, width: WIDTH }, &key[..], &mut queries, &mut own).unwrap();
        Party { key: key.to_vec(), public, seed, rows, queries, own }
    }

    fn inputs(&self) -> Inputs<'_> {
        Inputs { seed: &self.seed, rows: &self.rows, width: WIDTH }
    }

    fn answer(&self, queries: &[u8], info: &[u8]) -> (Vec<u8>, [u8; 64]) {
        let mut evaluated = vec![0; queries.len()];
        evaluate(&self.key, queries, &mut evaluated).unwrap();
        let statement = Statement { public: &self.public, info, blinded: queries, evaluated: &evaluated };
        let proof = prove(&self.key, &statement).unwrap();
        (evaluated, proof)
    }
}

fn rows(from: u32, to: u32) -> Vec<u8> {
    (from..to).flat_map(|i| Sha256::digest(i.to_be_bytes())).collect()
}

fn outputs(ours: &Party, theirs: &Party, ours_first: bool) -> Vec<u8> {
    let (evaluated, proof) = theirs.answer(&ours.queries, b"info");
    let statement = Statement { public: &theirs.public, info: b"info", blinded: &ours.queries, evaluated: &evaluated };
    let joint = Joint { context: b"sid", own_is_first: ours_first };
    let mut out = vec![0; ours.rows.len()];
    finish(&ours.inputs(), &statement, &proof, &ours.own, &joint, &mut out).unwrap();
    out
}

#[test]
fn both_directions_agree_on_common_rows_and_on_no_others() {
    let (first, second) = (Party::new(1, rows(0, 300)), Party::new(2, rows(200, 500)));
    let (a, b) = (outputs(&first, &second, true), outputs(&second, &first, false));
    assert_eq!(a[200 * 32..], b[..100 * 32]);
    assert!(a[..200 * 32].chunks(32).all(|x| !b.chunks(32).any(|y| x == y)));
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let run = |threads| {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| {
            let party = Party::new(1, rows(0, 1001));
            let (evaluated, proof) = party.answer(&party.queries, b"info");
            (party.queries, party.own, evaluated, proof)
        })
    };
    let one = run(1);
    for threads in [2, 3, 7] {
        assert!(run(threads) == one);
    }
}

#[test]
fn a_proof_holds_for_its_statement_alone() {
    let party = Party::new(1, rows(0, 70));
    let (evaluated, proof) = party.answer(&party.queries, b"info");
    let good = Statement { public: &party.public, info: b"info", blinded: &party.queries, evaluated: &evaluated };
    verify(&good, &proof).unwrap();
    let other = Party::new(2, rows(0, 1));
    let (mut swapped, mut one_wrong) = (evaluated.clone(), evaluated.clone());
    swapped[..64].rotate_left(32);
    let mut wrong = [0u8; 32];
    evaluate(&other.key, &party.queries[69 * 32..], &mut wrong).unwrap();
    one_wrong[69 * 32..].copy_from_slice(&wrong);
    for bad in [
        Statement { info: b"other", ..good },
        Statement { public: &other.public, ..good },
        Statement { evaluated: &swapped, ..good },
        Statement { evaluated: &one_wrong, ..good },
        Statement { blinded: &party.queries[..69 * 32], evaluated: &evaluated[..69 * 32], ..good },
    ] {
        assert_eq!(verify(&bad, &proof), Err(Error::Rejected));
    }
}

#[test]
fn an_empty_batch_has_a_proof_of_the_key_bound_to_its_info() {
    let party = Party::new(1, Vec::new());
    let (evaluated, proof) = party.answer(&[], b"info");
    assert!(evaluated.is_empty());
    let good = Statement { public: &party.public, info: b"info", blinded: &[], evaluated: &[] };
    verify(&good, &proof).unwrap();
    assert_eq!(verify(&Statement { info: b"other", ..good }, &proof), Err(Error::Rejected));
}

#[test]
fn elements_that_are_not_canonical_or_are_the_identity_are_rejected() {
    // RFC 9496, appendix A.2: one of each class, and the identity.
    for encoding in [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "f3ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371",
        "3eb858e78f5a7254d8c9731174a94f76755fd3941c0ac93735c07ba14579630e",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ] {
        let element = hex::decode(encoding).unwrap();
        assert_eq!(decode_element(&element).unwrap_err(), Error::Rejected);
        let mut out = [0u8; 32];
        assert_eq!(evaluate(&Party::new(1, Vec::new()).key, &element, &mut out), Err(Error::Rejected));
        assert_eq!(out, [0u8; 32]);
    }
}

#[test]
fn one_bad_element_anywhere_in_a_large_batch_rejects_it() {
    let party = Party::new(1, rows(0, 700));
    for at in [0, 63, 64, 350, 699] {
        let mut queries = party.queries.clone();
        queries[at * 32..(at + 1) * 32].fill(0);
        let mut out = vec![0; queries.len()];
        assert_eq!(evaluate(&party.key, &queries, &mut out), Err(Error::Rejected));
    }
}

#[test]
fn keys_and_blinds_of_zero_or_beyond_the_order_are_rejected() {
    let order = hex::decode("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010").unwrap();
    let query = Party::new(1, rows(0, 1)).queries;
    for key in [vec![0; 32], order, vec![0xff; 32]] {
        assert_eq!(evaluate(&key, &query, &mut [0; 32]), Err(Error::Rejected));
    }
}

#[test]
fn an_audit_gives_the_outputs_and_refuses_every_lie() {
    let (ours, theirs) = (Party::new(1, rows(0, 40)), Party::new(2, rows(30, 60)));
    let real = outputs(&theirs, &ours, false);
    let picked = rows(33, 36);
    let inputs = Inputs { seed: &theirs.seed, rows: &picked, width: WIDTH };
    let shown = show(&inputs, &[3, 4, 5], &theirs.key, &theirs.public, b"audit").unwrap();
    let joint = Joint { context: b"sid", own_is_first: true };
    let mut out = vec![0; 96];
    let claim = Claim {
        rows: &picked,
        width: WIDTH,
        queries: &theirs.queries[3 * 32..6 * 32],
        blinds: &shown.blinds,
        evaluated: &shown.evaluated,
        proof: &shown.proof,
    };
    check(&claim, &ours.key, &theirs.public, b"audit", &joint, &mut out).unwrap();
    assert_eq!(out, real[3 * 32..6 * 32]);

    let elsewhere = Claim { queries: &theirs.queries[4 * 32..7 * 32], ..claim };
    let other_rows = rows(34, 37);
    let other_token = Claim { rows: &other_rows, ..claim };
    let mut blinds = shown.blinds.to_vec();
    blinds[0] ^= 1;
    let other_blind = Claim { blinds: &blinds, ..claim };
    let mut wrong = [0u8; 96];
    evaluate(&ours.key, &theirs.queries[..96], &mut wrong).unwrap();
    let other_key = Claim { evaluated: &wrong, ..claim };
    for lie in [elsewhere, other_token, other_blind, other_key] {
        assert_eq!(check(&lie, &ours.key, &theirs.public, b"audit", &joint, &mut out), Err(Error::Rejected));
    }
    assert_eq!(check(&claim, &ours.key, &theirs.public, b"other", &joint, &mut out), Err(Error::Rejected));
}

/// RFC 9162, section 2.1.1, as written: split at the largest power of two below n.
fn reference_root(leaves: &[[u8; 32]]) -> [u8; 32] {
    match leaves {
        [] => Sha256::digest([]).into(),
        [leaf] => *leaf,
        _ => {
            let split = leaves.len().next_power_of_two() / 2;
            let (left, right) = (reference_root(&leaves[..split]), reference_root(&leaves[split..]));
            Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
        }
    }
}

#[test]
fn trees_have_the_rfc_shape_and_every_path_leads_to_the_root() {
    for n in (0..70).chain([127, 128, 129, 5000]) {
        let flat = rows(0, n);
        let leaves: Vec<[u8; 32]> = flat.chunks(32).map(|leaf| leaf.try_into().unwrap()).collect();
        let root = reference_root(&leaves);
        assert_eq!(merkle::root(&flat).unwrap(), root);
        let n = n as usize;
        let mut levels = vec![0; merkle::level_sizes(n).iter().sum::<usize>() * 32];
        merkle::levels(&flat, &mut levels).unwrap();
        for (i, leaf) in leaves.iter().enumerate().step_by(1 + n / 50) {
            let mut path = merkle::path(&levels, n, i).unwrap();
            assert_eq!(merkle::climb(leaf, i, n, &path).unwrap(), root);
            path.extend([0; 32]);
            assert_eq!(merkle::climb(leaf, i, n, &path), Err(Error::Rejected));
        }
        assert!(merkle::path(&levels, n, n).is_err());
    }
}

#[test]
fn rows_are_hashed_one_by_one_and_expanded_rows_are_a_prefix_of_more() {
    let input = rows(0, 9000);
    let mut out = vec![0; 9000 * 32];
    hashing::hash_rows(b"prefix", &input, 32, &mut out).unwrap();
    for i in [0, 4095, 4096, 8999] {
        let expected = Sha256::digest([b"prefix", &input[i * 32..(i + 1) * 32]].concat());
        assert_eq!(out[i * 32..(i + 1) * 32], expected[..]);
    }
    let (mut few, mut many, mut other) = (vec![0; 10 * 80], vec![0; 5000 * 80], vec![0; 10 * 80]);
    hashing::expand(&[7; 32], b"label", 80, &mut few).unwrap();
    hashing::expand(&[7; 32], b"label", 80, &mut many).unwrap();
    hashing::expand(&[7; 32], b"other", 80, &mut other).unwrap();
    assert_eq!(many[..800], few);
    assert_ne!(few, other);
    assert!(hashing::expand(&[7; 32], b"label", 0, &mut few).is_err());
}
