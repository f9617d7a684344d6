"""Reference values for the statistics of experiments.

Independent of the product's code: every figure is computed with mpmath from
the definition (integrals of the t and normal densities as incomplete beta and
gamma functions, quantiles by root finding), with 40 digits.

    pip install mpmath==1.3.0 && python3 reference.py
"""

from pathlib import Path
from mpmath import mp, mpf, betainc, erfc, exp, findroot, gammainc, log, pi, sqrt

mp.dps = 40
HERE = Path(__file__).parent


def student(t, dof):
    """P(|T| >= t)."""
    return betainc(dof / 2, mpf(1) / 2, 0, dof / (dof + t * t), regularized=True)


def student_quantile(p, dof):
    low, high = mpf(0), mpf(2)
    while student(high, dof) > p:
        low, high = high, high * 2
    for _ in range(130):
        middle = (low + high) / 2
        if student(middle, dof) > p:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def normal_upper(z):
    return erfc(z / sqrt(2)) / 2


def text(value):
    return mp.nstr(value, 20, min_fixed=-5, max_fixed=12) if value is not None else ""


def sums(n, s, q):
    n, s, q = mpf(n), mpf(s), mpf(q)
    return s / n, (q - s * s / n) / (n - 1)


def row(kind, alpha, planned, c, t):
    alpha, planned = mpf(alpha), mpf(planned)
    (mc, vc), (mt, vt) = sums(*c), sums(*t)
    nc, nt = mpf(c[0]), mpf(t[0])
    pc, pt = vc / nc, vt / nt
    delta, se = mt - mc, sqrt(pc + pt)
    dof = (pc + pt) ** 2 / (pc**2 / (nc - 1) + pt**2 / (nt - 1))
    lift = se_lift = None
    if mc > 0:
        lift = mt / mc - 1
        se_lift = sqrt(vc * mt**2 / (mc**4 * nc) + vt / (mc**2 * nt))
    q = student_quantile(alpha, dof)
    n = nc + nt
    rho2 = (-2 * log(alpha) + log(-2 * log(alpha) + 1)) / planned
    g = n * rho2 + 1
    reach = sqrt(n) * sqrt(2 * g / (n * n * rho2) * log(sqrt(g) / alpha))
    p_seq = min(mpf(1), sqrt(g) * exp(-rho2 * (delta**2 * n / se**2) / (2 * g)))
    z = delta / se
    chance = normal_upper(-z)
    loss = se * exp(-z * z / 2) / sqrt(2 * pi) - delta * normal_upper(z)
    values = [delta, dof, student(abs(z), dof), delta - q * se, delta + q * se]
    values += [lift] + ([lift - q * se_lift, lift + q * se_lift] if lift is not None else [None, None])
    values += [p_seq, delta - reach * se, delta + reach * se]
    values += [lift - reach * se_lift, lift + reach * se_lift] if lift is not None else [None, None]
    values += [chance, loss]
    head = [kind, str(alpha), str(int(planned)), *map(str, c), *map(str, t)]
    return ",".join(head + [text(v) for v in values])


def proportion(n, c):
    return (n, c, c)


ROWS = [
    ("proportion", "0.05", 5000, proportion(1000, 50), proportion(1000, 65)),
    ("proportion", "0.05", 5000, proportion(5000, 530), proportion(5000, 610)),
    ("proportion", "0.05", 5000, proportion(10000, 500), proportion(10000, 600)),
    ("proportion", "0.01", 5000, proportion(10000, 500), proportion(10000, 620)),
    ("proportion", "0.05", 20000, proportion(20000, 1000), proportion(20000, 1250)),
    # nobody converts in one arm
    ("proportion", "0.05", 5000, proportion(1000, 0), proportion(1000, 12)),
    ("proportion", "0.05", 5000, proportion(1000, 12), proportion(1000, 0)),
    ("proportion", "0.05", 5000, proportion(200, 0), proportion(200, 1)),
    # everybody converts in one arm
    ("proportion", "0.05", 5000, proportion(500, 500), proportion(500, 470)),
    ("proportion", "0.05", 5000, proportion(500, 470), proportion(500, 500)),
    # tiny arms
    ("proportion", "0.05", 5000, proportion(2, 1), proportion(2, 0)),
    ("proportion", "0.05", 5000, proportion(3, 1), proportion(2, 1)),
    ("proportion", "0.1", 5000, proportion(5, 1), proportion(7, 5)),
    ("proportion", "0.05", 5000, proportion(30, 3), proportion(30, 12)),
    # arms of very different sizes
    ("proportion", "0.05", 5000, proportion(100, 20), proportion(100000, 21000)),
    ("proportion", "0.05", 5000, proportion(900000, 45000), proportion(100000, 5300)),
    # a million and more per arm
    ("proportion", "0.05", 5000, proportion(1000000, 50000), proportion(1000000, 50600)),
    ("proportion", "0.05", 5000, proportion(1000000, 50000), proportion(1000000, 52000)),
    ("proportion", "0.05", 1000000, proportion(1000000, 50000), proportion(1000000, 51500)),
    ("proportion", "0.05", 5000, proportion(1000000, 3), proportion(1000000, 9)),
    ("proportion", "0.05", 5000, proportion(499000, 24950), proportion(502000, 25500)),
    ("proportion", "0.05", 5000, proportion(1000000000, 50000000), proportion(1000000000, 50030000)),
    ("proportion", "0.05", 5000, proportion(1000000000, 999999990), proportion(1000000000, 999999950)),
    # far tails: p down to 1e-10 and beyond
    ("proportion", "0.05", 5000, proportion(10000, 500), proportion(10000, 704)),
    ("proportion", "0.05", 5000, proportion(20000, 1000), proportion(20000, 1310)),
    ("proportion", "0.05", 5000, proportion(20000, 1310), proportion(20000, 1000)),
    ("proportion", "0.05", 5000, proportion(50, 5), proportion(50, 32)),
    ("proportion", "0.05", 5000, proportion(1000, 100), proportion(1000, 400)),
    # equal arms
    ("proportion", "0.05", 5000, proportion(1000, 50), proportion(1000, 50)),
    # other levels
    ("proportion", "0.000001", 5000, proportion(10000, 500), proportion(10000, 600)),
    ("proportion", "0.4", 5000, proportion(10000, 500), proportion(10000, 530)),
    # amounts in minor units
    ("mean", "0.05", 5000, (1000, 1500000, 9000000000), (1000, 1650000, 9900000000)),
    ("mean", "0.05", 5000, (1000000, 4990000000, 49900000000000), (1000000, 5060000000, 51300000000000)),
    ("mean", "0.05", 5000, (400, -2000, 900000), (400, 30000, 12000000)),
    ("mean", "0.05", 5000, (50, 100, 4000), (60, 900, 60000)),
    # a mean that is large against the spread: the sums agree in most digits
    ("mean", "0.05", 5000, (1000, 100000000, 10000000010000), (1000, 100000050, 10000010015000)),
]

ROWS_HEAD = (
    "kind,alpha,planned,n_c,sum_c,squares_c,n_t,sum_t,squares_t,difference,dof,p_fixed,low,high,lift,lift_low,lift_high,"
    "p_sequential,seq_low,seq_high,seq_lift_low,seq_lift_high,chance_to_win,expected_loss"
)


def splits():
    cases = [
        ([1, 1], [1000, 1000]),
        ([1, 1], [5000, 5300]),
        ([50, 50], [100000, 102000]),
        ([50, 50], [1000000, 1009200]),
        ([9, 1], [9000, 900]),
        ([50, 25, 25], [50000, 25600, 24400]),
        ([1, 1, 1, 1], [250, 240, 260, 310]),
        ([1, 2], [3, 8]),
        ([1] * 10, [1000, 1010, 990, 1000, 1100, 900, 1000, 1000, 1000, 1000]),
    ]
    for weights, users in cases:
        total, weight = mpf(sum(users)), mpf(sum(weights))
        square = sum((u - total * w / weight) ** 2 / (total * w / weight) for u, w in zip(users, weights))
        p = gammainc(mpf(len(users) - 1) / 2, square / 2, mp.inf, regularized=True)
        yield ";".join(map(str, weights)) + "," + ";".join(map(str, users)) + "," + text(p)


def specials():
    for z in ["-3", "0", "0.001", "0.5", "1", "1.959963984540054", "3", "5", "6.361340902404056", "8", "12", "20", "37"]:
        yield f"normal_upper,{z},0," + text(normal_upper(mpf(z)))
    for p in ["0.975", "0.2", "0.025", "0.001", "0.0000001", "0.0000000001", "1e-30"]:
        root = findroot(lambda z: log(normal_upper(z) / mpf(p)), 1 if mpf(p) > mpf("0.01") else sqrt(-2 * log(mpf(p))))
        yield f"normal_quantile,{p},0," + text(root)
    for dof in ["1", "1.5", "2", "5", "30.25", "1000", "99999.5", "999999", "1000001", "2000000", "2000000000"]:
        for t in ["0.001", "0.5", "1.96", "4", "6.5", "12", "30"]:
            yield f"student,{t},{dof}," + text(student(mpf(t), mpf(dof)))
        for p in ["0.4", "0.05", "0.0000000001"]:
            yield f"student_quantile,{p},{dof}," + text(student_quantile(mpf(p), mpf(dof)))
    for dof in ["1", "2", "9", "99"]:
        for x in ["0.01", "1", "10.83", "41.8", "150"]:
            yield f"chi_square,{x},{dof}," + text(gammainc(mpf(dof) / 2, mpf(x) / 2, mp.inf, regularized=True))


def write(name, head, lines):
    (HERE / name).write_text("\n".join([head, *lines]) + "\n")


if __name__ == "__main__":
    write("comparisons.csv", ROWS_HEAD, [row(*r) for r in ROWS])
    write("splits.csv", "weights,users,p", splits())
    write("special.csv", "function,argument,dof,value", specials())
