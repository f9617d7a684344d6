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

use super::leaf::bits;
use super::{Codes, Relation, Whole};
use crate::condition::syntax::Operator;

/// How 64 answers become a word, the first its lowest bit.
trait Pack {
    /// Of bytes that are 0 or 1.
    fn pack(flags: &[u8; 64]) -> u64;
    /// Of codes whose bit in a table is the answer.
    fn look_up(codes: &[u8; 64], table: &[u64; 4]) -> u64;
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

    #[inline(always)]
    fn look_up(codes: &[u8; 64], table: &[u64; 4]) -> u64 {
        let bit = |code: u8| table[usize::from(code / 64)] >> (code % 64) & 1;
        codes.iter().rev().fold(0, |bits, code| bits << 1 | bit(*code))
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

/// Appends the values whose bit is set, in order. A mask that is longer than
/// the values names none beyond them.
pub fn pick(mask: &[u64], values: &[i64], into: &mut Vec<i64>) {
    into.reserve(usize::try_from(count(mask)).unwrap_or(usize::MAX) + 4);
    let (blocks, rest) = values.as_chunks::<64>();
    for (values, word) in blocks.iter().zip(mask) {
        match *word {
            0 => {}
            u64::MAX => into.extend_from_slice(values),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the machine has AVX2; there is room for all that is
            // picked and one store more.
            word if wide::is_available() => unsafe { wide::pick(word, values, into) },
            word => into.extend(bits(word).map(|at| values[at])),
        }
    }
    let last = mask.get(blocks.len()).copied().unwrap_or(0);
    into.extend(bits(last).filter_map(|at| rest.get(at)));
}

#[cfg(target_arch = "x86_64")]
mod wide {
    use std::arch::is_x86_feature_detected;
    use std::arch::x86_64::{
        __m256i, _mm256_and_si256, _mm256_blendv_epi8, _mm256_cmpeq_epi8, _mm256_cmpgt_epi8, _mm256_loadu_si256,
        _mm256_movemask_epi8, _mm256_permutevar8x32_epi32, _mm256_set_epi64x, _mm256_set1_epi8, _mm256_set1_epi64x,
        _mm256_shuffle_epi8, _mm256_slli_epi16, _mm256_srli_epi16, _mm256_storeu_si256,
    };

    /// By the sign bits of 32 bytes at a time. Only for machines that
    /// [`is_available`] says yes of.
    pub struct Wide;

    impl super::Pack for Wide {
        #[inline(always)]
        fn pack(flags: &[u8; 64]) -> u64 {
            // SAFETY: the caller is compiled for AVX2.
            unsafe { pack(flags) }
        }

        #[inline(always)]
        fn look_up(codes: &[u8; 64], table: &[u64; 4]) -> u64 {
            // SAFETY: the caller is compiled for AVX2.
            unsafe { look_up(codes, table) }
        }
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn pack(flags: &[u8; 64]) -> u64 {
        word(halves(flags).map(|flags| _mm256_slli_epi16::<7>(flags)))
    }

    /// A byte of the table is looked up by the upper five bits of a code, in
    /// each of the table's halves; the lower three name the bit in it.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn look_up(codes: &[u8; 64], table: &[u64; 4]) -> u64 {
        let [a, b, c, d] = table.map(u64::cast_signed);
        let (low, high) = (_mm256_set_epi64x(b, a, b, a), _mm256_set_epi64x(d, c, d, c));
        let single = _mm256_set1_epi64x(0x8040_2010_0804_0201_u64.cast_signed());
        word(halves(codes).map(|codes| {
            let place = _mm256_and_si256(_mm256_srli_epi16::<3>(codes), _mm256_set1_epi8(31));
            let in_high = _mm256_cmpgt_epi8(place, _mm256_set1_epi8(15));
            let (in_low, high) = (_mm256_shuffle_epi8(low, place), _mm256_shuffle_epi8(high, place));
            let bytes = _mm256_blendv_epi8(in_low, high, in_high);
            let bit = _mm256_shuffle_epi8(single, _mm256_and_si256(codes, _mm256_set1_epi8(7)));
            _mm256_cmpeq_epi8(_mm256_and_si256(bytes, bit), bit)
        }))
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn halves(bytes: &[u8; 64]) -> [__m256i; 2] {
        let at = bytes.as_ptr();
        // SAFETY: both halves lie within the 64 bytes.
        unsafe { [_mm256_loadu_si256(at.cast()), _mm256_loadu_si256(at.add(32).cast())] }
    }

    /// The sign bits of 64 bytes.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn word([low, high]: [__m256i; 2]) -> u64 {
        let low = u64::from(_mm256_movemask_epi8(low).cast_unsigned());
        low | u64::from(_mm256_movemask_epi8(high).cast_unsigned()) << 32
    }

    /// For each four bits, which halves of four values move to the front.
    const PLACES: [[u32; 8]; 16] = {
        let mut places = [[0; 8]; 16];
        let mut four = 0;
        while four < 16 {
            let (mut at, mut from) = (0, 0);
            while from < 4 {
                if four >> from & 1 == 1 {
                    places[four][at] = 2 * from;
                    places[four][at + 1] = 2 * from + 1;
                    at += 2;
                }
                from += 1;
            }
            four += 1;
        }
        places
    };

    /// Appends the values whose bit is set, four at a time.
    ///
    /// # Safety
    ///
    /// The machine has AVX2, and `into` has room for what is picked and four
    /// more.
    #[target_feature(enable = "avx2,popcnt")]
    pub unsafe fn pick(word: u64, values: &[i64; 64], into: &mut Vec<i64>) {
        let (mut length, out) = (into.len(), into.as_mut_ptr());
        for (at, four) in values.as_chunks::<4>().0.iter().enumerate() {
            let bits = (word >> (4 * at) & 15) as usize;
            // SAFETY: each load is of a whole array; the store ends at most
            // four values beyond what is picked, for which there is room.
            unsafe {
                let four = _mm256_loadu_si256(four.as_ptr().cast::<__m256i>());
                let places = _mm256_loadu_si256(PLACES[bits].as_ptr().cast::<__m256i>());
                let picked = _mm256_permutevar8x32_epi32(four, places);
                _mm256_storeu_si256(out.add(length).cast::<__m256i>(), picked);
            }
            length += bits.count_ones() as usize;
        }
        // SAFETY: so many values were written.
        unsafe { into.set_len(length) };
    }

    pub fn is_available() -> bool {
        is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("lzcnt")
            && is_x86_feature_detected!("popcnt")
    }
}

#[cfg(test)]
mod tests;
