//! The parts that read a peer's bytes, behind the seals: each gives a value or `Failed`, and never panics at the length that it expects.
//! `cargo +nightly fuzz run rr22_parts` in kernel/.
#![no_main]

use detente_kernel_core::rr22::params::{Okvs, Vole};
use detente_kernel_core::rr22::rows::{rows, Rows};
use detente_kernel_core::rr22::seeds::{Context, Dice};
use detente_kernel_core::rr22::{base_ot, ggm, gilboa, inspect, okvs, softspoken};
use libfuzzer_sys::fuzz_target;

fn repeated(data: &[u8], length: usize) -> Vec<u8> {
    data.iter().copied().cycle().take(length).collect()
}

fuzz_target!(|data: &[u8]| {
    let [part, rest @ ..] = data else { return };
    if rest.is_empty() {
        return;
    }
    let context = Context::new(b"fuzz", 3, 3);
    let dice = Dice::new(&[1; 32], &context, true);
    match part % 5 {
        0 => drop(base_ot::send(&context, &dice, 1, &repeated(rest, base_ot::RECEIVER_BYTES))),
        1 => {
            let receiver = base_ot::Receiver::new(&context, &dice, 1);
            let Ok((answer, _)) = base_ot::send(&context, &dice, 1, receiver.message()) else { return };
            let Ok(chosen) = receiver.finish(&context, 1, &answer) else { return };
            drop(softspoken::send(&context, 1, b"t", &chosen, 200, &repeated(rest, softspoken::message_bytes(200))));
        }
        2 => {
            let shape = Vole { leaves: 47, depth: 6 };
            let doubler = ggm::Doubler::new(&context, 1);
            let (positions, keys) = ([46; 320], vec![7; shape.transfers()]);
            ggm::puncture(&shape, &doubler, &positions, &keys, &repeated(rest, ggm::sums_bytes(&shape)));
        }
        3 => {
            let shares = gilboa::accept(99, &[5; 128], &repeated(rest, gilboa::CORRECTION_BYTES));
            drop(gilboa::check(&context, 1, &[0; 32], 3, 99, &shares, &repeated(rest, gilboa::OPENING_BYTES)));
        }
        _ => {
            // Tokens as they come, repeats included: a table or a refusal; and records as they come.
            let tokens = &rest[..rest.len() / 32 * 32];
            let shape = Okvs::new(tokens.len() / 32);
            let found = rows(&shape, &[3; 32], tokens, Rows::default());
            drop(okvs::encode(&shape, &found, 5));
            let record = repeated(rest, 112 + 3 * 16 * Okvs::new(3).columns());
            let case = inspect::Case { context: b"fuzz", sizes: [3, 3], records: [&record, rest] };
            drop(inspect::inspect(&case, true, tokens, 32));
        }
    }
});
