#!/usr/bin/env python3
"""Writes closed_forms.csv: values of DOMAIN J computed with 50 digits and, where the library uses a closed form, without it.

    pip install mpmath==1.3.0 && ./generate.py > closed_forms.csv

Peak times are roots of the derivative of ln C, times above a limit are roots of C - limit, doses are quadratures in t, and
Ogata-Banks is evaluated term by term as printed in the paper: in 50 digits with mpmath's unbounded exponent it does not
overflow. Columns: what, seven arguments (empty where unused), value.
"""

import csv
import itertools
import sys

from mpmath import diff, erfc, exp, findroot, inf, log, mp, mpf, pi, quad, sqrt

mp.dps = 50
OUT = csv.writer(sys.stdout, lineterminator="\n")
OUT.writerow(["what", "a", "b", "c", "d", "e", "f", "g", "value"])


def row(what, *rest):
    *arguments, value = rest
    OUT.writerow([what, *arguments, *[""] * (7 - len(arguments)), mp.nstr(value, 25)])


def cloud(m, a, u, d, k, x, t):
    return m / (a * sqrt(4 * pi * d * t)) * exp(-((x - u * t) ** 2) / (4 * d * t) - k * t)


def bisect(f, low, high):
    """Root of a function that changes its sign once between two numbers."""
    for _ in range(400):
        middle = (low + high) / 2
        if (f(low) > 0) == (f(middle) > 0):
            low = middle
        else:
            high = middle
    return (low + high) / 2


def instantaneous():
    cases = itertools.product([1e3, 2.5e6], [20, 150], [0.05, 0.6, 2.2], [0.5, 30, 400], [0, 2e-6, 1e-4], [120, 8000, 65000])
    for n, numbers in enumerate(cases):
        if n % 7 not in (0, 3):
            continue
        m, a, u, d, k, x = map(mpf, numbers)
        slope = lambda t: -1 / (2 * t) + (x * x - u * u * t * t) / (4 * d * t * t) - k
        peak_time = bisect(slope, x * mpf("1e-6"), max(x / u, x * x / d) * 10)
        peak = cloud(m, a, u, d, k, x, peak_time)
        row("peak_time", *numbers, peak_time)
        row("peak", *numbers, peak)
        if peak > mpf("1e-20"):
            for share in ("0.9", "0.01"):
                limit = float(peak * mpf(share))
                level = lambda t: log(cloud(m, a, u, d, k, x, t)) - log(mpf(limit))
                row("first", *numbers, limit, bisect(level, peak_time / 1000, peak_time))
                row("last", *numbers, limit, bisect(level, peak_time, peak_time * 100000))
        marks = sorted({peak_time * mpf(f) for f in ("0", "0.25", "0.5", "0.8", "0.9", "0.95", "1", "1.05", "1.1", "1.2", "1.5", "2", "4", "10", "100")})
        row("dose", *numbers, quad(lambda t: cloud(m, a, u, d, k, x, t) if t else mpf(0), [*marks, inf]))
        row("cloud", *numbers[:6], float(peak_time * mpf("0.8")), cloud(m, a, u, d, k, x, mpf(float(peak_time * mpf("0.8")))))


def continuous():
    for numbers in itertools.product([3.0], [0.02, 0.5, 3.0], [0.1, 15.0, 300.0], [0.0, 1e-5], [50.0, 3000.0, 90000.0], [0.5, 0.9, 1.0, 1.1, 3.0]):
        c, u, d, k, x, factor = numbers
        t = float(mpf(x) / mpf(u) * mpf(factor))
        mc, mu, md, mk, mx, mt = map(mpf, (c, u, d, k, x, t))
        v = sqrt(mu * mu + 4 * md * mk)
        spread = 2 * sqrt(md * mt)
        value = mc / 2 * (exp((mu - v) * mx / (2 * md)) * erfc((mx - v * mt) / spread) + exp((mu + v) * mx / (2 * md)) * erfc((mx + v * mt) / spread))
        if value > mpf("1e-280"):
            row("ogata", c, u, d, k, x, t, value)


def special():
    for x in ("0", "1e-9", "0.001", "0.5", "1", "2.5", "5", "9.75", "15", "20.2", "24.999", "25", "25.001", "26.5", "40", "1000", "1e8", "-0.5", "-3", "-20"):
        row("erfcx", x, exp(mpf(x) ** 2) * erfc(mpf(x)))


def formulae():
    for n, r, s in itertools.product([0.025, 0.045], [0.4, 3.0], [0.0002, 0.008]):
        row("manning", n, r, s, cbrt2(mpf(r)) * sqrt(mpf(s)) / mpf(n))
    g = mpf("9.80665")
    for u, w, h, s in itertools.product([0.2, 1.5], [12.0, 90.0], [0.5, 4.0], [0.0003, 0.01]):
        row("fischer", u, w, h, s, mpf("0.011") * (mpf(u) * mpf(w)) ** 2 / (mpf(h) * sqrt(g * mpf(h) * mpf(s))))
    for area, mean, flow, slope in itertools.product([3e7, 4.4e9], [0.5, 90.0], [0.2, 40.0, 800.0], [0.0005, 0.01]):
        da = mpf(area) ** mpf("1.25") * sqrt(g) / mpf(mean)
        qa = mpf(flow) / mpf(mean)
        with_slope = da ** mpf("0.919") * qa ** mpf("-0.469") * mpf(slope) ** mpf("0.159") * mpf(flow) / mpf(area)
        without = da ** mpf("0.821") * qa ** mpf("-0.465") * mpf(flow) / mpf(area)
        row("jobson_v", area, mean, flow, slope, mpf("0.094") + mpf("0.0143") * with_slope)
        row("jobson_vmax", area, mean, flow, slope, mpf("0.25") + mpf("0.02") * with_slope)
        row("jobson_v", area, mean, flow, mpf("0.020") + mpf("0.051") * without)
        row("jobson_vmax", area, mean, flow, mpf("0.2") + mpf("0.093") * without)
        for hours in (0.5, 12.0, 70.0):
            row("unit_peak", area, mean, flow, hours * 3600, 857 * mpf(hours) ** (mpf("-0.760") * qa ** mpf("-0.079")))


def cbrt2(r):
    return exp(log(r) * 2 / 3)


special()
formulae()
continuous()
instantaneous()
