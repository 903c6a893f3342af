//! The field GF(2^128) = GF(2)[x] / (x^128 + x^7 + x^2 + x + 1); bit i of the little-endian integer is the coefficient of x^i.
//!
//! Every operation is branch free and reads no table. `Clmul` uses the carry-less multiplier where the CPU has one; `Portable`
//! multiplies integers with holes between the bits (Thomas Pornin, BearSSL `ghash_ctmul64`) and is tested against it.

/// One element. Addition is xor.
pub type Block = u128;

/// A way of multiplying two elements. Implementations compute the same function.
pub trait Multiply: Copy {
    fn mul(self, a: Block, b: Block) -> Block;
}

/// Works on every machine.
#[derive(Clone, Copy)]
pub struct Portable;

/// The low 64 bits of the carry-less product: four interleaved integer products never carry into a bit that is kept.
#[inline(always)]
fn low_product(x: u64, y: u64) -> u64 {
    const M0: u64 = 0x1111_1111_1111_1111;
    const M1: u64 = M0 << 1;
    const M2: u64 = M0 << 2;
    const M3: u64 = M0 << 3;
    let (x0, x1, x2, x3) = (x & M0, x & M1, x & M2, x & M3);
    let (y0, y1, y2, y3) = (y & M0, y & M1, y & M2, y & M3);
    let z0 = x0.wrapping_mul(y0) ^ x1.wrapping_mul(y3) ^ x2.wrapping_mul(y2) ^ x3.wrapping_mul(y1);
    let z1 = x0.wrapping_mul(y1) ^ x1.wrapping_mul(y0) ^ x2.wrapping_mul(y3) ^ x3.wrapping_mul(y2);
    let z2 = x0.wrapping_mul(y2) ^ x1.wrapping_mul(y1) ^ x2.wrapping_mul(y0) ^ x3.wrapping_mul(y3);
    let z3 = x0.wrapping_mul(y3) ^ x1.wrapping_mul(y2) ^ x2.wrapping_mul(y1) ^ x3.wrapping_mul(y0);
    (z0 & M0) | (z1 & M1) | (z2 & M2) | (z3 & M3)
}

#[inline(always)]
fn product64(x: u64, y: u64) -> u128 {
    let low = low_product(x, y);
    let high = low_product(x.reverse_bits(), y.reverse_bits()).reverse_bits() >> 1;
    (u128::from(high) << 64) | u128::from(low)
}

/// Reduces high * x^128 + low.
#[inline(always)]
fn reduce(high: u128, low: u128) -> Block {
    let over = (high >> 127) ^ (high >> 126) ^ (high >> 121);
    let folded = high ^ over;
    low ^ folded ^ (folded << 1) ^ (folded << 2) ^ (folded << 7)
}

impl Multiply for Portable {
    #[inline(always)]
    fn mul(self, a: Block, b: Block) -> Block {
        let (a0, a1, b0, b1) = (a as u64, (a >> 64) as u64, b as u64, (b >> 64) as u64);
        let low = product64(a0, b0);
        let high = product64(a1, b1);
        let middle = product64(a0 ^ a1, b0 ^ b1) ^ low ^ high;
        reduce(high ^ (middle >> 64), low ^ (middle << 64))
    }
}

/// The carry-less multiplier of x86. Only `Clmul::detect` makes one, so to hold one is proof that the CPU has the instruction.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
pub struct Clmul(());

#[cfg(target_arch = "x86_64")]
impl Clmul {
    /// None where the CPU lacks the carry-less multiplier.
    pub fn detect() -> Option<Self> {
        (is_x86_feature_detected!("pclmulqdq") && is_x86_feature_detected!("avx2")).then_some(Self(()))
    }
}

#[cfg(target_arch = "x86_64")]
impl Multiply for Clmul {
    #[inline(always)]
    fn mul(self, a: Block, b: Block) -> Block {
        // SAFETY: `Clmul` is made by `detect` alone, which saw pclmulqdq (and sse2 is part of x86_64).
        unsafe { clmul(a, b) }
    }
}

#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "pclmulqdq,sse2")]
fn clmul(a: Block, b: Block) -> Block {
    use std::arch::x86_64::*;
    // SAFETY: __m128i and u128 are both 16 plain bytes; every bit pattern is valid for either.
    let (a, b): (__m128i, __m128i) =
        unsafe { (std::mem::transmute::<Block, __m128i>(a), std::mem::transmute::<Block, __m128i>(b)) };
    let low = _mm_clmulepi64_si128::<0x00>(a, b);
    let high = _mm_clmulepi64_si128::<0x11>(a, b);
    let middle = _mm_xor_si128(_mm_clmulepi64_si128::<0x01>(a, b), _mm_clmulepi64_si128::<0x10>(a, b));
    let low = _mm_xor_si128(low, _mm_slli_si128::<8>(middle));
    let high = _mm_xor_si128(high, _mm_srli_si128::<8>(middle));
    // x^128 = x^7 + x^2 + x + 1 = 0x87: fold the top word onto the middle, then the next word onto the bottom.
    let poly = _mm_set_epi64x(0, 0x87);
    let top = _mm_clmulepi64_si128::<0x01>(high, poly);
    let low = _mm_xor_si128(low, _mm_slli_si128::<8>(top));
    let high = _mm_xor_si128(high, _mm_srli_si128::<8>(top));
    let low = _mm_xor_si128(low, _mm_clmulepi64_si128::<0x00>(high, poly));
    // SAFETY: as above.
    unsafe { std::mem::transmute(low) }
}

/// x times the element, without a branch.
#[inline(always)]
pub fn times_x(a: Block) -> Block {
    (a << 1) ^ ((a >> 127).wrapping_neg() & 0x87)
}

/// Runs a generic function with the best multiplier of this machine. `$f` is called as `$f(multiplier, args...)`.
macro_rules! with_multiplier {
    ($f:ident ( $($name:ident : $type:ty),* $(,)? ) $(-> $ret:ty)?) => {{
        #[cfg(target_arch = "x86_64")]
        {
            #[target_feature(enable = "avx2,bmi2,pclmulqdq,aes,sse4.1")]
            fn fast(m: $crate::rr22::gf128::Clmul, $($name: $type),*) $(-> $ret)? {
                $f(m, $($name),*)
            }
            if let Some(m) = $crate::rr22::cpu::fast() {
                // SAFETY: `cpu::fast` saw every feature that `fast` is compiled for.
                unsafe { fast(m, $($name),*) }
            } else {
                $f($crate::rr22::gf128::Portable, $($name),*)
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        $f($crate::rr22::gf128::Portable, $($name),*)
    }};
}
pub(crate) use with_multiplier;

#[inline(always)]
fn multiply_one<M: Multiply>(m: M, a: Block, b: Block) -> Block {
    m.mul(a, b)
}

/// a * b.
pub fn mul(a: Block, b: Block) -> Block {
    with_multiplier!(multiply_one(a: Block, b: Block) -> Block)
}

#[inline(always)]
fn add_scaled_with<M: Multiply>(m: M, out: &mut [Block], factor: Block, values: &[Block]) {
    for (o, v) in out.iter_mut().zip(values) {
        *o ^= m.mul(factor, *v);
    }
}

/// out[i] += factor * values[i].
pub fn add_scaled(out: &mut [Block], factor: Block, values: &[Block]) {
    with_multiplier!(add_scaled_with(out: &mut [Block], factor: Block, values: &[Block]))
}

const STRIDE: usize = 8;

#[inline(always)]
fn evaluate_with<M: Multiply>(m: M, values: &[Block], x: Block) -> Block {
    // Eight interleaved Horner chains, last value first; the chains hide the multiplier's latency.
    let mut powers = [x; STRIDE + 1];
    powers[0] = 1;
    for i in 2..=STRIDE {
        powers[i] = m.mul(powers[i - 1], x);
    }
    let step = powers[STRIDE];
    let mut sums = [0 as Block; STRIDE];
    let chunks = values.chunks_exact(STRIDE);
    let rest = chunks.remainder();
    for (s, v) in sums.iter_mut().zip(rest) {
        *s = *v;
    }
    for chunk in chunks.rev() {
        for i in 0..STRIDE {
            sums[i] = m.mul(sums[i], step) ^ chunk[i];
        }
    }
    let mut total = 0;
    for i in 0..STRIDE {
        total ^= m.mul(sums[i], powers[i]);
    }
    m.mul(total, x)
}

/// sum values[i] * x^(i+1).
pub fn evaluate(values: &[Block], x: Block) -> Block {
    with_multiplier!(evaluate_with(values: &[Block], x: Block) -> Block)
}

#[inline(always)]
fn dot_with<M: Multiply>(m: M, a: &[Block], b: &[Block]) -> Block {
    a.iter().zip(b).fold(0, |sum, (x, y)| sum ^ m.mul(*x, *y))
}

/// sum a[i] * b[i].
pub fn dot(a: &[Block], b: &[Block]) -> Block {
    with_multiplier!(dot_with(a: &[Block], b: &[Block]) -> Block)
}

/// x^exponent. The exponent may be secret: every bit costs the same.
pub fn power(x: Block, exponent: u64) -> Block {
    let mut result: Block = 1;
    for bit in (0..64).rev() {
        result = mul(result, result);
        let mask = Block::from((exponent >> bit) & 1).wrapping_neg();
        result = (mul(result, x) & mask) | (result & !mask);
    }
    result
}

/// The inverse of a nonzero element, by Fermat: a^(2^128 - 2).
pub fn inverse(a: Block) -> Block {
    let mut result: Block = 1;
    let mut square = a;
    for _ in 1..128 {
        square = mul(square, square);
        result = mul(result, square);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schoolbook(a: Block, b: Block) -> Block {
        let mut sum = 0;
        let mut shifted = a;
        for bit in 0..128 {
            if (b >> bit) & 1 == 1 {
                sum ^= shifted;
            }
            shifted = times_x(shifted);
        }
        sum
    }

    fn samples() -> Vec<Block> {
        let mut x: Block = 0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C834;
        let mut out = vec![0, 1, 2, 1 << 127, Block::MAX, 0x87];
        for _ in 0..40 {
            x = schoolbook(x, 0x1234_5678_9ABC_DEF0_0FED_CBA9_8765_4321) ^ (x >> 3);
            out.push(x);
        }
        out
    }

    #[test]
    fn every_multiplier_equals_the_schoolbook_product() {
        for a in samples() {
            for b in samples() {
                let want = schoolbook(a, b);
                assert_eq!(Portable.mul(a, b), want);
                assert_eq!(mul(a, b), want);
                #[cfg(target_arch = "x86_64")]
                if let Some(m) = Clmul::detect() {
                    assert_eq!(m.mul(a, b), want);
                }
            }
        }
    }

    #[test]
    fn batch_operations_equal_their_definition() {
        let v = samples();
        let x = v[20];
        let mut want = 0;
        for (i, value) in v.iter().enumerate() {
            want ^= mul(*value, power(x, i as u64 + 1));
        }
        assert_eq!(evaluate(&v, x), want);
        assert_eq!(evaluate_with(Portable, &v, x), want);
        let mut out = vec![7; v.len()];
        add_scaled(&mut out, x, &v);
        assert!(out.iter().zip(&v).all(|(o, v)| *o == 7 ^ schoolbook(x, *v)));
    }

    #[test]
    fn an_element_times_its_inverse_is_one() {
        for a in samples().into_iter().filter(|a| *a != 0) {
            assert_eq!(mul(a, inverse(a)), 1);
        }
    }
}
