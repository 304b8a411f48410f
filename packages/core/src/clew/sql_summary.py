"""Sums a statement up in a few words: what it does to which tables (`SELECT users`, `INSERT orders SELECT carts`)."""

from __future__ import annotations

import re

LENGTH = 255
_NAME = r"(?:[^\W\d][\w$#]*|\"[^\"]*\"|`[^`]*`|\[[^\]]*\])"
_PATH = rf"{_NAME}(?: ?\. ?{_NAME})*"
_TABLES = rf"{_PATH}(?:(?: (?:[aA][sS] )?[^\W\d]\w*)? ?, ?{_PATH})*"
_BEFORE_TABLES = (
    r"(?:(?=[IOTCiotc])(?ai:IF NOT EXISTS |IF EXISTS |ONLY |TABLE |CONCURRENTLY ))*(?!(?ai:SELECT |LATERAL |SET ))"
)


def _word(word: str) -> str:
    """In any case. Alternatives that begin with a set of characters are passed over quickly, and the ASCII letters are
    compared twice as fast as all letters."""
    return f"[{word[0]}{word[0].lower()}](?ai:{word[1:]})"


_UPDATE = _word("UPDATE") + "".join(f"(?<!(?ai:{before} UPDATE))" for before in ("ON", "DO", "KEY", "FOR"))
# With a space before whatever is looked for: a search for one character is quick, and the next two decide for most.
_QUERY = re.compile(
    r" (?=[DFIJMSUdfijmsu][EINOPRSeinoprs])(?:"
    rf"(?:{_word('FROM')}(?<!(?ai:DISTINCT FROM))|{_word('JOIN')}|{_word('INTO')}|{_word('USING')}|({_UPDATE})) "
    rf"{_BEFORE_TABLES}({_TABLES})"
    rf"|({_word('SELECT')}\b|{_word('INSERT')}(?= )|{_word('MERGE')}(?= )|{_word('DELETE')}(?<!(?ai:ON DELETE))(?= )))"
)
_QUERIES = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE", "WITH", "EXPLAIN", "LOAD"})
#: What statements begin with. Of anything else, which may be anything at all, nothing is told.
_VERBS = """
    ABORT ALTER ANALYZE ATTACH BACKUP BATCH BEGIN CALL CHECK CHECKPOINT CLOSE CLUSTER COMMENT COMMIT COPY CREATE
    DEALLOCATE DECLARE DELETE DESC DESCRIBE DETACH DISCARD DO DROP END EXEC EXECUTE EXPLAIN EXPORT FETCH FLUSH FROM
    GRANT HANDLER IF IMPORT INSERT INSTALL KILL LISTEN LOAD LOCK MERGE MOVE NOTIFY OPEN OPTIMIZE PIVOT PRAGMA
    PREPARE PRINT PURGE REFRESH REINDEX RELEASE RENAME REPAIR REPLACE RESET RESTORE REVOKE ROLLBACK SAVEPOINT
    SELECT SET SHOW START SUMMARIZE SYSTEM TABLE TRUNCATE UNLISTEN UNLOCK UNPIVOT UPDATE UPSERT USE VACUUM VALUES
    WITH
"""
_KNOWN = frozenset(_VERBS.split())
_FIRST = re.compile(r"[( ]*([^\W\d]+)")
_DEFINITION = re.compile(
    r" (?:OR REPLACE |UNIQUE |TEMP |TEMPORARY |MATERIALIZED |UNLOGGED |GLOBAL |LOCAL )*"
    r"(TABLE|INDEX|VIEW|DATABASE|SCHEMA|TRIGGER|SEQUENCE|FUNCTION|PROCEDURE|TYPE|ROLE|USER|EXTENSION)\b",
    re.IGNORECASE,
)
#: Words before the name of what they are about, beside CREATE TABLE and the like.
_DIRECT = frozenset({"CALL", "EXEC", "EXECUTE", "TRUNCATE", "COPY"})
_NAMED = re.compile(rf" {_BEFORE_TABLES}({_TABLES})")
_WITH = re.compile(rf"(?:WITH|RECURSIVE|,) (?!RECURSIVE )({_NAME})(?: ?\([^)]*\))? AS ", re.IGNORECASE)
_ONE = re.compile(_PATH)


def summarize(text: str) -> str:
    """The summary of a statement that is in one line and without literals; empty when it begins with no verb of SQL."""
    text = f" {text.replace('(', '( ')}"
    first = _FIRST.match(text)
    verb = "" if first is None else first[1].upper()
    if first is None or verb not in _KNOWN:
        return ""
    summary = " ".join(_of_query(verb, text) if verb in _QUERIES else _of_others(verb, text[first.end() :]))
    return summary if len(summary) <= LENGTH else summary[: LENGTH + 1].rpartition(" ")[0] or summary[:LENGTH]


def _of_query(verb: str, text: str) -> list[str]:
    words = [verb] if verb in ("EXPLAIN", "REPLACE", "LOAD") else []
    for update, tables, word in _QUERY.findall(text):
        if word:
            word = word.upper()
            if not words or words[-1] != word:
                words.append(word)
        elif update:
            words += ("UPDATE", *_names(tables))
        elif tables.isidentifier():
            words.append(tables)
        else:
            words += _names(tables)
    if verb == "WITH":
        passing = {name.upper() for name in _WITH.findall(text)}
        words = [word for word in words if word.upper() not in passing]
    return words or [verb]


def _of_others(verb: str, rest: str) -> list[str]:
    defined = _DEFINITION.match(rest) if verb in ("CREATE", "ALTER", "DROP") else None
    if defined:
        verb, rest = f"{verb} {defined[1].upper()}", rest[defined.end() :]
    elif verb not in _DIRECT:
        return [verb]
    words, named = [verb], _NAMED.match(rest)
    if named:
        words += _names(named[1])
        rest = rest[named.end() :]
    more = ";" in rest or "select" in rest.lower()
    return [*words, *_of_query("", rest)] if more else words


def _names(tables: str) -> list[str]:
    """`a x, "b".c y` -> a, b.c : the tables of a comma list, without aliases and quotes."""
    if tables[1:-1].isidentifier() and not tables[0].isidentifier():  # one name in quotes
        return [tables[1:-1]]
    if "," not in tables:
        return [_bare(tables)]
    paths = [_ONE.match(part.strip()) for part in tables.split(",")]
    return [_bare(path[0]) for path in paths if path]


def _bare(path: str) -> str:
    for mark in '"`[] ':
        if mark in path:
            path = path.replace(mark, "")
    return path
