//! Sizes that both sides derive from the number of tokens, and the security estimate behind them (spec/engine-rr22, Parameters).

/// Statistical security in bits: 40, and 10 more because the OKVS formulas are fitted and not proven.
pub const STATISTICAL: f64 = 50.0;
/// Noise positions of the dual LPN.
pub const NOISE: usize = 320;
/// The largest shard.
pub const LARGEST_SHARD: usize = 1 << 22;
/// Fewer tokens than this are encoded as if they were this many: the fitted formulas start here.
pub const SMALLEST: usize = 128;
/// Tokens that a bin holds on average.
pub const BIN: usize = 1 << 14;
/// The fewest leaves of one GGM tree, so that a small run still uses a code of some length.
pub const FEWEST_LEAVES: usize = 32;

/// The shape of one OKVS: `bins` bins, each of `sparse` columns and then `dense` columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Okvs {
    pub bins: usize,
    /// Tokens that one bin can take.
    pub capacity: usize,
    pub sparse: usize,
    pub dense: usize,
}

impl Okvs {
    /// The shape for n tokens at 2^-50 (RR22, section 4.1: fitted formulas; bins: section 4.3).
    pub fn new(n: usize) -> Self {
        Self::at(n, STATISTICAL, BIN)
    }

    /// The shape for n tokens at 2^-lambda with bins of about `bin` tokens. Lambda below 50 is for Monte Carlo tests.
    pub fn at(n: usize, lambda: f64, bin: usize) -> Self {
        let n = n.max(SMALLEST);
        let bins = n.div_ceil(bin);
        // One bit for "a bin overflows", one for "a bin cannot be solved", and a union bound over the bins.
        let each = if bins == 1 { lambda } else { lambda + 1.0 + (bins as f64).log2() };
        let capacity = if bins == 1 { n } else { fullest(n as f64 / bins as f64, each) };
        let expansion = expansion(capacity as f64, each);
        let sparse = ((expansion * capacity as f64).ceil() as usize).next_multiple_of(4);
        let dense = (each / (expansion * capacity as f64).log2()).floor() as usize;
        Self { bins, capacity, sparse, dense: dense.max(1) }
    }

    /// Columns of one bin.
    pub fn stride(&self) -> usize {
        self.sparse + self.dense
    }

    /// Columns in all: the length of P, and the number of tokens that a cheating receiver could encode.
    pub fn columns(&self) -> usize {
        self.bins * self.stride()
    }
}

/// e for a weight-3 garbled cuckoo table of n keys: e* + (lambda + 9.2)/s with log2 s = 0.555 log2 n + 2.336 (RR22, section 4.1, w = 3).
fn expansion(n: f64, lambda: f64) -> f64 {
    let l = 3f64.log2();
    let shape = 0.093 * l * l * l - 1.01 * l * l + 2.925 * l - 0.133;
    let s = (0.555 * n.log2() + shape).exp2();
    1.223 + (lambda + 9.2) / s
}

/// The least c with Pr[more than c of the tokens in one bin] <= 2^-bits, by Chernoff: exp(-mean((1+d)ln(1+d) - d)) at c + 1.
pub fn fullest(mean: f64, bits: f64) -> usize {
    let mut c = mean.ceil() as usize;
    loop {
        let ratio = (c + 1) as f64 / mean;
        let exponent = mean * (ratio * ratio.ln() - ratio + 1.0) / std::f64::consts::LN_2;
        if exponent >= bits {
            return c;
        }
        c += 1;
    }
}

/// The shape of one silent VOLE: `NOISE` trees of `leaves` leaves; the code maps 2k values to k.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vole {
    pub leaves: usize,
    pub depth: usize,
}

impl Vole {
    /// The shape for at least m outputs.
    pub fn new(m: usize) -> Self {
        let leaves = (2 * m).div_ceil(NOISE).max(FEWEST_LEAVES);
        Self { leaves, depth: leaves.next_power_of_two().trailing_zeros() as usize }
    }

    /// Noisy values: 2k.
    pub fn length(&self) -> usize {
        NOISE * self.leaves
    }

    /// Outputs: k.
    pub fn outputs(&self) -> usize {
        self.length() / 2
    }

    /// OTs that mask the level sums.
    pub fn transfers(&self) -> usize {
        NOISE * self.depth
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_formula_gives_the_published_expansions() {
        for (log, want) in [(10, 1.431), (14, 1.268), (18, 1.233), (20, 1.227), (24, 1.224)] {
            let e = expansion((1u64 << log) as f64, 40.0);
            assert!((e - want).abs() < 0.0015, "2^{log}: {e}");
        }
    }

    #[test]
    fn clustering_costs_little() {
        for (n, most) in [(1usize << 20, 1.40), (1 << 22, 1.40), (1 << 17, 1.40), (1 << 14, 1.31)] {
            let shape = Okvs::new(n);
            let rate = shape.columns() as f64 / n as f64;
            assert!(rate < most, "{n}: {rate} {shape:?}");
            assert!(shape.sparse < 1 << 16);
        }
    }

    #[test]
    fn the_code_is_long_enough_for_every_size() {
        for n in [0, 1, 127, 1000, 1 << 14, (1 << 14) + 1, 1 << 20, 1 << 22] {
            let m = Okvs::new(n).columns();
            let vole = Vole::new(m);
            assert!(vole.outputs() >= m && 1 << vole.depth >= vole.leaves && vole.leaves > 1 << (vole.depth - 1));
        }
    }
}
