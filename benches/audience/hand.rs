//! The limit: a loop written for each condition over the same columns, with
//! AVX2, all columns of a condition read in one go.
//!
//! A condition gives the answers of 64 users as a word; what is done with the
//! word, counting or copying ids, is the same for all. The number of users is a
//! multiple of 64.

use crate::people::{NOW, People};
use std::arch::x86_64::*;

/// One condition: the number of users, and their ids.
pub struct Hand {
    pub count: fn(&People) -> u64,
    pub ids: fn(&People, &mut Vec<i64>),
}

macro_rules! hand {
    ($($name:ident = |$people:ident, $word:ident| $answer:expr;)*) => {$(
        pub const $name: Hand = {
            #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
            fn count($people: &People) -> u64 {
                (0..$people.id.len() / 64).map(|$word| u64::from(($answer).count_ones())).sum()
            }
            #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
            fn ids($people: &People, into: &mut Vec<i64>) {
                into.clear();
                into.reserve($people.id.len() + 4);
                for $word in 0..$people.id.len() / 64 {
                    copy($answer, $word, $people, into);
                }
            }
            Hand {
                // SAFETY: `main` asks for AVX2 before it measures.
                count: |people| unsafe { count(people) },
                // SAFETY: the same.
                ids: |people, into| unsafe { ids(people, into) },
            }
        };
    )*};
}

const SECONDS: i64 = NOW / 1_000;
const DAY: i64 = 86_400;

hand! {
    ALL = |p, w| !0u64 | p.blocked[w];
    ACTIVE = |p, w| above16(&p.balance, w, 0);
    TRIAL_ONLY = |p, w| {
        p.trial_3d_used[w] & (!p.paid_count_set[w] | equal16(&p.paid_count, w, 0))
    };
    EXPIRED = |p, w| {
        !above16(&p.balance, w, 0) & (p.trial_3d_used[w] | p.paid_count_set[w] & above16(&p.paid_count, w, 0))
    };
    NO_SUBSCRIPTION = |p, w| !above16(&p.balance, w, 0);
    WITH_REFERRALS = |p, w| above8(&p.referral_count, w, 0);
    VIP = |p, w| p.paid_count_set[w] & above16(&p.paid_count, w, 4);
    HIGH_VALUE = |p, w| p.paid_count_set[w] & above16(&p.paid_count, w, 2) & above16(&p.balance, w, 0);
    CHURNED = |p, w| {
        p.last_payment_at_set[w]
            & p.paid_count_set[w]
            & !above32(&p.last_payment_at, w, (SECONDS - 30 * DAY - 1) as i32)
            & above16(&p.paid_count, w, 0)
    };
    TAGGED = |p, w| {
        let rare = p.tags.masks[0][w] & !p.blocked[w];
        if rare == 0 { 0 } else { rare & equal8(&p.tariff, w, 4) & (equal8(&p.language, w, 0) | equal8(&p.language, w, 2)) }
    };
    SOURCE = |p, w| {
        above32(&p.last_seen_at, w, (SECONDS - 7 * DAY - 1) as i32)
            & !above32(&p.last_seen_at, w, SECONDS as i32)
            & every_fourth(&p.source, w)
    };
    USERNAME = |p, w| usernames(p, w);
    REVENUE = |p, w| p.paid_count_set[w] & revenue(p, w);
}

#[inline]
#[target_feature(enable = "avx2")]
fn load<T>(values: &[T], at: usize) -> __m256i {
    assert!(at + 32 / size_of::<T>() <= values.len());
    // SAFETY: as asserted.
    unsafe { _mm256_loadu_si256(values.as_ptr().add(at).cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn bytes(low: __m256i, high: __m256i) -> u64 {
    let word = |half| u64::from(_mm256_movemask_epi8(half) as u32);
    word(low) | word(high) << 32
}

#[inline]
#[target_feature(enable = "avx2")]
fn packed16(tests: [__m256i; 4]) -> u64 {
    let half = |a, b| _mm256_permute4x64_epi64::<0xd8>(_mm256_packs_epi16(a, b));
    bytes(half(tests[0], tests[1]), half(tests[2], tests[3]))
}

#[inline]
#[target_feature(enable = "avx2")]
fn above8(values: &[i8], word: usize, limit: i8) -> u64 {
    let limit = _mm256_set1_epi8(limit);
    bytes(_mm256_cmpgt_epi8(load(values, word * 64), limit), _mm256_cmpgt_epi8(load(values, word * 64 + 32), limit))
}

#[inline]
#[target_feature(enable = "avx2")]
fn equal8(values: &[u8], word: usize, other: i8) -> u64 {
    let other = _mm256_set1_epi8(other);
    bytes(_mm256_cmpeq_epi8(load(values, word * 64), other), _mm256_cmpeq_epi8(load(values, word * 64 + 32), other))
}

/// The codes of sources that begin with `utm_vk` are those divisible by four.
#[inline]
#[target_feature(enable = "avx2")]
fn every_fourth(values: &[u8], word: usize) -> u64 {
    let test = |at| {
        let low = _mm256_and_si256(load(values, at), _mm256_set1_epi8(3));
        _mm256_cmpeq_epi8(low, _mm256_setzero_si256())
    };
    bytes(test(word * 64), test(word * 64 + 32))
}

#[inline]
#[target_feature(enable = "avx2")]
fn above16(values: &[i16], word: usize, limit: i16) -> u64 {
    let limit = _mm256_set1_epi16(limit);
    let test = |at: usize| _mm256_cmpgt_epi16(load(values, word * 64 + at * 16), limit);
    packed16([test(0), test(1), test(2), test(3)])
}

#[inline]
#[target_feature(enable = "avx2")]
fn equal16(values: &[i16], word: usize, other: i16) -> u64 {
    let other = _mm256_set1_epi16(other);
    let test = |at: usize| _mm256_cmpeq_epi16(load(values, word * 64 + at * 16), other);
    packed16([test(0), test(1), test(2), test(3)])
}

#[inline]
#[target_feature(enable = "avx2")]
fn above32(values: &[i32], word: usize, limit: i32) -> u64 {
    let limit = _mm256_set1_epi32(limit);
    let test = |at: usize| _mm256_cmpgt_epi32(load(values, word * 64 + at * 8), limit);
    let pair = |at| _mm256_permute4x64_epi64::<0xd8>(_mm256_packs_epi32(test(at), test(at + 1)));
    packed16([pair(0), pair(2), pair(4), pair(6)])
}

#[inline]
#[target_feature(enable = "avx2")]
fn revenue(p: &People, word: usize) -> u64 {
    let mut answers = 0;
    for four in 0..16 {
        let at = word * 64 + four * 4;
        let doubles = |values: &[i16]| {
            let four = i64::from_le_bytes(std::array::from_fn(|byte| values[at + byte / 2].to_le_bytes()[byte % 2]));
            _mm256_cvtepi32_pd(_mm_cvtepi16_epi32(_mm_cvtsi64_si128(four)))
        };
        let stars = _mm256_mul_pd(doubles(&p.revenue_stars), _mm256_set1_pd(2.0));
        let rub = _mm256_castsi256_pd(load(&p.revenue_rub, at));
        let times = _mm256_add_pd(doubles(&p.paid_count), _mm256_set1_pd(1.0));
        let each = _mm256_div_pd(_mm256_add_pd(rub, stars), times);
        let holds = _mm256_and_pd(
            _mm256_cmp_pd::<_CMP_GT_OQ>(each, _mm256_set1_pd(100.0)),
            _mm256_cmp_pd::<_CMP_NEQ_OQ>(times, _mm256_setzero_pd()),
        );
        answers |= (_mm256_movemask_pd(holds) as u64) << (four * 4);
    }
    answers
}

/// `^[a-z]+_\d{2}$`, from the end.
fn usernames(p: &People, word: usize) -> u64 {
    let mut answers = 0;
    let mut open = p.username_set[word];
    while open != 0 {
        let bit = open.trailing_zeros() as usize;
        open &= open - 1;
        let span = p.username[word * 64 + bit];
        let name = &p.bytes[span.start as usize..][..span.length as usize];
        let holds = match name {
            [letters @ .., b'_', b'0'..=b'9', b'0'..=b'9'] => {
                !letters.is_empty() && letters.iter().all(u8::is_ascii_lowercase)
            }
            _ => false,
        };
        answers |= u64::from(holds) << bit;
    }
    answers
}

/// Appends the ids of a word, four at a time.
#[inline]
#[target_feature(enable = "avx2,popcnt")]
fn copy(word: u64, at: usize, people: &People, into: &mut Vec<i64>) {
    const PLACES: [[i32; 8]; 16] = places();
    if word == 0 {
        return;
    }
    let ids = &people.id[at * 64..at * 64 + 64];
    let mut length = into.len();
    for four in 0..16 {
        let bits = (word >> (four * 4) & 15) as usize;
        let picked = _mm256_permutevar8x32_epi32(load(ids, four * 4), load(&PLACES[bits], 0));
        // SAFETY: there is room for all ids and four more.
        unsafe { _mm256_storeu_si256(into.as_mut_ptr().add(length).cast(), picked) };
        length += bits.count_ones() as usize;
    }
    // SAFETY: so many were written.
    unsafe { into.set_len(length) };
}

/// For each four bits, which halves of four ids move to the front.
const fn places() -> [[i32; 8]; 16] {
    let mut places = [[0; 8]; 16];
    let mut bits = 0;
    while bits < 16 {
        let (mut at, mut from) = (0, 0);
        while from < 4 {
            if bits >> from & 1 == 1 {
                places[bits][at] = 2 * from;
                places[bits][at + 1] = 2 * from + 1;
                at += 2;
            }
            from += 1;
        }
        bits += 1;
    }
    places
}
