//! Times each stage of the engine on one core, then a whole session of both parties: `cargo run --release --example rr22_stages 20`.

use std::time::Instant;

use detente_kernel_core::rr22::exconv::Code;
use detente_kernel_core::rr22::ggm::{self, Doubler};
use detente_kernel_core::rr22::params::{Okvs, Vole, NOISE};
use detente_kernel_core::rr22::seeds::{Context, Direction, Stream};
use detente_kernel_core::rr22::session::{Session, Setup};
use detente_kernel_core::rr22::{base_ot, cpu, gf128, okvs, output, rows, seeds};

/// CPU time of this thread (or, with `whole`, of all threads) in milliseconds: wall time means little on a shared machine.
fn cpu_ms(whole: bool) -> f64 {
    let clock = if whole { libc::CLOCK_PROCESS_CPUTIME_ID } else { libc::CLOCK_THREAD_CPUTIME_ID };
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `now` is a valid timespec for the call to fill.
    unsafe { libc::clock_gettime(clock, &mut now) };
    now.tv_sec as f64 * 1e3 + now.tv_nsec as f64 / 1e6
}

fn timed<T>(what: &str, f: impl FnOnce() -> T) -> T {
    let start = cpu_ms(false);
    let result = f();
    println!("{what:40} {:8.1} ms CPU", cpu_ms(false) - start);
    result
}

fn main() {
    let log: u32 = std::env::args().nth(1).and_then(|a| a.parse().ok()).unwrap_or(20);
    let n = 1usize << log;
    let table = Okvs::new(n);
    let vole = Vole::new(table.columns());
    println!("{} n=2^{log} {table:?} m/n={:.3} {vole:?}", cpu::describe(), table.columns() as f64 / n as f64);
    let context = Context::new(b"bench", n as u64, n as u64);
    let mut tokens = vec![0u8; n * 32];
    blake3::Hasher::new().finalize_xof().fill(&mut tokens);
    let rows = timed("hash and group rows", || rows::rows(&table, &[1; 32], &tokens, rows::Rows::default()));
    let columns = timed("encode", || okvs::encode(&table, &rows, 7).unwrap());
    let mut values = vec![0; n];
    timed("decode", || okvs::decode(&table, &rows, &columns, 9, &mut values));
    let roots: Vec<u128> = (0..NOISE as u128).collect();
    let leaves = timed("grow trees", || ggm::grow(&vole, &Doubler::new(&context, 1), &roots, None));
    timed("tree proof", || gf128::evaluate(&leaves, 77));
    let positions: Vec<u32> = (0..NOISE as u32).map(|i| i * 13 % vole.leaves as u32).collect();
    let (keys, masked) = (vec![0; vole.transfers()], vec![0; ggm::sums_bytes(&vole)]);
    timed("puncture trees", || ggm::puncture(&vole, &Doubler::new(&context, 1), &positions, &keys, &masked));
    let mut one = leaves.clone();
    timed("code, one vector", || Code::new(vole.outputs()).encode(&mut one, table.columns()));
    timed("index stream alone", || {
        let mut words = vec![0; 192];
        let mut stream = Stream::new(1);
        for _ in 0..table.columns() / 32 {
            stream.blocks(&mut words);
        }
        words[0]
    });
    timed("K = B + delta A", || gf128::add_scaled(&mut one[..table.columns()], 99, &columns));
    timed("output hash, one direction", || output::finish_direction(&context, Direction::KeyedByFirst, 1, &mut values, &tokens));
    timed("combine", || output::combine(&context, &values, &values, &tokens));
    let dice = seeds::Dice::new(&[1; 32], &context, true);
    let receiver = timed("base OTs, receiver", || base_ot::Receiver::new(&context, &dice, 1));
    timed("base OTs, sender", || base_ot::send(&context, &dice, 1, receiver.message()).unwrap());

    let start = Instant::now();
    let used = cpu_ms(true);
    let setup =
        |first, entropy| Setup { first, context: b"bench", tokens: &tokens, width: 32, theirs: n, entropy, inspectable: false };
    let (first, mut message) = Session::begin(&setup(true, &[1; 32])).unwrap();
    let (second, _) = Session::begin(&setup(false, &[2; 32])).unwrap();
    println!("begin {:.1} ms", start.elapsed().as_secs_f64() * 1e3);
    let mut sides = [first, second];
    let (mut number, mut bytes) = (1, 0);
    while let Some(m) = message {
        bytes += m.len();
        message = sides[number % 2].receive(m).unwrap();
        println!("message {number:2} answered at {:8.1} ms", start.elapsed().as_secs_f64() * 1e3);
        number += 1;
    }
    let [mut first, mut second] = sides;
    let a = first.finish().unwrap().outputs;
    let b = second.finish().unwrap().outputs;
    assert_eq!(a, b);
    let (wall, cpu) = (start.elapsed().as_secs_f64() * 1e3, cpu_ms(true) - used);
    println!("both parties, one process: {wall:.1} ms, {cpu:.1} ms CPU, {:.1} MB", bytes as f64 / 1e6);
}
