//! What is known of the users of one variant: how many they are, what they
//! did on average and how much they differ.
//!
//! A sample is made of running sums, so that a report costs the same after a
//! thousand users and after a hundred million. A proportion is the case in
//! which everybody's value is 0 or 1.

/// One variant and its users.
#[derive(Clone, Debug, PartialEq)]
pub struct Arm {
    /// Its name.
    pub name: String,
    /// Its share of the users against the other arms; 0 if it gets no new ones.
    pub weight: f64,
    /// Its users.
    pub sample: Sample,
}

/// The users of one arm, as far as a test needs them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// How many were exposed.
    pub users: u64,
    /// What a user did on average: the share who converted, the money of each;
    /// 0 while there are no users.
    pub mean: f64,
    /// The variance between users, unbiased (over `users − 1`); `None` for
    /// fewer than two users.
    pub variance: Option<f64>,
    /// The variance to assume if neither of two arms shows any: of proportions
    /// alone, where nobody or everybody converted.
    pub(super) assumed: Option<f64>,
}

/// Running sums over the users of an arm. Amounts are in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sums {
    /// How many users.
    pub users: u64,
    /// The sum of their values.
    pub sum: f64,
    /// The sum of the squares of their values.
    pub sum_squares: f64,
}

/// Running sums of two values of each user: what is measured (`y`), and a
/// second (`x`) that divides it or explains a part of it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PairSums {
    /// How many users.
    pub users: u64,
    /// The sum of what is measured.
    pub y: f64,
    /// The sum of its squares.
    pub yy: f64,
    /// The sum of the second value.
    pub x: f64,
    /// The sum of its squares.
    pub xx: f64,
    /// The sum of the products.
    pub xy: f64,
}

impl Sample {
    /// A proportion: so many of so many users converted. More conversions than
    /// users count as everybody.
    pub fn proportion(users: u64, converted: u64) -> Self {
        let (n, c) = (users as f64, converted.min(users) as f64);
        // as Agresti and Caffo 2000 do: one more who did and one who did not
        let assumed = (c + 1.0) * (n - c + 1.0) / ((n + 2.0) * (n + 2.0));
        let squares = if users == 0 { 0.0 } else { c * (n - c) / n };
        Self { assumed: Some(assumed), ..Self::around(users, c, squares) }
    }

    /// A mean of amounts, from exact sums in minor units.
    pub fn amounts(users: u64, sum: i128, sum_squares: i128) -> Self {
        let n = i128::from(users);
        let exact = n.checked_mul(sum_squares).zip(sum.checked_mul(sum));
        match exact.and_then(|(a, b)| a.checked_sub(b)) {
            Some(spread) if users > 0 => Self::around(users, sum as f64, spread as f64 / users as f64),
            _ => Sums { users, sum: sum as f64, sum_squares: sum_squares as f64 }.sample(),
        }
    }

    /// A ratio of two sums over the same users, such as money per order: the
    /// variance is that of the delta method, with `R = ȳ / x̄`
    /// `(s²y − 2·R·sxy + R²·s²x) / x̄²`. Without a positive divisor there is
    /// nothing to tell.
    pub fn ratio(sums: &PairSums) -> Self {
        if sums.users == 0 || sums.x <= 0.0 {
            return Self { users: sums.users, mean: 0.0, variance: None, assumed: None };
        }
        let ratio = sums.y / sums.x;
        let spread = sums.syy() - 2.0 * ratio * sums.sxy() + ratio * ratio * sums.sxx();
        let mean = sums.x / sums.users as f64;
        Self { mean: ratio, ..Self::around(sums.users, sums.y, (spread / (mean * mean)).max(0.0)) }
    }

    /// A sample from the sum of values and the sum of the squares of their
    /// distances from the mean.
    pub(super) fn around(users: u64, sum: f64, squares: f64) -> Self {
        let mean = if users == 0 { 0.0 } else { sum / users as f64 };
        let variance = (users > 1).then(|| squares.max(0.0) / (users - 1) as f64);
        Self { users, mean, variance, assumed: None }
    }
}

impl Sums {
    /// One more user with this value.
    pub fn add(&mut self, value: f64) {
        self.users += 1;
        self.sum += value;
        self.sum_squares += value * value;
    }

    /// The sample they make.
    pub fn sample(&self) -> Sample {
        Sample::around(self.users, self.sum, spread(self.users, self.sum, self.sum, self.sum_squares))
    }
}

impl PairSums {
    /// One more user with these values.
    pub fn add(&mut self, y: f64, x: f64) {
        self.users += 1;
        self.y += y;
        self.yy += y * y;
        self.x += x;
        self.xx += x * x;
        self.xy += x * y;
    }

    /// What is measured, without the second value.
    pub fn measured(&self) -> Sums {
        Sums { users: self.users, sum: self.y, sum_squares: self.yy }
    }

    /// `Σ(y − ȳ)²`.
    pub(super) fn syy(&self) -> f64 {
        spread(self.users, self.y, self.y, self.yy)
    }

    /// `Σ(x − x̄)²`.
    pub(super) fn sxx(&self) -> f64 {
        spread(self.users, self.x, self.x, self.xx)
    }

    /// `Σ(x − x̄)(y − ȳ)`.
    pub(super) fn sxy(&self) -> f64 {
        spread(self.users, self.x, self.y, self.xy)
    }
}

/// `Σ(a − ā)(b − b̄)` from the sums of `a`, of `b` and of their products:
/// `(n·Σab − Σa·Σb) / n`, with the rounding of the products made good (Kahan),
/// since the two may agree in most of their digits.
fn spread(users: u64, a: f64, b: f64, products: f64) -> f64 {
    if users == 0 {
        return 0.0;
    }
    let n = users as f64;
    let lost = a * b;
    let error = (-a).mul_add(b, lost);
    (n.mul_add(products, -lost) + error) / n
}
