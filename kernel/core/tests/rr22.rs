//! Whole sessions of the engine rr22: two parties, eleven messages.

use std::collections::HashMap;

use detente_kernel_core::rr22::session::{Session, Setup};
use detente_kernel_core::rr22::{cpu, Fault};

type Tokens = Vec<u8>;

fn token(i: u64) -> [u8; 32] {
    *blake3::hash(&i.to_le_bytes()).as_bytes()
}

fn tokens(ids: impl IntoIterator<Item = u64>) -> Tokens {
    ids.into_iter().flat_map(token).collect()
}

fn setup<'a>(first: bool, ours: &'a Tokens, theirs: &Tokens, entropy: &'a [u8; 32]) -> Setup<'a> {
    Setup { first, context: b"test run", tokens: ours, width: 32, theirs: theirs.len() / 32, entropy, inspectable: false }
}

/// Runs both sides; `touch` may change a message, by number from 1.
fn run(
    a: &Tokens,
    b: &Tokens,
    mut touch: impl FnMut(usize, &mut Vec<u8>),
) -> Result<(Vec<u8>, Vec<u8>, Vec<usize>), (usize, Fault)> {
    let (ea, eb) = ([1; 32], [2; 32]);
    let (first, mut message) = Session::begin(&setup(true, a, b, &ea)).map_err(|f| (0, f))?;
    let (second, none) = Session::begin(&setup(false, b, a, &eb)).map_err(|f| (0, f))?;
    assert!(none.is_none());
    let mut sides = [first, second];
    let mut sizes = Vec::new();
    let mut number = 1;
    while let Some(mut bytes) = message {
        sizes.push(bytes.len());
        assert_eq!(sides[number % 2].expected(), Some(bytes.len()), "message {number}");
        touch(number, &mut bytes);
        message = sides[number % 2].receive(bytes).map_err(|f| (number, f))?;
        number += 1;
    }
    assert!(sides[0].done() && sides[1].done());
    let [first, second] = &mut sides;
    Ok((first.finish().map_err(|f| (99, f))?.outputs, second.finish().map_err(|f| (99, f))?.outputs, sizes))
}

fn assert_matches(a: &[u64], b: &[u64]) {
    let (ta, tb) = (tokens(a.iter().copied()), tokens(b.iter().copied()));
    let (fa, fb, _) = run(&ta, &tb, |_, _| ()).unwrap();
    assert_eq!((fa.len(), fb.len()), (ta.len(), tb.len()));
    let known: HashMap<&[u8], u64> = fa.chunks(32).zip(a.iter().copied()).collect();
    assert_eq!(known.len(), a.len(), "outputs are distinct");
    for (f, id) in fb.chunks(32).zip(b) {
        assert_eq!(known.get(f).copied(), a.contains(id).then_some(*id));
    }
}

#[test]
fn equal_tokens_and_only_equal_tokens_get_equal_outputs() {
    assert_matches(&(0..100).collect::<Vec<_>>(), &(50..180).collect::<Vec<_>>());
    assert_matches(&[], &[]);
    assert_matches(&[], &[1, 2]);
    assert_matches(&[7], &[7]);
    assert_matches(&(0..3000).collect::<Vec<_>>(), &[5, 9000]);
    assert_matches(&(0..40_000).collect::<Vec<_>>(), &(39_990..60_000).collect::<Vec<_>>());
}

#[test]
fn the_portable_path_gives_the_same_bytes() {
    let (a, b) = (tokens(0..300), tokens(200..900));
    let fast = run(&a, &b, |_, _| ()).unwrap();
    cpu::force_portable(true);
    let slow = run(&a, &b, |_, _| ()).unwrap();
    cpu::force_portable(false);
    assert_eq!(fast, slow);
}

#[test]
fn a_tampered_byte_of_any_message_is_refused_and_the_session_is_over() {
    let (a, b) = (tokens(0..50), tokens(25..75));
    let (_, _, sizes) = run(&a, &b, |_, _| ()).unwrap();
    assert_eq!(sizes.len(), 11);
    for (i, size) in sizes.iter().enumerate() {
        for sample in 0..6 {
            let at = sample * (size - 1) / 5;
            let outcome = run(&a, &b, |number, bytes| {
                if number == i + 1 {
                    bytes[at] ^= 0x40;
                }
            });
            let found = outcome.err().map(|(_, fault)| fault);
            assert_eq!(found, Some(Fault::Failed), "message {}, byte {at} went unnoticed", i + 1);
        }
    }
}

#[test]
fn a_message_of_another_length_is_malformed() {
    let (a, b) = (tokens(0..20), tokens(10..30));
    for target in 1..=11 {
        for change in [-1i32, 1] {
            let outcome = run(&a, &b, |number, bytes| {
                if number == target {
                    if change < 0 {
                        bytes.truncate(bytes.len() - 1)
                    } else {
                        bytes.push(0)
                    }
                }
            });
            assert_eq!(outcome.err(), Some((target, Fault::Malformed)));
        }
    }
}

#[test]
fn a_peer_that_declares_other_sizes_is_malformed_at_once() {
    let (a, b, e) = (tokens(0..20), tokens(10..30), [3; 32]);
    let (_, message) = Session::begin(&setup(true, &a, &b, &e)).unwrap();
    let (mut second, _) = Session::begin(&setup(false, &b, &tokens(0..21), &e)).unwrap();
    assert_eq!(second.receive(message.unwrap()), Err(Fault::Malformed));
}

#[test]
fn a_session_that_failed_or_finished_accepts_nothing_more() {
    let (a, b, e) = (tokens(0..20), tokens(10..30), [3; 32]);
    let (mut session, _) = Session::begin(&setup(true, &a, &b, &e)).unwrap();
    assert_eq!(session.receive(vec![0; 5]), Err(Fault::Malformed));
    assert_eq!(session.receive(vec![0; 50]), Err(Fault::OutOfTurn));
    assert_eq!(session.finish().err(), Some(Fault::OutOfTurn));
}

#[test]
fn tokens_that_repeat_are_the_callers_fault() {
    let repeated = [tokens(0..20), tokens(0..1)].concat();
    let outcome = run(&repeated, &tokens(0..5), |_, _| ());
    assert_eq!(outcome.err().map(|(_, fault)| fault), Some(Fault::Unsolvable));
}
