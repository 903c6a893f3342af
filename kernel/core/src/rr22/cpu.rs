//! Which instructions this machine has. One answer for the whole engine, so that a test can force the portable path.

#[cfg(target_arch = "x86_64")]
use super::gf128::Clmul;

#[cfg(target_arch = "x86_64")]
use std::sync::atomic::{AtomicU8, Ordering};

#[cfg(target_arch = "x86_64")]
static STATE: AtomicU8 = AtomicU8::new(UNKNOWN);
#[cfg(target_arch = "x86_64")]
const UNKNOWN: u8 = 0;
#[cfg(target_arch = "x86_64")]
const FAST: u8 = 1;
#[cfg(target_arch = "x86_64")]
const PORTABLE: u8 = 2;

/// Proof that AVX2, BMI2, PCLMULQDQ, AES and SSE4.1 are here; None sends every caller down its portable path.
#[cfg(target_arch = "x86_64")]
#[inline]
pub fn fast() -> Option<Clmul> {
    match STATE.load(Ordering::Relaxed) {
        FAST => Clmul::detect(),
        PORTABLE => None,
        _ => {
            let found = is_x86_feature_detected!("avx2")
                && is_x86_feature_detected!("bmi2")
                && is_x86_feature_detected!("aes")
                && is_x86_feature_detected!("sse4.1")
                && Clmul::detect().is_some();
            STATE.store(if found { FAST } else { PORTABLE }, Ordering::Relaxed);
            found.then(Clmul::detect).flatten()
        }
    }
}

/// Forces the portable path (true) or goes back to detection (false). For tests and for comparing machines; results do not change.
pub fn force_portable(portable: bool) {
    #[cfg(target_arch = "x86_64")]
    STATE.store(if portable { PORTABLE } else { UNKNOWN }, Ordering::Relaxed);
    #[cfg(not(target_arch = "x86_64"))]
    let _ = portable;
}

/// What runs here, for logs and bench lines.
pub fn describe() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    if fast().is_some() {
        return "x86_64 avx2 pclmulqdq aes";
    }
    "portable"
}
