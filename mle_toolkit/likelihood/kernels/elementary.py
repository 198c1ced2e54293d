"""Elementary functions that a compiled loop can take eight at a time, and the options it is compiled with.

NumPy's logarithm is a loop of its own; that of the C library cannot be vectorised. These are a polynomial after fdlibm
(Sun Microsystems 1993, ``e_log.c``) and a Taylor series, within one unit in the last place of NumPy's.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

# Sums may be taken in any order and products fused; NaN, infinities and the order of everything else stay as written.
_LOOP = {"contract", "nsz", "reassoc", "arcp"}
# Within a function digits depend on the order of operations.
_FUNCTION = {"contract"}

loop = njit(cache=True, nogil=True, error_model="numpy", fastmath=_LOOP)
"""Compile a loop over rows."""

function = njit(cache=True, nogil=True, error_model="numpy", fastmath=_FUNCTION)
"""Compile a function of one number, to be called from a loop."""

LANES, DEPTH = 256, 64
"""Logs are taken of products: of ``DEPTH`` rows for each of ``LANES`` places, whose mantissas cannot overflow."""

LARGEST_KEY = 0x7FFFFFFFFFFFFFFF

_MANTISSA = 0x000FFFFFFFFFFFFF
_ONE = 0x3FF0000000000000  # the bits of 1.0, which are also those of its exponent
_BIAS = 1023
_LOG_TWO = 0.6931471805599453

_LOG_TWO_HIGH, _LOG_TWO_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
_HALF_ROOT_BITS = 0x3FE6A09E667F3BCD  # of sqrt(1/2)
_MAGIC = 6755399441055744.0  # 1.5 * 2^52: adding it rounds to a whole number, whose bits are then the lowest
_MAGIC_BITS = int(np.float64(_MAGIC).view(np.int64))


@intrinsic
def bits_of(context: Any, x: Any) -> Any:
    """The 64 bits of a double, as an integer."""

    def generate(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.IntType(64))

    return types.int64(types.float64), generate


@intrinsic
def float_of(context: Any, bits: Any) -> Any:
    """The double of 64 bits."""

    def generate(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.DoubleType())

    return types.float64(types.int64), generate


@function
def log(x: float) -> float:
    """Natural logarithm of a positive normal number; nonsense for 0, subnormal, negative, infinite or NaN."""
    bits = bits_of(x)
    power = (bits - _HALF_ROOT_BITS) >> 52
    f = float_of(bits - (power << 52)) - 1.0
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    odd = w * (3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01))
    even = z * (
        6.666666666666735130e-01
        + w * (2.857142874366239149e-01 + w * (1.818357216161805012e-01 + w * 1.479819860510658591e-01))
    )
    half_square = 0.5 * f * f
    k = float(power)
    return k * _LOG_TWO_HIGH - ((half_square - (s * (half_square + odd + even) + k * _LOG_TWO_LOW)) - f)


@function
def exp(x: float) -> float:
    """Exponential, from exp(-708), below which it stays, to exp(709); NaN stays NaN."""
    x = min(max(x, -708.0), 709.0)
    shifted = x * 1.4426950408889634 + _MAGIC
    k = shifted - _MAGIC
    r = (x - k * _LOG_TWO_HIGH) - k * _LOG_TWO_LOW
    p = 1 / 6227020800.0
    p = p * r + 1 / 479001600.0
    p = p * r + 1 / 39916800.0
    p = p * r + 1 / 3628800.0
    p = p * r + 1 / 362880.0
    p = p * r + 1 / 40320.0
    p = p * r + 1 / 5040.0
    p = p * r + 1 / 720.0
    p = p * r + 1 / 120.0
    p = p * r + 1 / 24.0
    p = p * r + 1 / 6.0
    p = p * r + 0.5
    p = p * r + 1.0
    p = p * r + 1.0
    return p * float_of((bits_of(shifted) - _MAGIC_BITS + _BIAS) << 52)


@function
def key_of(x: float) -> int:
    """An integer that orders as the numbers do, NaN beyond both ends: its minimum and maximum find every bad value."""
    bits = bits_of(x)
    return bits ^ ((bits >> 63) & LARGEST_KEY)


@function
def at_key(key: int) -> float:
    """The number of a key."""
    return float_of(key ^ ((key >> 63) & LARGEST_KEY))


@function
def multiply(product: Any, k: int, x: float) -> int:
    """Multiply a place of ``product`` by the mantissa of a positive normal number; return its biased exponent."""
    bits = bits_of(x)
    product[k] *= float_of((bits & _MANTISSA) | _ONE)
    return bits >> 52


@function
def log_of(product: Any, exponents: int, count: int) -> float:
    """Log of all that ``count`` calls of `multiply` took, from the mantissas and the sum of the exponents."""
    logs = 0.0
    for k in range(len(product)):
        logs += log(product[k])
    return logs + float(exponents - _BIAS * count) * _LOG_TWO
