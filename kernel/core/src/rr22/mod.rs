//! The engine `rr22`: an oblivious PRF in both directions after Raghuraman and Rindal, "Blazing Fast PSI" (CCS 2022, 2022/320),
//! in its malicious variant. The protocol is spec/engine-rr22; each module names the paper and section that it follows.
//!
//! Nothing here throws dice or knows policy: entropy is an argument, and the same arguments and messages give the same bytes.

#![allow(unsafe_code)] // CPU intrinsics only; each block says why it is sound

pub mod base_ot;
pub mod cpu;
pub mod exconv;
pub mod gf128;
pub mod ggm;
pub mod gilboa;
pub mod inspect;
pub mod keyer;
pub mod lanes;
pub mod okvs;
pub mod output;
pub mod pages;
pub mod params;
pub mod querier;
pub mod rows;
pub mod seeds;
pub mod session;
pub mod softspoken;
pub mod worker;

/// Why a message was not accepted. `Failed` never says which check: nothing must be learnt from that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Not the length that the sizes give.
    Malformed,
    /// A check did not hold.
    Failed,
    /// Our own tokens repeat: no seed encodes them.
    Unsolvable,
    /// No message is expected, or the session already failed.
    OutOfTurn,
}
