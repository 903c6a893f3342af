//! Hostile messages to a session: whatever arrives, a session answers or refuses, and after a refusal it is over.
//! `cargo +nightly fuzz run rr22_session` in kernel/.
#![no_main]

use detente_kernel_core::rr22::session::{Session, Setup};
use libfuzzer_sys::fuzz_target;

const TOKENS: [u8; 96] = {
    let mut tokens = [0; 96];
    tokens[0] = 1;
    tokens[32] = 2;
    tokens[64] = 3;
    tokens
};

fn begin(first: bool) -> (Session, Option<Vec<u8>>) {
    let entropy = [first as u8; 32];
    let setup = Setup { first, context: b"fuzz", tokens: &TOKENS, width: 32, theirs: 3, entropy: &entropy, inspectable: false };
    Session::begin(&setup).expect("a valid setup")
}

// Byte 0 says which message is replaced, the rest is written over that message from the front; lengths stay right so that the
// input gets past the length check (byte 1 odd: the length is the input's own).
fuzz_target!(|data: &[u8]| {
    let [number, own_length, rest @ ..] = data else { return };
    let target = usize::from(number % 11) + 1;
    let (first, mut message) = begin(true);
    let mut sides = [first, begin(false).0];
    for at in 1.. {
        let Some(mut bytes) = message else { break };
        if at == target {
            if own_length % 2 == 1 {
                bytes = rest.to_vec();
            } else {
                let length = rest.len().min(bytes.len());
                bytes[..length].copy_from_slice(&rest[..length]);
            }
        }
        match sides[at % 2].receive(bytes) {
            Ok(reply) => message = reply,
            Err(_) => {
                assert!(sides[at % 2].receive(Vec::new()).is_err());
                assert!(sides[at % 2].finish().is_err());
                return;
            }
        }
    }
});
