"""The one way in which clew speaks to the person at the terminal."""

import sys


def say(line: str) -> None:
    """Writes one line to stderr; silent where there is none."""
    try:
        sys.stderr.write("clew: " + " ".join(line.split()) + "\n")
        sys.stderr.flush()
    except (AttributeError, OSError, ValueError):  # no stderr, a broken pipe, a closed file
        pass


def closest(word: str, known: "list[str]", likeness: float = 0.6) -> str:
    """The end of a sentence about an unknown word: what was probably meant, if one is at least that much alike."""
    from difflib import get_close_matches  # late: 5 ms that only a typo has to pay

    near = get_close_matches(word, known, 1, likeness)
    return f" (did you mean {near[0]}?)" if near else ""
