"""What libraries quote in their messages: commands, statements, keys and values of the application."""

from __future__ import annotations

import re

#: How a line of a message begins, also in the stack of a group of exceptions.
_LINE = r"\n[ |]*"
#: What may stand in a stack after the whole message of an exception.
_NEXT = rf"{_LINE}{_LINE}(?:During handling of the above|The above exception was)|{_LINE}\+-"
#: ClickHouse's name for a failure, and what clients add.
_NAME = r"(?: \([A-Z][A-Z0-9_]{,64}\)(?: \((?:version|for url) [^\n]{,128})?)?"
# A word of the message that is quick to find, and a pattern around the quotation: what stays before it and after it.
# The message may have been cut, so that there is no end to find.


def _known(*pairs: tuple[str, str]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((word, re.compile(pattern, re.DOTALL)) for word, pattern in pairs)


_ANYWHERE = _known(
    # redis-py, valkey-py, and their server
    ("Command # ", r"(Command # \d+ \()(?:.*(\) of pipeline caused error: )|.*)"),
    ("unknown command ", r"(unknown command )[^\n]*()"),
    # pymongo
    ("Invalid document ", r"(Invalid document )[^\n]*()"),
    # elasticsearch and opensearch-py: of the engine's answer stays its name for the failure
    ("Error(", r"(Error\(\d{3}, (?:'\w+', )?)(?!'\w+'\)(?:\n|\Z))[^\n]*()"),
    # MySQL
    ("Duplicate entry ", r"(Duplicate entry )'(?:[^\n]*'( for key)|[^\n]*)"),
)
#: Also what comes after a colon: most log lines have none, and looking for all these words takes a fifth of their time.
_KNOWN = _ANYWHERE + _known(
    # pymemcache and aiomcache
    ("Key is too long: ", r"(Key is too long: )[^\n]*()"),
    ("Key contains ", r"(Key contains \w+: )[^\n]*()"),
    ("on-ASCII ", r"(on-ASCII (?:key|cas value): )[^\n]*()"),
    ("bad value: ", r"(got bad value: )[^\n]*()"),
    ("binary-safe: ", r"(must be binary-safe: )[^\n]*()"),
    ("invalid key: ", r"(invalid key: )[^\n]*()"),
    ("key must be bytes: ", r"(key must be bytes: )[^\n]*()"),
    ("trailing newline: ", r"(trailing newline: )[^\n]*()"),
    # pymongo and its server
    ("dup key: ", r"(dup key: \{)[^\n]*()"),
    ("full error: ", r"(full error: )[^\n]*()"),
    ("{_id: ", r"(\{_id: )[^\n]*()"),
    ("cannot encode object: ", r"(cannot encode object: )[^\n]*()"),
    # SQLAlchemy
    ("[SQL: ", rf"({_LINE}\[SQL: ).*?((?={_LINE}\(Background on this error at: )|\Z)"),
    ("[parameters: ", rf"({_LINE}\[parameters: ).*?((?={_LINE}\(Background on this error at: )|\Z)"),
    # ClickHouse, which quotes the statement with its parameters, and rows that it cannot read
    ("DB::Exception: ", rf"(DB::Exception: ).*?({_NAME}(?={_NEXT}|\Z))"),
    # PostgreSQL
    ("LINE ", rf"({_LINE}LINE \d+: )[^\n]*()"),
    ("DETAIL: ", rf"({_LINE}DETAIL: )[^\n]*()"),
)


def without_quotations(text: str, instead: str) -> str:
    """The text with another word in the place of each quotation that is known."""
    for word, pattern in _KNOWN if ": " in text else _ANYWHERE:
        if word in text:
            text = pattern.sub(rf"\g<1>{instead}\g<2>", text)
    return text
