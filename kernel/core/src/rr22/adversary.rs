//! A party that deviates and seals its own messages: what the checks themselves must catch, whatever the seals say.

use super::*;

const SIZE: usize = 40;

fn tokens(from: u32) -> Vec<u8> {
    (from..from + SIZE as u32).flat_map(|i| *blake3::hash(&i.to_le_bytes()).as_bytes()).collect()
}

/// Runs both parties; the sender of message `number` changes its body first. Gives who noticed at which message, or both outputs.
fn run(seed: u8, number: usize, change: impl Fn(&Live, &mut Vec<u8>)) -> Result<[Vec<u8>; 2], (usize, Fault)> {
    let (a, b) = (tokens(0), tokens(20));
    let (ea, eb) = ([seed; 32], [seed ^ 0xFF; 32]);
    let setup = |first| Setup {
        first,
        context: b"adversary",
        tokens: if first { &a } else { &b },
        width: 32,
        theirs: SIZE,
        entropy: if first { &ea } else { &eb },
        inspectable: false,
    };
    let (first, mut message) = Session::begin(&setup(true)).unwrap();
    let (second, _) = Session::begin(&setup(false)).unwrap();
    let mut sides = [first, second];
    for at in 1.. {
        let Some(mut bytes) = message else { break };
        if at == number {
            let live = sides[(at + 1) % 2].live.as_mut().unwrap();
            bytes.truncate(bytes.len() - SEAL);
            change(live, &mut bytes);
            bytes = live.seal(at, bytes);
        }
        message = sides[at % 2].receive(bytes).map_err(|fault| (at, fault))?;
    }
    Ok(sides.map(|mut side| side.finish().unwrap().outputs))
}

/// Where Gilboa's corrections begin in message 3, and where the level sums do.
fn offsets(live: &Live) -> (usize, usize) {
    // The extension in message 3 is the second party's: its transfers are those that the first party chooses.
    let chosen = live.querier.vole.transfers() + gilboa::TRANSFERS;
    let corrections = base_ot::SENDER_BYTES + softspoken::message_bytes(chosen) + 32;
    (corrections, corrections + gilboa::CORRECTION_BYTES)
}

#[test]
fn an_honest_run_passes_even_when_a_message_is_sealed_anew() {
    let [a, b] = run(1, 3, |_, _| ()).unwrap();
    assert_eq!(a[20 * 32..], b[..20 * 32]);
}

#[test]
fn a_wrong_leaf_is_caught_at_every_level() {
    for level in 0..5 {
        for tree in [0, 100, NOISE - 1] {
            let outcome = run(2, 3, |live, body| {
                let at = offsets(live).1 + (tree * live.keyer.vole.depth + level) * 32;
                body[at] ^= 1;
                body[at + 16] ^= 1;
            });
            assert_eq!(outcome.err(), Some((9, Fault::Failed)), "level {level} of tree {tree}");
        }
    }
}

#[test]
fn a_sum_that_is_wrong_on_one_side_only_is_caught_where_the_receiver_uses_it() {
    let mut caught = 0;
    for seed in 0..24 {
        match run(seed, 3, |live, body| body[offsets(live).1] ^= 1) {
            Err((9, Fault::Failed)) => caught += 1,
            Err(other) => panic!("noticed elsewhere: {other:?}"),
            Ok([a, b]) => assert_eq!(a[20 * 32..], b[..20 * 32], "not used, not harmful: one bit of one position was guessed"),
        }
    }
    assert!((4..=20).contains(&caught), "about half: {caught}");
}

#[test]
fn a_wrong_correction_of_a_punctured_leaf_is_caught() {
    assert_eq!(run(3, 6, |_, body| body[16 * 7] ^= 1).err(), Some((8, Fault::Failed)));
    assert_eq!(run(3, 7, |_, body| body[16 * 7] ^= 1).err(), Some((9, Fault::Failed)));
}

#[test]
fn wrong_gilboa_inputs_are_caught_unless_deltas_bit_is_guessed() {
    let mut caught = 0;
    for seed in 0..24 {
        match run(seed, 3, |live, body| body[offsets(live).0 + 16 * 5] ^= 1) {
            Err((5, Fault::Failed)) => caught += 1,
            Err(other) => panic!("noticed elsewhere: {other:?}"),
            Ok([a, b]) => assert_eq!(a[20 * 32..], b[..20 * 32]),
        }
    }
    assert!((4..=20).contains(&caught), "about half: {caught}");
}

#[test]
fn inputs_that_differ_in_many_transfers_do_not_pass() {
    let outcome = run(4, 3, |live, body| {
        let start = offsets(live).0;
        (0..gilboa::TRANSFERS).step_by(2).for_each(|i| body[start + i * gilboa::PRODUCTS * 16] ^= 1);
    });
    assert_eq!(outcome.err(), Some((5, Fault::Failed)));
}

#[test]
fn a_wrong_opening_of_gilboas_check_is_caught() {
    for at in [0, 16, 31] {
        assert_eq!(run(5, 5, |_, body| body[at] ^= 1).err(), Some((5, Fault::Failed)));
    }
}

#[test]
fn another_w_than_was_committed_to_is_caught() {
    for at in [0, 16, 47] {
        let outcome = run(6, 10, |_, body| {
            let opening = body.len() - MASK_OPENING;
            body[opening + at] ^= 1;
        });
        assert_eq!(outcome.err(), Some((10, Fault::Failed)));
    }
}

#[test]
fn another_table_gives_the_receiver_nothing_more_than_other_outputs() {
    let [a, b] = run(7, 9, |_, body| body[32 + 48] ^= 1).unwrap();
    let known: Vec<&[u8]> = b.chunks(32).collect();
    assert!(a.chunks(32).filter(|f| known.contains(f)).count() <= 20);
}

#[test]
fn a_reflected_offer_is_refused() {
    // The second party answers message 3 with the first party's own offer: commitment, corrections and sums of the other direction.
    let stolen = std::cell::RefCell::new(Vec::new());
    let _ = run(8, 3, |live, body| *stolen.borrow_mut() = body[offsets(live).0 - 32..].to_vec());
    let outcome = run(8, 4, |_, body| {
        let end = body.len() - 16;
        body[..end].copy_from_slice(&stolen.borrow());
    });
    assert_eq!(outcome.err().map(|(_, fault)| fault), Some(Fault::Failed));
}
