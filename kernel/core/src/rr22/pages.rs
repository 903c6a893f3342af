//! Large zeroed vectors on huge pages where the system offers them: random reads of a 20 MB table miss the TLB far less often.

/// Below this a vector is left as it comes.
#[cfg(target_os = "linux")]
const WORTHWHILE: usize = 4 << 20;

/// `len` zeros.
pub fn zeroed<T: Zero>(len: usize) -> Vec<T> {
    let vector = vec![T::ZERO; len];
    advise(&vector);
    vector
}

/// An empty vector with room for `len`.
pub fn room<T>(len: usize) -> Vec<T> {
    let vector = Vec::with_capacity(len);
    advise(&vector);
    vector
}

/// Plain values whose zero is all zero bytes, so that fresh pages need no filling.
pub trait Zero: Copy {
    const ZERO: Self;
}

impl Zero for u128 {
    const ZERO: Self = 0;
}

impl Zero for u8 {
    const ZERO: Self = 0;
}

/// Asks for huge pages under a vector's memory. A hint: nothing depends on the answer.
fn advise<T>(vector: &Vec<T>) {
    #[cfg(target_os = "linux")]
    {
        const PAGE: usize = 4096;
        let bytes = vector.capacity() * std::mem::size_of::<T>();
        if bytes >= WORTHWHILE {
            let start = (vector.as_ptr() as usize).next_multiple_of(PAGE);
            let end = (vector.as_ptr() as usize + bytes) / PAGE * PAGE;
            // SAFETY: the range lies inside one live allocation and MADV_HUGEPAGE changes neither contents nor access.
            let _ = unsafe { libc::madvise(start as *mut libc::c_void, end - start, libc::MADV_HUGEPAGE) };
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = vector;
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_large_vector_is_zero_and_a_small_one_too() {
        for len in [0, 10, 1 << 20] {
            assert!(super::zeroed::<u128>(len).iter().all(|v| *v == 0));
            assert!(super::room::<u128>(len).capacity() >= len);
        }
    }
}
