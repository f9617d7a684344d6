//! Both compilations of every loop, and the plainest way to say the same, over
//! the same values.

use super::*;

/// Lengths around a word, a vector and a chunk.
const LENGTHS: [usize; 8] = [0, 1, 63, 64, 65, 127, 200, 1_024];

const RELATIONS: [Relation; 6] = [
    Relation::Equal,
    Relation::NotEqual,
    Relation::Less,
    Relation::LessOrEqual,
    Relation::Greater,
    Relation::GreaterOrEqual,
];

/// The generator SplitMix64, of values near each other and of all values.
fn random(n: usize, seed: u64) -> Vec<i64> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let x = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (x ^ (x >> 31)).cast_signed()
    };
    (0..n).map(|_| if next() % 2 == 0 { next() % 5 } else { next() }).collect()
}

fn floats(n: usize, seed: u64) -> Vec<f64> {
    let edges = [0.0, -0.0, 1.0, -2.5, f64::MAX, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1e-300, 3.0];
    random(n, seed).into_iter().map(|x| edges[x.unsigned_abs() as usize % edges.len()]).collect()
}

fn expected(answers: impl Iterator<Item = bool>) -> Vec<u64> {
    let mut words = Vec::new();
    for (at, answer) in answers.enumerate() {
        if at % 64 == 0 {
            words.push(0);
        }
        words[at / 64] |= u64::from(answer) << (at % 64);
    }
    words
}

/// A way of filling a mask.
type Filling<'a> = &'a dyn Fn(&mut [u64]);

/// What two ways of writing a mask give.
fn both(n: usize, ways: [Filling<'_>; 2]) -> [Vec<u64>; 2] {
    ways.map(|way| {
        let mut out = vec![0x5555; n.div_ceil(64)];
        way(&mut out);
        out
    })
}

#[test]
fn ranges() {
    for n in LENGTHS {
        let values = random(n, 1);
        let ends = [i64::MIN, -3_000_000_000, -129, -128, -3, 0, 2, 127, 128, 40_000, i64::MAX];
        let (i8s, i16s): (Vec<i8>, Vec<i16>) = values.iter().map(|x| (*x as i8, *x as i16)).unzip();
        let i32s: Vec<i32> = values.iter().map(|x| *x as i32).collect();
        for (low, high) in ends.iter().flat_map(|low| ends.map(|high| (*low, high))) {
            let inside = |x: i64| low <= x && x <= high;
            for (values, expected) in [
                (Whole::I8(&i8s), expected(i8s.iter().map(|x| inside((*x).into())))),
                (Whole::I16(&i16s), expected(i16s.iter().map(|x| inside((*x).into())))),
                (Whole::I32(&i32s), expected(i32s.iter().map(|x| inside((*x).into())))),
                (Whole::I64(&values), expected(values.iter().map(|x| inside(*x)))),
            ] {
                let found = both(
                    n,
                    [&|out| range(values, low, high, out), &|out| {
                        portable::range::<Plain>(values, low, high, out);
                    }],
                );
                assert_eq!(found, [expected.clone(), expected], "{n} values from {low} to {high}");
            }
        }
    }
}

#[test]
fn codes() {
    for n in LENGTHS {
        let values = random(n, 2);
        let table = [0x8000_0000_0000_0101, 7, 0, 1 << 63];
        let (u8s, u16s): (Vec<u8>, Vec<u16>) = values.iter().map(|x| (*x as u8, *x as u16)).unzip();
        let u32s: Vec<u32> = values.iter().map(|x| *x as u32).collect();
        let is = |x: u32| x < 256 && table[x as usize / 64] >> (x % 64) & 1 == 1;
        for (codes, expected) in [
            (Codes::U8(&u8s), expected(u8s.iter().map(|x| is((*x).into())))),
            (Codes::U16(&u16s), expected(u16s.iter().map(|x| is((*x).into())))),
            (Codes::U32(&u32s), expected(u32s.iter().map(|x| is(*x)))),
        ] {
            let found = both(
                n,
                [&|out| look_up(codes, &table, out), &|out| {
                    portable::look_up::<Plain>(codes, &table, out);
                }],
            );
            assert_eq!(found, [expected.clone(), expected], "{n} codes");
        }
    }
}

#[test]
fn comparisons() {
    for n in LENGTHS {
        let (left, right) = (floats(n, 3), floats(n, 4));
        let (a, b) = (random(n, 5), random(n, 6));
        for relation in RELATIONS {
            let holds = |order: Option<std::cmp::Ordering>| match order {
                Some(order) => relation.holds(order),
                None => relation == Relation::NotEqual,
            };
            let pairs = || left.iter().zip(&right);
            let found = both(
                n,
                [&|out| compare(&left, relation, &right, out), &|out| {
                    portable::compare::<Plain>(&left, relation, &right, out);
                }],
            );
            let wanted = expected(pairs().map(|(a, b)| holds(a.partial_cmp(b))));
            assert_eq!(found, [wanted.clone(), wanted], "{relation:?}");
            let found = both(
                n,
                [&|out| compare_constant(&left, relation, 1.0, out), &|out| {
                    portable::compare_constant::<Plain>(&left, relation, 1.0, out);
                }],
            );
            let wanted = expected(left.iter().map(|a| holds(a.partial_cmp(&1.0))));
            assert_eq!(found, [wanted.clone(), wanted], "{relation:?} 1");
            let found = both(
                n,
                [&|out| compare_whole(&a, relation, &b, out), &|out| {
                    portable::compare_whole::<Plain>(&a, relation, &b, out);
                }],
            );
            let wanted = expected(a.iter().zip(&b).map(|(a, b)| relation.holds(a.cmp(b))));
            assert_eq!(found, [wanted.clone(), wanted], "{relation:?} of whole numbers");
        }
        let found = both(n, [&|out| finite(&left, out), &|out| portable::finite::<Plain>(&left, out)]);
        let wanted = expected(left.iter().map(|x| x.is_finite()));
        assert_eq!(found, [wanted.clone(), wanted]);
    }
}

#[test]
fn arithmetic() {
    use Operator::{Add, Divide, Multiply, Remainder, Subtract};
    // One NaN is as good as another.
    let bits = |x: f64| if x.is_nan() { 1 } else { x.to_bits() };
    for n in LENGTHS {
        let (left, right) = (floats(n, 7), floats(n, 8));
        for operator in [Add, Subtract, Multiply, Divide, Remainder] {
            let result = |a: f64, b: f64| match operator {
                Add => a + b,
                Subtract => a - b,
                Multiply => a * b,
                Divide if b == 0.0 || !b.is_finite() => f64::NAN,
                Divide => a / b,
                Remainder => a % b + 0.0,
            };
            let wanted: Vec<u64> = left.iter().zip(&right).map(|(a, b)| bits(result(*a, *b))).collect();
            type Way = fn(&[f64], Operator, &[f64]) -> Vec<f64>;
            let ways: [Way; 4] = [
                |left, operator, right| {
                    let mut left = left.to_vec();
                    apply(&mut left, operator, right);
                    left
                },
                |left, operator, right| {
                    let mut right = right.to_vec();
                    apply_to(left, operator, &mut right);
                    right
                },
                |left, operator, right| {
                    let mut left = left.to_vec();
                    portable::apply::<Plain>(&mut left, operator, right);
                    left
                },
                |left, operator, right| {
                    let each = left.iter().zip(right).map(|(left, right)| {
                        let (mut one, mut other) = ([*left], [*right]);
                        apply_constant(&mut one, operator, *right);
                        apply_to_constant(*left, operator, &mut other);
                        assert!(one[0].to_bits() == other[0].to_bits() || one[0].is_nan() && other[0].is_nan());
                        one[0]
                    });
                    each.collect()
                },
            ];
            for way in ways {
                let found: Vec<u64> = way(&left, operator, &right).into_iter().map(bits).collect();
                assert_eq!(found, wanted, "{operator:?}");
            }
        }
        let whole: Vec<i32> = random(n, 9).into_iter().map(|x| x as i32).collect();
        let wanted: Vec<f64> = whole.iter().map(|x| f64::from(*x) * -3.0 + 5.0).collect();
        let mut found = [vec![0.0; n], vec![0.0; n]];
        convert(Whole::I32(&whole), -3.0, 5.0, &mut found[0]);
        portable::convert::<Plain>(Whole::I32(&whole), -3.0, 5.0, &mut found[1]);
        assert_eq!(found, [wanted.clone(), wanted]);
    }
}

#[test]
fn counting_and_picking() {
    for n in LENGTHS {
        let values = random(n, 10);
        for seed in [11, 12] {
            let mut mask: Vec<u64> = random(n.div_ceil(64), seed).into_iter().map(i64::cast_unsigned).collect();
            if let (Some(first), 12) = (mask.first_mut(), seed) {
                *first = !0;
            }
            let wanted: Vec<i64> =
                (0..n).filter(|at| mask[at / 64] >> (at % 64) & 1 == 1).map(|at| values[at]).collect();
            let mut found = vec![-1];
            pick(&mask, &values, &mut found);
            assert_eq!(found[1..], wanted);
            let bits: u64 = mask.iter().map(|word| u64::from(word.count_ones())).sum();
            assert_eq!([count(&mask), portable::count::<Plain>(&mask)], [bits, bits]);
        }
    }
}
