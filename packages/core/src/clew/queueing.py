"""How long a request has waited before it came to us: the proxy writes when it took it (`X-Request-Start`)."""

from __future__ import annotations

import re
import time

HEADER = "x-request-start"
_STAMP = re.compile(r"(?:t=)?\s*(\d{9,10})(\.\d{1,9})?|(?:t=)?\s*(\d{13})(?:\.\d+)?|(?:t=)?\s*(\d{16})")
LONGEST = 3600.0


def waited(stamp: str) -> float | None:
    """Seconds since the stamp, which is in seconds, milliseconds or microseconds, with or without `t=`.

    None for what is no stamp, lies in the future, or an hour back: the clock of another machine may be wrong.
    """
    match = _STAMP.fullmatch(stamp.strip()) if len(stamp) < 40 else None
    if match is None:
        return None
    whole, fraction, milliseconds, microseconds = match.groups()
    if whole:
        began = float(whole + (fraction or ""))
    else:
        began = int(milliseconds) / 1e3 if milliseconds else int(microseconds) / 1e6
    seconds = time.time() - began
    return seconds if 0 <= seconds < LONGEST else None
