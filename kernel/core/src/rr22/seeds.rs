//! Keys and dice: everything secret comes from the caller's 32 bytes of entropy, everything public from the context, by label.

use aes::cipher::{Array, BlockCipherEncrypt, KeyInit};
use aes::Aes128;
use zeroize::Zeroize;

use super::gf128::Block;

/// Which way an evaluation runs: named after the party that keys it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    KeyedByFirst = 1,
    KeyedBySecond = 2,
}

/// Binds every hash to one run: BLAKE3 in derive-key mode over the caller's context and both sizes.
#[derive(Clone, Copy)]
pub struct Context([u8; 32]);

impl Context {
    pub fn new(context: &[u8], first: u64, second: u64) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("detente rr22 v1 context");
        hasher.update(&first.to_le_bytes());
        hasher.update(&second.to_le_bytes());
        hasher.update(context);
        Self(*hasher.finalize().as_bytes())
    }

    /// A 32-byte key for one purpose, one direction (0 for neither) and public extra bytes.
    pub fn key(&self, label: &str, direction: u8, extra: &[u8]) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(&[label.len() as u8]);
        hasher.update(label.as_bytes());
        hasher.update(&[direction]);
        hasher.update(extra);
        *hasher.finalize().as_bytes()
    }
}

/// The dice of one party in one run. Wiped when dropped.
pub struct Dice([u8; 32]);

impl Drop for Dice {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl Dice {
    /// `entropy` never meets two runs: the context goes in as well.
    pub fn new(entropy: &[u8; 32], context: &Context, first: bool) -> Self {
        let mut hasher = blake3::Hasher::new_keyed(entropy);
        hasher.update(b"detente rr22 v1 dice");
        hasher.update(&[u8::from(first)]);
        hasher.update(&context.0);
        let dice = Self(*hasher.finalize().as_bytes());
        hasher.zeroize();
        dice
    }

    /// Fills bytes for one purpose.
    pub fn fill(&self, label: &str, direction: u8, number: u64, out: &mut [u8]) {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(&[label.len() as u8]);
        hasher.update(label.as_bytes());
        hasher.update(&[direction]);
        hasher.update(&number.to_le_bytes());
        let mut reader = hasher.finalize_xof();
        reader.fill(out);
        reader.zeroize();
        hasher.zeroize();
    }

    pub fn bytes<const N: usize>(&self, label: &str, direction: u8, number: u64) -> [u8; N] {
        let mut out = [0; N];
        self.fill(label, direction, number, &mut out);
        out
    }

    pub fn block(&self, label: &str, direction: u8, number: u64) -> Block {
        Block::from_le_bytes(self.bytes(label, direction, number))
    }

    pub fn blocks(&self, label: &str, direction: u8, count: usize) -> Vec<Block> {
        let mut raw = vec![0u8; count * 16];
        self.fill(label, direction, 0, &mut raw);
        let out = blocks_of(&raw);
        raw.zeroize();
        out
    }
}

/// Little-endian blocks of a byte string (whole blocks).
pub fn blocks_of(bytes: &[u8]) -> Vec<Block> {
    bytes.chunks_exact(16).map(block_of).collect()
}

/// The little-endian block of sixteen bytes.
#[inline(always)]
pub fn block_of(bytes: &[u8]) -> Block {
    let mut raw = [0; 16];
    raw.copy_from_slice(&bytes[..16]);
    Block::from_le_bytes(raw)
}

/// Appends blocks, little-endian.
pub fn push_blocks(out: &mut Vec<u8>, blocks: &[Block]) {
    out.reserve(blocks.len() * 16);
    for block in blocks {
        out.extend_from_slice(&block.to_le_bytes());
    }
}

/// AES-128 in counter mode from counter zero: a fast stream from a 16-byte key. Little-endian counter, one block each.
pub struct Stream {
    cipher: Aes128,
    counter: u128,
}

const BATCH: usize = 32;

impl Stream {
    pub fn new(key: Block) -> Self {
        Self { cipher: Aes128::new(&Array::from(key.to_le_bytes())), counter: 0 }
    }

    /// The next blocks of the stream.
    pub fn blocks(&mut self, out: &mut [Block]) {
        let mut buffer = [Array::from([0u8; 16]); BATCH];
        for chunk in out.chunks_mut(BATCH) {
            for b in buffer.iter_mut().take(chunk.len()) {
                *b = Array::from(self.counter.to_le_bytes());
                self.counter += 1;
            }
            self.cipher.encrypt_blocks(&mut buffer[..chunk.len()]);
            for (o, b) in chunk.iter_mut().zip(&buffer) {
                *o = Block::from_le_bytes((*b).into());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_directions_and_numbers_separate_dice() {
        let context = Context::new(b"run", 1, 2);
        let dice = Dice::new(&[1; 32], &context, true);
        let a = dice.block("a", 1, 0);
        assert_ne!(a, dice.block("a", 2, 0));
        assert_ne!(a, dice.block("a", 1, 1));
        assert_ne!(a, dice.block("b", 1, 0));
        assert_ne!(a, Dice::new(&[1; 32], &context, false).block("a", 1, 0));
        assert_ne!(a, Dice::new(&[1; 32], &Context::new(b"run", 2, 1), true).block("a", 1, 0));
        assert_eq!(a, dice.block("a", 1, 0));
    }

    #[test]
    fn the_stream_is_one_sequence_however_it_is_read() {
        let mut whole = vec![0; 100];
        Stream::new(5).blocks(&mut whole);
        let mut parts = vec![0; 100];
        let mut stream = Stream::new(5);
        stream.blocks(&mut parts[..7]);
        stream.blocks(&mut parts[7..]);
        assert_eq!(whole, parts);
    }
}
