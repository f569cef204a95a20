"""Flags of ioos_qc for series that come as JSON on standard input, one object a line, as JSON on standard output.

Each object has `values` (null where nothing was measured), `times` in seconds, and the thresholds of every check.
"""

import json
import sys

import numpy as np
from ioos_qc import qartod


def marks(flags):
    return [int(flag) for flag in np.ma.filled(flags, 9)]


for line in sys.stdin:
    given = json.loads(line)
    values = np.array([np.nan if value is None else value for value in given["values"]], dtype=float)
    times = np.array(given["times"], dtype="datetime64[s]")
    answer = {
        "gross_range": qartod.gross_range_test(values, given["fail_span"], given["suspect_span"]),
        "spike": qartod.spike_test(values, *given["spike"]),
        "rate_of_change": qartod.rate_of_change_test(values, times, *given["rate"]),
        "flat_line": qartod.flat_line_test(values, times, *given["flat_seconds"], given["tolerance"]),
    }
    print(json.dumps({name: marks(flags) for name, flags in answer.items()}))
