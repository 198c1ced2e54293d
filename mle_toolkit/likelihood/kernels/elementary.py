"""Elementary functions that a compiled loop can take eight at a time, and the options it is compiled with.

NumPy's logarithm is a loop of its own; that of the C library cannot be vectorised. These are a polynomial after fdlibm
(Sun Microsystems 1993, ``e_log.c``) and a Taylor series, within one unit in the last place of NumPy's, and for the
normal integral a polynomial after Shepherd & Laframboise (1981).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from mle_toolkit.likelihood.kernels.compiling import compiled

# Sums may be taken in any order and products fused; NaN, infinities and the order of everything else stay as written.
_LOOP = {"contract", "nsz", "reassoc", "arcp"}
# Within a function digits depend on the order of operations.
_FUNCTION = {"contract"}

loop = compiled(fastmath=_LOOP)
"""Compile a loop over rows."""

function = compiled(fastmath=_FUNCTION, forceinline=True)
"""Compile a function of one number, to be called from a loop."""

LANES, DEPTH = 128, 64
"""Rows a block; and logs are taken of products: of ``DEPTH`` blocks in ``LANES`` places, whose mantissas cannot
overflow."""

SPAN = LANES * DEPTH

_LINE = 8
"""Rows in a cache line."""

_AHEAD = 1024
"""How many rows before they are needed memory is asked for them: at 0.5 ns a row some 500 ns, five times its delay."""

LARGEST_KEY = 0x7FFFFFFFFFFFFFFF

SMALLEST_NORMAL_BITS = 0x0010000000000000
"""The bits of a positive normal number, as an integer, are at least these; those of a negative one are below 0."""

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


@intrinsic
def full_width(context: Any) -> Any:
    """Let the loop in which this is called use vectors of eight numbers, where the processor has them.

    LLVM uses half of an Intel processor's width unless told otherwise (``prefer-vector-width``), because the first that
    had it slowed down under load. llvmlite knows no attributes with a value, but writes out any that is in the set.
    """

    def generate(context: Any, builder: Any, _: Any, __: Any) -> Any:
        set.add(builder.function.attributes, '"prefer-vector-width"="512"')
        return context.get_dummy_value()

    return types.void(), generate


@intrinsic
def prefetch(context: Any, x: Any, row: Any) -> Any:
    """Ask memory for a row of an array, without waiting for it; beyond the end of the array nothing happens."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        hint = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(ir.VoidType(), [byte, number, number, number]), "llvm.prefetch.p0"
        )
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        address = builder.bitcast(builder.gep(data, [arguments[1]]), byte)
        builder.call(hint, [address, number(0), number(3), number(1)])  # to read, into all levels, data
        return context.get_dummy_value()

    return types.void(x, types.int64), generate


@function
def block(x: Any, start: int, last: int) -> Any:
    """Rows of the block from ``start`` on, before ``last``; memory is asked for those of blocks to come.

    One core that computes while it reads gets half of the speed of memory, where nothing is asked for ahead.
    """
    for k in range(0, LANES, _LINE):
        prefetch(x, start + _AHEAD + k)
    return x[start : min(start + LANES, last)]


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
def rounding_of_sum(x: float) -> float:
    """What 1 + x loses when it is rounded (Knuth 1998, TAOCP 2, 4.2.2, theorem B)."""
    u = 1.0 + x
    d = u - 1.0
    return (1.0 - (u - d)) + (x - d)


@function
def log1p(x: float) -> float:
    """Logarithm of 1 + x, to full precision also for small x; 1 + x must be a positive normal number."""
    return log(1.0 + x) + rounding_of_sum(x) / (1.0 + x)


@function
def exp(x: float) -> float:
    """Exponential; 0 below -708.7, where the exact one is hardly normal, and inf above 709.4; NaN stays NaN."""
    x = min(max(x, -709.4), 710.0)
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
def erfcx(a: float) -> float:
    """Scaled complementary error function exp(a²) erfc(a), for a from 0 to 1e150.

    (1 + 2a) exp(a²) erfc(a) is smooth in t = (a - 3.75)/(a + 3.75), which takes the half-line to (-1, 1): its Chebyshev
    series (Shepherd & Laframboise 1981, Mathematics of Computation 36, 249-253), computed to 40 digits, cut after 24
    terms and written in powers of t, has a relative error below 5e-16.
    """
    below, above = a + 3.75, 1.0 + 2.0 * a
    inverse = 1.0 / (below * above)
    t = (a - 3.75) * above * inverse
    p = 3.1114333809799254e-10
    p = p * t - 2.623107347133476e-09
    p = p * t - 3.744210080962018e-09
    p = p * t + 3.197926671666804e-08
    p = p * t + 2.3263508708859124e-08
    p = p * t - 2.4857126248016745e-07
    p = p * t - 5.7218230603224086e-08
    p = p * t + 1.7419821586224816e-06
    p = p * t - 9.73559896736775e-07
    p = p * t - 1.1438048033346894e-05
    p = p * t + 2.238423915508223e-05
    p = p * t + 5.164652974177416e-05
    p = p * t - 0.0002901540805408417
    p = p * t + 0.000293714378044958
    p = p * t + 0.0017556258528952954
    p = p * t - 0.009746579683265262
    p = p * t + 0.028362277418956406
    p = p * t - 0.05869339857664934
    p = p * t + 0.09230432116037748
    p = p * t - 0.10880393014244462
    p = p * t + 0.0822767384901452
    p = p * t + 0.0035854154854790257
    p = p * t - 0.14024059858554697
    p = p * t + 1.2375126308378275
    return p * below * inverse


@function
def times(x: float, y: float) -> float:
    """Product, not to be taken apart: where y is 0, because it underflowed, a square of x may be infinite."""
    return x * y


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


@function
def fill(row: Any, values: Any) -> None:
    """Write the numbers of a tuple into an array."""
    for k in range(len(values)):
        row[k] = values[k]
