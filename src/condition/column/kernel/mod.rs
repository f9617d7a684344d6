//! Loops over plain slices, each compiled twice: for any machine, and for
//! those with AVX2, which are recognised when the program runs.
//!
//! The loops themselves are in `portable`, which the compiler vectorises; what
//! differs is how 64 answers become a word ([`Pack`]). Answers beyond the last
//! value are 0.

#![cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "code for instructions that not every machine has runs after a check alone")
)]

mod portable;

use super::{Codes, Relation, Whole};
use crate::condition::syntax::Operator;

/// How 64 bytes, each 0 or 1, become a word, the first its lowest bit.
trait Pack {
    fn pack(flags: &[u8; 64]) -> u64;
}

/// By multiplication, eight at a time.
struct Plain;

impl Pack for Plain {
    #[inline(always)]
    fn pack(flags: &[u8; 64]) -> u64 {
        let (eights, _) = flags.as_chunks::<8>();
        let byte = |eight: &[u8; 8]| u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        eights.iter().rev().fold(0, |bits, eight| bits << 8 | byte(eight))
    }
}

macro_rules! compiled_twice {
    ($($(#[$doc:meta])* fn $name:ident($($argument:ident: $ty:ty),*) $(-> $result:ty)?;)*) => {$(
        $(#[$doc])*
        pub(super) fn $name($($argument: $ty),*) $(-> $result)? {
            #[cfg(target_arch = "x86_64")]
            if wide::is_available() {
                #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
                fn fast($($argument: $ty),*) $(-> $result)? {
                    portable::$name::<wide::Wide>($($argument),*)
                }
                // SAFETY: the machine has what `fast` is compiled for.
                return unsafe { fast($($argument),*) };
            }
            portable::$name::<Plain>($($argument),*)
        }
    )*};
}

compiled_twice! {
    /// The values from `low` to `high`, both included.
    fn range(values: Whole<'_>, low: i64, high: i64, out: &mut [u64]);
    /// The codes whose bit is set in `table`; those beyond it are not.
    fn look_up(codes: Codes<'_>, table: &[u64], out: &mut [u64]);
    /// The values that stand so to a constant.
    fn compare_constant(values: &[f64], relation: Relation, constant: f64, out: &mut [u64]);
    /// The places where two values stand so to each other.
    fn compare(left: &[f64], relation: Relation, right: &[f64], out: &mut [u64]);
    /// The places where two whole values stand so to each other.
    fn compare_whole(left: &[i64], relation: Relation, right: &[i64], out: &mut [u64]);
    /// The values that are neither infinite nor NaN.
    fn finite(values: &[f64], out: &mut [u64]);
    /// Each value times `factor` plus `summand`.
    fn convert(values: Whole<'_>, factor: f64, summand: f64, into: &mut [f64]);
    /// Each left value becomes the result; what has none becomes NaN or
    /// infinite.
    fn apply(left: &mut [f64], operator: Operator, right: &[f64]);
    /// Each right value becomes the result.
    fn apply_to(left: &[f64], operator: Operator, right: &mut [f64]);
    /// The same with one right value for all.
    fn apply_constant(left: &mut [f64], operator: Operator, right: f64);
    /// The same with one left value for all.
    fn apply_to_constant(left: f64, operator: Operator, right: &mut [f64]);
    /// The number of set bits.
    fn count(words: &[u64]) -> u64;
}

#[cfg(target_arch = "x86_64")]
mod wide {
    use std::arch::is_x86_feature_detected;
    use std::arch::x86_64::{__m256i, _mm256_loadu_si256, _mm256_movemask_epi8, _mm256_slli_epi16};

    /// By the sign bits of 32 bytes at a time. Only for machines that
    /// [`is_available`] says yes of.
    pub struct Wide;

    impl super::Pack for Wide {
        #[inline(always)]
        fn pack(flags: &[u8; 64]) -> u64 {
            let half = |at: usize| {
                // SAFETY: both halves lie within the 64 bytes; the caller is
                // compiled for AVX2.
                let mask = unsafe {
                    let flags = _mm256_loadu_si256(flags.as_ptr().add(at).cast::<__m256i>());
                    _mm256_movemask_epi8(_mm256_slli_epi16::<7>(flags))
                };
                u64::from(mask.cast_unsigned())
            };
            half(0) | half(32) << 32
        }
    }

    pub fn is_available() -> bool {
        is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("lzcnt")
            && is_x86_feature_detected!("popcnt")
    }
}
