//! Prints the stage vectors of spec/engine-rr22 as JSON: `cargo run --release --example rr22_vectors` (vectors/make_engine-rr22.py).

use detente_kernel_core::rr22::exconv::Code;
use detente_kernel_core::rr22::ggm::{self, Doubler};
use detente_kernel_core::rr22::params::{Okvs, Vole, NOISE};
use detente_kernel_core::rr22::rows;
use detente_kernel_core::rr22::seeds::{Context, Dice, Stream};
use detente_kernel_core::rr22::{base_ot, gf128, gilboa, keyer, softspoken};
use serde_json::{json, Value};

fn hex(block: u128) -> String {
    hex::encode(block.to_le_bytes())
}

fn digest(blocks: &[u128]) -> String {
    let bytes: Vec<u8> = blocks.iter().flat_map(|b| b.to_le_bytes()).collect();
    blake3::hash(&bytes).to_string()
}

fn shapes() -> Vec<Value> {
    let sizes = [0, 1, 128, 1000, 3000, 16_384, 16_385, 100_000, 1 << 17, 1 << 20, 1 << 22];
    let shape = |n: usize| {
        let (table, vole) = (Okvs::new(n), Vole::new(Okvs::new(n).columns()));
        json!({"n": n, "bins": table.bins, "capacity": table.capacity, "sparse": table.sparse, "dense": table.dense,
               "columns": table.columns(), "leaves": vole.leaves, "depth": vole.depth})
    };
    sizes.into_iter().map(shape).collect()
}

fn row_vectors(context: &Context) -> Vec<Value> {
    let table = Okvs::new(100_000);
    let seed = [7u8; 32];
    (0..4u32)
        .map(|i| {
            let token = *blake3::hash(&i.to_le_bytes()).as_bytes();
            let found = rows::rows(&table, &context.key("row", 1, &seed), &token, rows::Rows::default());
            let bin = (0..table.bins).find(|b| !found.bin(*b).is_empty()).expect("one row");
            let row = found.bin(bin)[0];
            json!({"token": hex::encode(token), "bin": bin, "columns": row.columns, "value": hex(row.value), "factor": hex(row.factor)})
        })
        .collect()
}

fn tree(context: &Context) -> Value {
    let shape = Vole { leaves: 47, depth: 6 };
    let roots: Vec<u128> = (1..=NOISE as u128).collect();
    let mut sums = Vec::new();
    let leaves = ggm::grow(&shape, &Doubler::new(context, 2), &roots, Some(&mut sums));
    json!({"leaves": 47, "roots": "1, 2, ... 320", "direction": 2, "first_leaves": leaves[..3].iter().map(|b| hex(*b)).collect::<Vec<_>>(),
           "last_leaf": hex(leaves[leaves.len() - 1]), "first_sums": sums[..6].iter().map(|s| [hex(s[0]), hex(s[1])]).collect::<Vec<_>>(),
           "all_blake3": digest(&leaves), "evaluated_at_5": hex(gf128::evaluate(&leaves, 5))})
}

fn code() -> Value {
    let k = 5120;
    let mut values = vec![0u128; 2 * k];
    Stream::new(9).blocks(&mut values);
    Code::new(k).encode(&mut values, k);
    json!({"k": k, "input": "stream(09 00 ... 00)", "first": hex(values[0]), "last": hex(values[k - 1]), "all_blake3": digest(&values[..k])})
}

fn transfers(context: &Context) -> Value {
    let receiver = base_ot::Receiver::new(context, &Dice::new(&[1; 32], context, true), 1);
    let (answer, pairs) =
        base_ot::send(context, &Dice::new(&[2; 32], context, false), 1, receiver.message()).expect("honest points");
    let choices: Vec<u8> = (0..200u32).map(|j| (j % 3 == 0) as u8).collect();
    let transcript = [receiver.message(), &answer].concat();
    let (message, keys) = softspoken::choose(context, 1, &transcript, &pairs, &choices, [5, 6]);
    json!({"base_receiver": hex::encode(receiver.message()), "base_sender": hex::encode(&answer),
           "first_seeds": pairs[0].map(hex::encode), "choices": "j % 3 == 0, 200 transfers; padding 5, mask 6",
           "message_blake3": blake3::hash(&message).to_string(), "first_keys": keys[..3].iter().map(|k| hex(*k)).collect::<Vec<_>>()})
}

fn base_vole(context: &Context) -> Value {
    let keys: Vec<[u128; 2]> = (0..128).map(|i| [2 * i, 2 * i + 1]).collect();
    let y: Vec<u128> = (0..gilboa::PRODUCTS as u128).map(|i| i * i + 1).collect();
    let (message, shares) = gilboa::offer(&keys, &y);
    let opened = gilboa::open(context, 1, &[3; 32], 77, &y, &shares);
    json!({"keys": "(2i, 2i + 1)", "y": "i^2 + 1", "corrections_blake3": blake3::hash(&message).to_string(), "first_share": hex(shares[0]),
           "chi": hex(77), "seen": hex::encode([3; 32]), "opened": hex::encode(opened),
           "proof_of_5": hex::encode(keyer::proof(context, detente_kernel_core::rr22::seeds::Direction::KeyedByFirst, &[3; 32], 5))})
}

fn main() {
    let context = Context::new(b"vectors", 100_000, 50);
    let (a, b) = (0x0123_4567_89AB_CDEF_0011_2233_4455_6677_u128, 0xFEDC_BA98_7654_3210_8899_AABB_CCDD_EEFF_u128);
    let stages = json!({
        "context": {"context": "766563746f7273", "first": 100_000, "second": 50, "row_key": hex::encode(context.key("row", 1, &[7; 32]))},
        "product": {"a": hex(a), "b": hex(b), "a_times_b": hex(gf128::mul(a, b))},
        "shapes": shapes(),
        "rows": {"seed": hex::encode([7; 32]), "table_of": 100_000, "direction": 1, "rows": row_vectors(&context)},
        "transfers": transfers(&context),
        "trees": tree(&context),
        "base_vole": base_vole(&context),
        "code": code(),
    });
    println!("{stages:#}");
}
