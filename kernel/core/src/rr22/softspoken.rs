//! OT extension after SoftSpokenOT (2022/192) with field size 2 and the repetition code: the malicious check of its section 4
//! (a universal hash of every column), not the one of KOS, whose proof has a gap (2022/192, section 1).
//!
//! The extension's *chooser* knows both base seeds of each of the 128 columns and picks a choice bit a transfer; the *sender* knows
//! one seed a column. Row j: sender q_j = t_j + x_j Delta. The two keys of transfer j are hashes of q_j and q_j + Delta.

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

use super::base_ot::{Chosen, Seed, COUNT};
use super::gf128::{self, Block};
use super::seeds::{block_of, push_blocks, Context, Stream};
use super::Fault;

/// Bits of a column for this many transfers: whole blocks, and one block more that masks what the check opens.
fn blocks_a_column(transfers: usize) -> usize {
    transfers.div_ceil(128) + 1
}

/// Bytes of the chooser's message: corrections, then the opened hash of the choices and of every column.
pub fn message_bytes(transfers: usize) -> usize {
    COUNT * blocks_a_column(transfers) * 16 + 16 + COUNT * 16
}

fn expand(seed: &Seed, blocks: usize) -> Vec<Block> {
    let mut out = vec![0; blocks];
    // AES-128 in counter mode under the first half of the seed; the second half is added to every block.
    Stream::new(block_of(&seed[..16])).blocks(&mut out);
    let mask = block_of(&seed[16..]);
    out.iter_mut().for_each(|b| *b ^= mask);
    out
}

/// The universal hash of 2022/192, section 4 (Definition of an R-hiding hash): blocks 1.. times powers of chi, plus the mask block.
fn hash(column: &[Block], chi: Block) -> Block {
    let (mask, body) = column.split_last().expect("a column has its mask block");
    gf128::evaluate(body, chi) ^ mask
}

/// The challenge, by Fiat and Shamir over everything said so far and the corrections.
fn challenge(context: &Context, extension: u8, transcript: &[u8], corrections: &[u8]) -> Block {
    let key = context.key("extension challenge", extension, transcript);
    block_of(blake3::keyed_hash(&key, corrections).as_bytes())
}

fn transfer_key(key: &[u8; 32], index: usize, row: Block) -> Block {
    let mut input = [0u8; 24];
    input[..8].copy_from_slice(&(index as u64).to_le_bytes());
    input[8..].copy_from_slice(&row.to_le_bytes());
    let out = block_of(blake3::keyed_hash(key, &input).as_bytes());
    input.zeroize();
    out
}

/// Turns 128 columns of bits into rows: bit i of row j is bit j of column i.
fn rows_of(columns: &[Vec<Block>], transfers: usize) -> Zeroizing<Vec<Block>> {
    let mut rows = Zeroizing::new(vec![0 as Block; transfers]);
    for (i, column) in columns.iter().enumerate() {
        for (j, row) in rows.iter_mut().enumerate() {
            *row |= ((column[j / 128] >> (j % 128)) & 1) << i;
        }
    }
    rows
}

fn wipe(columns: &mut [Vec<Block>]) {
    columns.iter_mut().for_each(Zeroize::zeroize);
}

/// The chooser's side. `choices` is 0 or 1 a byte; `padding` fills the last whole block and the mask block (2 blocks).
/// Gives the message and the chosen key of every transfer.
pub fn choose(
    context: &Context,
    extension: u8,
    transcript: &[u8],
    pairs: &[[Seed; 2]],
    choices: &[u8],
    padding: [Block; 2],
) -> (Vec<u8>, Zeroizing<Vec<Block>>) {
    let transfers = choices.len();
    let blocks = blocks_a_column(transfers);
    let mut x = Zeroizing::new(vec![0 as Block; blocks]);
    for (j, choice) in choices.iter().enumerate() {
        x[j / 128] |= Block::from(choice & 1) << (j % 128);
    }
    if !transfers.is_multiple_of(128) {
        x[blocks - 2] |= padding[0] << (transfers % 128);
    }
    x[blocks - 1] = padding[1];
    let mut columns = Vec::with_capacity(COUNT);
    let mut message = Vec::with_capacity(message_bytes(transfers));
    for [zero, one] in pairs {
        let column = expand(zero, blocks);
        let mut other = expand(one, blocks);
        for (o, (c, x)) in other.iter_mut().zip(column.iter().zip(x.iter())) {
            *o ^= c ^ x;
        }
        push_blocks(&mut message, &other);
        columns.push(column);
    }
    let chi = challenge(context, extension, transcript, &message);
    let mut opened = vec![hash(&x, chi)];
    opened.extend(columns.iter().map(|c| hash(c, chi)));
    push_blocks(&mut message, &opened);
    let rows = rows_of(&columns, transfers);
    wipe(&mut columns);
    let key = context.key("transfer", extension, &[]);
    let keys = Zeroizing::new(rows.iter().enumerate().map(|(j, row)| transfer_key(&key, j, *row)).collect());
    (message, keys)
}

/// The sender's side: checks the chooser's message and gives both keys of every transfer.
pub fn send(
    context: &Context,
    extension: u8,
    transcript: &[u8],
    base: &Chosen,
    transfers: usize,
    message: &[u8],
) -> Result<Zeroizing<Vec<[Block; 2]>>, Fault> {
    let blocks = blocks_a_column(transfers);
    let (corrections, opened) = message.split_at(COUNT * blocks * 16);
    let chi = challenge(context, extension, transcript, corrections);
    let opened_choices = block_of(opened);
    let mut columns = Vec::with_capacity(COUNT);
    let mut delta: Block = 0;
    // The differences of all columns are gathered and compared once: which column is wrong must not be learnt.
    let mut difference: Block = 0;
    for i in 0..COUNT {
        let choice = Block::from(base.choices[i]);
        let mask = choice.wrapping_neg();
        delta |= choice << i;
        let mut column = expand(&base.seeds[i], blocks);
        for (b, q) in column.iter_mut().enumerate() {
            *q ^= mask & block_of(&corrections[(i * blocks + b) * 16..]);
        }
        difference |= hash(&column, chi) ^ block_of(&opened[16 + i * 16..]) ^ (mask & opened_choices);
        columns.push(column);
    }
    let equal = bool::from(difference.to_le_bytes().ct_eq(&[0; 16]));
    let rows = rows_of(&columns, transfers);
    wipe(&mut columns);
    let key = context.key("transfer", extension, &[]);
    let keys = Zeroizing::new(
        rows.iter()
            .enumerate()
            .map(|(j, row)| [transfer_key(&key, j, *row), transfer_key(&key, j, row ^ delta)])
            .collect::<Vec<_>>(),
    );
    delta.zeroize();
    if !equal {
        return Err(Fault::Failed);
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::super::base_ot;
    use super::super::seeds::Dice;
    use super::*;

    type Base = (Context, Chosen, Zeroizing<Vec<[Seed; 2]>>);

    fn base() -> Base {
        let context = Context::new(b"test", 1, 1);
        let receiver = base_ot::Receiver::new(&context, &Dice::new(&[1; 32], &context, true), 1);
        let (answer, pairs) = base_ot::send(&context, &Dice::new(&[2; 32], &context, false), 1, receiver.message()).unwrap();
        (context, receiver.finish(&context, 1, &answer).unwrap(), pairs)
    }

    fn choices(n: usize) -> Vec<u8> {
        (0..n).map(|i| (i * i / 3 % 2) as u8).collect()
    }

    #[test]
    fn the_chooser_gets_the_chosen_key_of_every_transfer() {
        let (context, chosen, pairs) = base();
        for n in [1, 127, 128, 1000] {
            let wanted = choices(n);
            let (message, got) = choose(&context, 1, b"t", &pairs, &wanted, [5, 6]);
            assert_eq!(message.len(), message_bytes(n));
            let keys = send(&context, 1, b"t", &chosen, n, &message).unwrap();
            for j in 0..n {
                assert_eq!(got[j], keys[j][usize::from(wanted[j])]);
                assert_ne!(got[j], keys[j][usize::from(1 - wanted[j])]);
            }
        }
    }

    #[test]
    fn a_changed_bit_anywhere_is_caught_unless_its_column_was_not_used() {
        let (context, chosen, pairs) = base();
        let (message, _) = choose(&context, 1, b"t", &pairs, &choices(200), [5, 6]);
        assert!(send(&context, 1, b"other", &chosen, 200, &message).is_err());
        for at in (0..message.len()).step_by(97) {
            let mut changed = message.clone();
            changed[at] ^= 0x10;
            // The challenge hashes the corrections, so even a column that the sender does not use changes every hash.
            assert!(send(&context, 1, b"t", &chosen, 200, &changed).is_err(), "byte {at}");
        }
    }

    #[test]
    fn choices_that_differ_between_columns_pass_only_by_guessing_delta() {
        let (context, chosen, pairs) = base();
        let n = 200;
        let (mut caught, mut passed) = (0, 0);
        for column in 0..COUNT {
            // An honest prover but for one column, where a choice bit differs; the check is recomputed for that message.
            let blocks = blocks_a_column(n);
            let (honest, _) = choose(&context, 1, b"t", &pairs, &choices(n), [5, 6]);
            let mut corrections = honest[..COUNT * blocks * 16].to_vec();
            corrections[column * blocks * 16] ^= 1;
            let chi = challenge(&context, 1, b"t", &corrections);
            let mut x = vec![0; blocks];
            choices(n).iter().enumerate().for_each(|(j, c)| x[j / 128] |= Block::from(*c) << (j % 128));
            x[blocks - 2] |= 5 << (n % 128);
            x[blocks - 1] = 6;
            let mut opened = vec![hash(&x, chi)];
            opened.extend(pairs.iter().map(|p| hash(&expand(&p[0], blocks), chi)));
            let mut message = corrections;
            push_blocks(&mut message, &opened);
            match send(&context, 1, b"t", &chosen, n, &message) {
                Ok(_) => passed += u32::from(chosen.choices[column] == 0),
                Err(_) => caught += u32::from(chosen.choices[column] == 1),
            }
        }
        assert_eq!(caught + passed, COUNT as u32, "caught exactly where Delta's bit is one");
        assert!(caught > 40 && passed > 40);
    }
}
