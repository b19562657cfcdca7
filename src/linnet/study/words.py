"""Numbers for people: few digits, true powers of ten, a dash for what is unknown."""

import math

DASH = "\N{EM DASH}"
_MINUS = "\N{MINUS SIGN}"
_TIMES = "\N{NO-BREAK SPACE}\N{MULTIPLICATION SIGN}\N{NO-BREAK SPACE}"
_PLUS_MINUS = "\N{NO-BREAK SPACE}\N{PLUS-MINUS SIGN}\N{NO-BREAK SPACE}"
_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def number(value: float | None, digits: int = 4) -> str:
    """`value` with `digits` significant digits: 0.1235, 12 346, 1.2 × 10⁻⁹, or —.

    Whole digits before the point are never dropped below a million.
    """
    if value is None or math.isnan(value):
        return DASH
    if math.isinf(value):
        return _signed("∞", value)
    if value == 0:
        return "0"
    size = abs(value)
    if 1e-3 <= size < 1e6:
        places = max(0, digits - 1 - math.floor(math.log10(size)))
        return _signed(_trimmed(f"{size:.{places}f}"), value)
    mantissa, exponent = f"{size:.{digits - 1}e}".split("e")
    power = power_of_ten(int(exponent))
    leading = _trimmed(mantissa)
    return _signed(power if leading == "1" else f"{leading}{_TIMES}{power}", value)


def measured(value: float | None, stderr: float | None) -> str:
    """`value` ± `stderr`: the error bar to two digits, the value to the same place."""
    if value is None or stderr is None:
        return number(value)
    if not math.isfinite(value) or not 0 < stderr < math.inf:
        return number(value)
    if stderr < 1e-6 * abs(value):
        return f"{number(value)}{_PLUS_MINUS}{number(stderr, 2)}"
    place = math.floor(math.log10(stderr)) - 1  # of the last digit shown
    largest = max(abs(value), stderr)
    if place >= -6 and largest < 1e6:
        pair = (_fixed(v, place) for v in (value, stderr))
        return _signed(_PLUS_MINUS.join(pair), value)
    exponent = math.floor(math.log10(largest))
    pair = (_fixed(v / 10.0**exponent, place - exponent) for v in (value, stderr))
    inner = _signed(_PLUS_MINUS.join(pair), value)
    return f"({inner}){_TIMES}{power_of_ten(exponent)}"


def power_of_ten(exponent: int) -> str:
    """Ten to that power, in superscript letters."""
    return "10" + str(exponent).translate(_SUPERSCRIPTS)


def percent(share: float) -> str:
    """A relative deviation as a percentage while that reads well."""
    if 1e-3 <= abs(share) < 10:
        return f"{number(100 * share, 2)}\N{NARROW NO-BREAK SPACE}%"
    return number(share, 2)


def duration(seconds: float) -> str:
    """A time span in the unit that suits it."""
    space = "\N{NO-BREAK SPACE}"
    if seconds < 0.01:
        return f"<{space}0.01{space}s"
    if seconds < 10:
        return f"{seconds:.2g}{space}s"
    if seconds < 90:
        return f"{seconds:.0f}{space}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}{space}min{space}{rest}{space}s"
    return f"{minutes // 60}{space}h{space}{minutes % 60}{space}min"


def _signed(text: str, value: float) -> str:
    return f"{_MINUS}{text}" if value < 0 else text


def _fixed(value: float, place: int) -> str:
    """Size of `value` rounded to the digit at 10^place, trailing zeros kept."""
    return _grouped(f"{round(abs(value), -place):.{max(0, -place)}f}")


def _trimmed(text: str) -> str:
    return _grouped(text.rstrip("0").rstrip(".") if "." in text else text)


def _grouped(text: str) -> str:
    """Thousands apart by a thin space, from five digits on."""
    whole, _, rest = text.partition(".")
    if len(whole) > 4:
        whole = f"{int(whole):,}".replace(",", "\N{NARROW NO-BREAK SPACE}")
    return f"{whole}.{rest}" if rest else whole
