//! One evaluation in both directions as a fold over messages: eleven of them, both directions interleaved (spec/engine-rr22, Messages).
//!
//! Extension 1 has the first party as its sender, extension 2 the second. The direction keyed by a party uses that party's extension
//! for the trees' level sums and the other's for Gilboa's products.

use std::sync::{Arc, Mutex};

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::base_ot;
use super::exconv::Code;
use super::gf128::Block;
use super::ggm;
use super::gilboa;
use super::keyer::{self, Evaluated, Keyer, Shares, MASK_OPENING};
use super::output;
use super::pages;
use super::params::{LARGEST_SHARD, NOISE};
use super::querier::{self, lock, Encoded, Querier, Read};
use super::rows;
use super::seeds::{block_of, Context, Dice, Direction};
use super::softspoken;
use super::worker::{Task, Worker};
use super::Fault;

/// Messages of a session, odd ones from the first party.
pub const MESSAGES: usize = 11;

/// Both declared sizes, in the first message.
const SIZES: usize = 16;
/// Every message ends with the digest of the conversation so far, itself included.
const SEAL: usize = 32;

/// What a run is about. `context` binds it: no two runs may share context and entropy.
pub struct Setup<'a> {
    pub first: bool,
    pub context: &'a [u8],
    /// Our tokens, distinct, `width` bytes each.
    pub tokens: &'a [u8],
    pub width: usize,
    /// How many tokens the peer declared.
    pub theirs: usize,
    pub entropy: &'a [u8; 32],
    /// Keeps K, C and P for an inspector (48 bytes a column); otherwise they are wiped as soon as they are used.
    pub inspectable: bool,
}

/// The dice, sizes and secrets of a session that has not failed.
struct Live {
    first: bool,
    sizes: [u8; SIZES],
    context: Context,
    dice: Dice,
    tokens: Arc<Zeroizing<Vec<u8>>>,
    inspectable: bool,
    keyer: Keyer,
    querier: Querier,
    chooser: Option<base_ot::Receiver>,
    /// Keys of the extension that we send in: pairs. First the trees of our direction, then Gilboa of the other.
    sending: Zeroizing<Vec<[Block; 2]>>,
    /// Keys of the extension that we choose in. First the trees of the other direction, then Gilboa of ours.
    chosen: Zeroizing<Vec<Block>>,
    /// w_S of the direction that the peer keys: its commitment.
    commitment: [u8; 32],
    prepared: Option<Task<Result<Prepared, Fault>>>,
    /// Set by the worker once our table is built; later jobs read it.
    encoded: Arc<Mutex<Option<Encoded>>>,
    shares: Option<Shares>,
    read: Option<Task<Result<Read, Fault>>>,
    evaluated: Option<Task<Result<Evaluated, Fault>>>,
    /// The row seed and w of the direction that we key, once they came.
    their_seed: [u8; 32],
    own_mask: Block,
    /// The base-OT messages of each extension, which its challenge hashes.
    transcripts: [Vec<u8>; 2],
    /// digests[i] chains messages 1..=i as we saw them: every check takes one, so a byte changed on the way fails even where its value
    /// is not used (the key of the transfer that was not chosen).
    digests: [[u8; 32]; MESSAGES + 1],
    worker: Worker,
}

/// What depends on no message.
struct Prepared {
    seed: [u8; 32],
    /// A = P + A', as it is sent.
    message: Vec<u8>,
    shares: Shares,
}

/// A session: hand it the peer's messages in order; it says what to send. After any fault it accepts nothing more.
pub struct Session {
    live: Option<Box<Live>>,
    received: u8,
    done: bool,
    ready: Option<Task<Result<Finished, Fault>>>,
}

/// Outputs, and what an inspector needs if it was asked for.
pub struct Finished {
    pub outputs: Vec<u8>,
    pub record: Option<Record>,
}

/// Everything that an inspector recomputes from. It opens our key: it is for the inspector's eyes and never for the peer's.
pub struct Record {
    pub delta: Block,
    /// w of the direction that we key, and of the one that we query.
    pub masks: [Block; 2],
    /// K of the direction that we key.
    pub keyed: Zeroizing<Vec<Block>>,
    /// C and P of the direction that we query.
    pub queried: Zeroizing<Vec<Block>>,
    pub encoded: Zeroizing<Vec<Block>>,
    /// The row seed of the direction that we query (ours).
    pub our_seed: [u8; 32],
    /// The row seed of the direction that we key (drawn by the peer).
    pub their_seed: [u8; 32],
}

/// Splits exactly the given lengths, or `Malformed`.
fn split<const N: usize>(message: &[u8], lengths: [usize; N]) -> Result<[&[u8]; N], Fault> {
    if message.len() != lengths.iter().sum::<usize>() {
        return Err(Fault::Malformed);
    }
    let mut rest = message;
    Ok(lengths.map(|length| {
        let (part, after) = rest.split_at(length);
        rest = after;
        part
    }))
}

impl Session {
    /// Starts a session; the first party gets the message to send.
    pub fn begin(setup: &Setup<'_>) -> Result<(Self, Option<Vec<u8>>), Fault> {
        let ours = setup.tokens.len() / setup.width.max(1);
        if setup.width == 0 || !setup.tokens.len().is_multiple_of(setup.width) || ours.max(setup.theirs) > LARGEST_SHARD {
            return Err(Fault::Malformed);
        }
        let mut live = Live::new(setup, ours);
        let message = setup.first.then(|| live.first_0());
        Ok((Self { live: Some(Box::new(live)), received: 0, done: false, ready: None }, message))
    }

    /// Takes the peer's next message; gives our reply if one is due.
    pub fn receive(&mut self, message: Vec<u8>) -> Result<Option<Vec<u8>>, Fault> {
        let expected = self.expected();
        let mut live = self.live.take().ok_or(Fault::OutOfTurn)?;
        if expected != Some(message.len()) {
            return Err(if expected.is_some() { Fault::Malformed } else { Fault::OutOfTurn });
        }
        let number = 2 * usize::from(self.received) + 1 + usize::from(live.first);
        let result = live.unseal(number, message).and_then(|body| self.step(&mut live, body));
        let result = result.map(|reply| reply.map(|body| live.seal(number + 1, body)));
        if result.is_ok() {
            self.received += 1;
            if !self.done {
                self.live = Some(live);
            }
        } else {
            self.done = false;
            self.ready = None;
        }
        result
    }

    pub fn done(&self) -> bool {
        self.done
    }

    /// Whether `finish` can be called.
    pub fn has_outputs(&self) -> bool {
        self.ready.is_some()
    }

    /// Waits for the outputs; they are given once.
    pub fn finish(&mut self) -> Result<Finished, Fault> {
        self.ready.take().ok_or(Fault::OutOfTurn)?.wait()?
    }

    /// Bytes of the message that is due; None when none is.
    pub fn expected(&self) -> Option<usize> {
        let live = self.live.as_ref()?;
        let extension = softspoken::message_bytes(live.transfers_sent());
        let offered: usize = live.offered().iter().sum();
        let revealed: usize = live.revealed().iter().sum();
        let number = 2 * usize::from(self.received) + 1 + usize::from(live.first);
        let body = match number {
            1 => Some(SIZES + base_ot::RECEIVER_BYTES),
            2 => Some(base_ot::SENDER_BYTES + extension + base_ot::RECEIVER_BYTES),
            3 => Some(base_ot::SENDER_BYTES + extension + offered),
            4 => Some(offered + 16),
            5 => Some(gilboa::OPENING_BYTES + 16),
            6 => Some(NOISE * 16 + gilboa::OPENING_BYTES),
            7 => Some(NOISE * 16 + 16),
            8 => Some(32 + 16),
            9 => Some(32 + revealed),
            10 => Some(revealed + MASK_OPENING),
            MESSAGES => Some(MASK_OPENING),
            _ => None,
        };
        body.map(|bytes| bytes + SEAL)
    }

    fn step(&mut self, live: &mut Live, message: Vec<u8>) -> Result<Option<Vec<u8>>, Fault> {
        match (live.first, self.received) {
            (false, 0) => live.second_1(&message).map(Some),
            (true, 0) => live.first_2(&message).map(Some),
            (false, 1) => live.second_3(&message).map(Some),
            (true, 1) => live.first_4(&message).map(Some),
            (false, 2) => live.second_5(&message).map(Some),
            (true, 2) => live.first_6(&message).map(Some),
            (false, 3) => live.second_7(&message).map(Some),
            (true, 3) => live.first_8(&message).map(Some),
            (false, 4) => live.second_9(message).map(Some),
            (true, 4) => {
                let (reply, ready) = live.first_10(message)?;
                self.done = true;
                self.ready = Some(ready);
                Ok(Some(reply))
            }
            (false, 5) => {
                let ready = live.second_11(&message)?;
                self.done = true;
                self.ready = Some(ready);
                Ok(None)
            }
            _ => Err(Fault::OutOfTurn),
        }
    }
}

/// Which extension a party sends in.
fn extension_of(first: bool) -> u8 {
    if first {
        1
    } else {
        2
    }
}

impl Live {
    fn new(setup: &Setup<'_>, ours: usize) -> Self {
        let first = setup.first;
        let (n1, n2) = if first { (ours, setup.theirs) } else { (setup.theirs, ours) };
        let context = Context::new(setup.context, n1 as u64, n2 as u64);
        let mut sizes = [0; SIZES];
        sizes[..8].copy_from_slice(&(n1 as u64).to_le_bytes());
        sizes[8..].copy_from_slice(&(n2 as u64).to_le_bytes());
        let dice = Dice::new(setup.entropy, &context, first);
        let tokens = rows::normalise(&context.key("token", 0, &[]), setup.tokens, setup.width);
        let (own, other) = if first {
            (Direction::KeyedByFirst, Direction::KeyedBySecond)
        } else {
            (Direction::KeyedBySecond, Direction::KeyedByFirst)
        };
        let mut live = Self {
            first,
            sizes,
            keyer: Keyer::new(&dice, own, setup.theirs),
            querier: Querier::new(&dice, other, ours),
            chooser: Some(base_ot::Receiver::new(&context, &dice, extension_of(first))),
            context,
            dice,
            tokens: Arc::new(Zeroizing::new(tokens)),
            inspectable: setup.inspectable,
            sending: Zeroizing::new(Vec::new()),
            chosen: Zeroizing::new(Vec::new()),
            commitment: [0; 32],
            prepared: None,
            encoded: Arc::new(Mutex::new(None)),
            shares: None,
            read: None,
            evaluated: None,
            their_seed: [0; 32],
            own_mask: 0,
            transcripts: [Vec::new(), Vec::new()],
            digests: [[0; 32]; MESSAGES + 1],
            worker: Worker::start(),
        };
        live.prepare(setup.entropy);
        live
    }

    /// Queues what depends on no message: our table, A' and B.
    fn prepare(&mut self, entropy: &[u8; 32]) {
        let (context, direction, tokens) = (self.context, self.querier.direction, Arc::clone(&self.tokens));
        let dice = Dice::new(entropy, &context, self.first);
        let (noise, forest) = (self.querier.noise(), self.keyer.forest(&self.context));
        let (queried, keyed) = ((self.querier.table.columns(), self.querier.vole), (self.keyer.table.columns(), self.keyer.vole));
        let (encoded, keep) = (Arc::clone(&self.encoded), self.inspectable);
        let head = self.head();
        self.prepared = Some(self.worker.submit(move || {
            let mut table = querier::encode(&context, &dice, direction, &tokens)?;
            let mut values: Shares = Zeroizing::new(pages::zeroed(queried.1.length().max(keyed.1.length())));
            noise.place(&mut values);
            Code::new(queried.1.outputs()).encode(&mut values[..queried.1.length()], queried.0);
            let mut message = pages::room(head + queried.0 * 16 + MASK_OPENING + SEAL);
            message.resize(head, 0);
            for (hidden, p) in values.iter().zip(table.columns.iter()) {
                message.extend_from_slice(&(hidden ^ p).to_le_bytes());
            }
            forest.fill(&mut values);
            Code::new(keyed.1.outputs()).encode(&mut values[..keyed.1.length()], keyed.0);
            values.truncate(keyed.0);
            let seed = table.seed;
            if !keep {
                table.columns = Zeroizing::new(Vec::new());
            }
            *lock(&encoded) = Some(table);
            Ok(Prepared { seed, message, shares: values })
        }));
    }

    /// Bytes before A in the message that carries it: the first party's starts with a proof.
    fn head(&self) -> usize {
        32 + 16 + if self.first { 32 } else { 0 }
    }

    fn digest(&mut self, number: usize, body: &[u8]) -> [u8; 32] {
        let key = self.context.key("transcript", number as u8, &self.digests[number - 1]);
        self.digests[number] = *blake3::keyed_hash(&key, body).as_bytes();
        self.digests[number]
    }

    /// Ends a message with the digest of the conversation: whoever changes a byte on the way is noticed at once. This is no signature;
    /// what a peer makes up itself is caught by the checks.
    fn seal(&mut self, number: usize, mut body: Vec<u8>) -> Vec<u8> {
        let seal = self.digest(number, &body);
        body.extend_from_slice(&seal);
        body
    }

    fn unseal(&mut self, number: usize, mut message: Vec<u8>) -> Result<Vec<u8>, Fault> {
        let body = message.len().checked_sub(SEAL).ok_or(Fault::Malformed)?;
        // Other sizes make another context: say so before the digests differ.
        if number == 1 && message[body - SIZES..body] != self.sizes {
            return Err(Fault::Malformed);
        }
        let seen = seed_of(&message[body..]);
        message.truncate(body);
        if bool::from(self.digest(number, &message).ct_eq(&seen)) {
            Ok(message)
        } else {
            Err(Fault::Failed)
        }
    }

    /// The message that carries Gilboa's challenge of a direction; the check takes the digest up to it.
    fn challenged(&self, direction: Direction) -> &[u8; 32] {
        &self.digests[if direction == Direction::KeyedBySecond { 4 } else { 5 }]
    }

    /// The digest up to the message that carries X of a direction; the proof takes it.
    fn asked(&self, direction: Direction) -> &[u8; 32] {
        &self.digests[if direction == Direction::KeyedBySecond { 7 } else { 8 }]
    }

    fn transcript(&mut self, extension: u8) -> &mut Vec<u8> {
        &mut self.transcripts[usize::from(extension) - 1]
    }

    /// As the sender of our extension: how many transfers the peer chooses.
    fn transfers_sent(&self) -> usize {
        self.keyer.vole.transfers() + gilboa::TRANSFERS
    }

    /// As the chooser of the peer's extension: our choices.
    fn choices(&self) -> Zeroizing<Vec<u8>> {
        let mut choices = self.querier.choices();
        choices.extend_from_slice(&self.keyer.choices());
        choices
    }

    /// Answers the peer's base-OT message and extends: the peer's extension is then ours to choose in.
    fn choose(&mut self, base: &[u8]) -> Result<Vec<u8>, Fault> {
        let extension = extension_of(!self.first);
        let (mut reply, pairs) = base_ot::send(&self.context, &self.dice, extension, base)?;
        self.transcript(extension).extend_from_slice(base);
        self.transcript(extension).extend_from_slice(&reply);
        let padding = [self.dice.block("padding", extension, 0), self.dice.block("padding", extension, 1)];
        let choices = self.choices();
        let transcript = std::mem::take(self.transcript(extension));
        let (message, keys) = softspoken::choose(&self.context, extension, &transcript, &pairs, &choices, padding);
        self.chosen = keys;
        reply.extend_from_slice(&message);
        Ok(reply)
    }

    /// Takes the peer's base-OT answer and its extension message: our extension is then ours to send in.
    fn extend(&mut self, base: &[u8], message: &[u8]) -> Result<(), Fault> {
        let extension = extension_of(self.first);
        let chooser = self.chooser.take().ok_or(Fault::OutOfTurn)?;
        let mut transcript = chooser.message().to_vec();
        transcript.extend_from_slice(base);
        let chosen = chooser.finish(&self.context, extension, base)?;
        self.sending = softspoken::send(&self.context, extension, &transcript, &chosen, self.transfers_sent(), message)?;
        Ok(())
    }

    /// Commitment to w_S, Gilboa's corrections for the direction we query, level sums for the one we key.
    fn offer(&mut self) -> Vec<u8> {
        let trees = self.keyer.vole.transfers();
        let mut reply = self.keyer.commitment(&self.context).to_vec();
        reply.extend_from_slice(&self.querier.offer(&self.sending[trees..]));
        reply.extend_from_slice(&self.keyer.sums(&self.context, &self.sending[..trees]));
        reply
    }

    /// Lengths of the peer's `offer`.
    fn offered(&self) -> [usize; 3] {
        [32, gilboa::CORRECTION_BYTES, ggm::sums_bytes(&self.querier.vole)]
    }

    fn accept(&mut self, [commitment, corrections, sums]: [&[u8]; 3]) {
        let trees = self.querier.vole.transfers();
        self.commitment.copy_from_slice(commitment);
        self.keyer.accept(&self.chosen[trees..], corrections);
        self.querier.puncture(&self.context, &self.chosen[..trees], sums);
    }

    /// Takes corrections of the punctured leaves; gives X. The leaves go on to the code at once, but nothing leaves before the proof.
    fn correct(&mut self, corrections: &[u8]) -> Vec<u8> {
        let x = self.querier.correct(corrections);
        self.read = Some(self.querier.read(&self.worker, Arc::clone(&self.encoded), self.inspectable));
        x.to_le_bytes().to_vec()
    }

    /// r, w_R and A, once the peer's proof held; before them, in the first party's message, its own proof.
    fn reveal(&mut self, theirs: &[u8], ours: &[u8]) -> Result<Vec<u8>, Fault> {
        self.querier.compare(&self.context, self.asked(self.querier.direction), theirs)?;
        let prepared = self.prepared.take().ok_or(Fault::OutOfTurn)?.wait()??;
        self.shares = Some(prepared.shares);
        let mut reply = prepared.message;
        let at = ours.len();
        reply[..at].copy_from_slice(ours);
        reply[at..at + 32].copy_from_slice(&prepared.seed);
        reply[at + 32..at + 48].copy_from_slice(&self.querier.mask().to_le_bytes());
        Ok(reply)
    }

    /// Lengths of the peer's r, w_R and A.
    fn revealed(&self) -> [usize; 3] {
        [32, 16, self.keyer.table.columns() * 16]
    }

    /// Takes r, w_R and A (the tail of `message` from `at` on): our own tokens can be evaluated.
    fn evaluate(&mut self, seed: [u8; 32], mask: Block, received: Vec<u8>, at: usize) -> Result<(), Fault> {
        self.their_seed = seed;
        self.own_mask = self.keyer.mask() ^ mask;
        let shares = self.shares.take().ok_or(Fault::OutOfTurn)?;
        let task = keyer::evaluate(
            &self.worker,
            &self.encoded,
            &self.keyer,
            self.context,
            Arc::clone(&self.tokens),
            shares,
            seed,
            (received, at),
            self.inspectable,
        );
        self.evaluated = Some(task);
        Ok(())
    }

    /// Takes the opening of the peer's w_S and queues the outputs.
    fn conclude(&mut self, opening: &[u8]) -> Result<Task<Result<Finished, Fault>>, Fault> {
        let committed = keyer::commit(&self.context, self.querier.direction, opening);
        if !bool::from(committed.ct_eq(&self.commitment)) {
            return Err(Fault::Failed);
        }
        let queried_mask = block_of(opening) ^ self.querier.mask();
        let read = self.read.take().ok_or(Fault::OutOfTurn)?;
        let evaluated = self.evaluated.take().ok_or(Fault::OutOfTurn)?;
        let finishing = Finishing {
            context: self.context,
            tokens: Arc::clone(&self.tokens),
            first: self.first,
            directions: [self.keyer.direction, self.querier.direction],
            masks: [self.own_mask, queried_mask],
            record: self.inspectable.then(|| (self.keyer.delta, Arc::clone(&self.encoded), self.their_seed)),
        };
        Ok(self.worker.submit(move || finishing.run(read.wait()??, evaluated.wait()??)))
    }

    // The messages, by number. Odd ones come from the first party.

    fn first_0(&mut self) -> Vec<u8> {
        let mut body = self.chooser.as_ref().map_or(Vec::new(), |c| c.message().to_vec());
        body.extend_from_slice(&self.sizes);
        self.seal(1, body)
    }

    fn second_1(&mut self, message: &[u8]) -> Result<Vec<u8>, Fault> {
        let [base, _] = split(message, [base_ot::RECEIVER_BYTES, SIZES])?;
        let mut reply = self.choose(base)?;
        reply.extend_from_slice(self.chooser.as_ref().ok_or(Fault::OutOfTurn)?.message());
        Ok(reply)
    }

    fn first_2(&mut self, message: &[u8]) -> Result<Vec<u8>, Fault> {
        let extension = softspoken::message_bytes(self.transfers_sent());
        let [answer, extended, base] = split(message, [base_ot::SENDER_BYTES, extension, base_ot::RECEIVER_BYTES])?;
        self.extend(answer, extended)?;
        let mut reply = self.choose(base)?;
        reply.extend_from_slice(&self.offer());
        Ok(reply)
    }

    fn second_3(&mut self, message: &[u8]) -> Result<Vec<u8>, Fault> {
        let extension = softspoken::message_bytes(self.transfers_sent());
        let [a, b, c] = self.offered();
        let [answer, extended, commitment, corrections, sums] = split(message, [base_ot::SENDER_BYTES, extension, a, b, c])?;
        self.extend(answer, extended)?;
        self.accept([commitment, corrections, sums]);
        let mut reply = self.offer();
        reply.extend_from_slice(&self.keyer.challenge().to_le_bytes());
        Ok(reply)
    }

    fn first_4(&mut self, message: &[u8]) -> Result<Vec<u8>, Fault> {
        let [a, b, c] = self.offered();
        let [commitment, corrections, sums, chi] = split(message, [a, b, c, 16])?;
        self.accept([commitment, corrections, sums]);
        let mut reply = self.querier.open(&self.context, self.challenged(self.querier.direction), block_of(chi));
        reply.extend_from_slice(&self.keyer.challenge().to_le_bytes());
        Ok(reply)
    }

    fn second_5(&mut self, message: &[u8]) -> Result<Vec<u8>, Fault> {
        let [opened, chi] = split(message, [gilboa::OPENING_BYTES, 16])?;
        let mut reply = self.keyer.corrections(&self.context, self.challenged(self.keyer.direction), opened)?;
        reply.extend_from_slice(&self.querier.open(&self.context, self.challenged(self.querier.direction), block_of(chi)));
        Ok(reply)
    }

    fn first_6(&mut self, message: &[u8]) -> Result<Vec<u8>, Fault> {
        let [corrections, opened] = split(message, [NOISE * 16, gilboa::OPENING_BYTES])?;
        let mut reply = self.keyer.corrections(&self.context, self.challenged(self.keyer.direction), opened)?;
        reply.extend_from_slice(&self.correct(corrections));
        Ok(reply)
    }

    fn second_7(&mut self, message: &[u8]) -> Result<Vec<u8>, Fault> {
        let [corrections, x] = split(message, [NOISE * 16, 16])?;
        let mut reply = self.keyer.prove(&self.context, self.asked(self.keyer.direction), block_of(x)).to_vec();
        reply.extend_from_slice(&self.correct(corrections));
        Ok(reply)
    }

    fn first_8(&mut self, message: &[u8]) -> Result<Vec<u8>, Fault> {
        let [proof, x] = split(message, [32, 16])?;
        let ours = self.keyer.prove(&self.context, self.asked(self.keyer.direction), block_of(x));
        self.reveal(proof, &ours)
    }

    fn second_9(&mut self, message: Vec<u8>) -> Result<Vec<u8>, Fault> {
        let [a, b, c] = self.revealed();
        let [proof, seed, mask, _] = split(&message, [32, a, b, c])?;
        let (seed, mask) = (seed_of(seed), block_of(mask));
        let mut reply = self.reveal(proof, &[])?;
        reply.extend_from_slice(self.keyer.opening());
        self.evaluate(seed, mask, message, 32 + a + b)?;
        Ok(reply)
    }

    fn first_10(&mut self, message: Vec<u8>) -> Result<(Vec<u8>, Task<Result<Finished, Fault>>), Fault> {
        let [a, b, c] = self.revealed();
        let [seed, mask, _, opening] = split(&message, [a, b, c, MASK_OPENING])?;
        let (seed, mask, opening) = (seed_of(seed), block_of(mask), opening.to_vec());
        self.evaluate(seed, mask, message, a + b)?;
        let ready = self.conclude(&opening)?;
        Ok((self.keyer.opening().to_vec(), ready))
    }

    fn second_11(&mut self, message: &[u8]) -> Result<Task<Result<Finished, Fault>>, Fault> {
        let [opening] = split(message, [MASK_OPENING])?;
        self.conclude(opening)
    }
}

fn seed_of(bytes: &[u8]) -> [u8; 32] {
    let mut seed = [0; 32];
    seed.copy_from_slice(bytes);
    seed
}

/// The last job.
struct Finishing {
    context: Context,
    tokens: Arc<Zeroizing<Vec<u8>>>,
    first: bool,
    /// Keyed by us, queried by us.
    directions: [Direction; 2],
    masks: [Block; 2],
    record: Option<(Block, Arc<Mutex<Option<Encoded>>>, [u8; 32])>,
}

impl Finishing {
    fn run(self, mut read: Read, mut evaluated: Evaluated) -> Result<Finished, Fault> {
        output::finish_direction(&self.context, self.directions[0], self.masks[0], &mut evaluated.values, &self.tokens);
        output::finish_direction(&self.context, self.directions[1], self.masks[1], &mut read.values, &self.tokens);
        let (keyed, queried) = (&evaluated.values, &read.values);
        let (first, second) = if self.first { (keyed, queried) } else { (queried, keyed) };
        let outputs = output::combine(&self.context, first, second, &self.tokens);
        let record = match self.record {
            Some((delta, encoded, their_seed)) => {
                let encoded = lock(&encoded).take().ok_or(Fault::Failed)?;
                Some(Record {
                    delta,
                    masks: self.masks,
                    keyed: evaluated.columns.take().ok_or(Fault::Failed)?,
                    queried: read.columns.take().ok_or(Fault::Failed)?,
                    encoded: encoded.columns,
                    our_seed: encoded.seed,
                    their_seed,
                })
            }
            None => None,
        };
        Ok(Finished { outputs, record })
    }
}

#[cfg(test)]
#[path = "adversary.rs"]
mod adversary;
