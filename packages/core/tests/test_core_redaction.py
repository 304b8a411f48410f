"""What never leaves: credentials in URLs and text, whatever the URL looks like."""

import builtins
import sys
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clew import failures, redaction, settings
from clew.conventions import keys
from clew.redaction import is_secret, origin_of, redact_query, redact_text, redact_url

SECRET = "hunter2"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://shop/items", "http://shop/items"),
        ("http://shop:8080/items?page=2", "http://shop:8080/items?page=2"),
        ("http://user:hunter2@shop/items", "http://shop/items"),
        ("http://us@er:hunter2@shop/items", "http://shop/items"),
        ("http://shop?token=hunter2", "http://shop?token=REDACTED"),
        ("http://shop/a?X-Amz-Signature=hunter2&page=2", "http://shop/a?X-Amz-Signature=REDACTED&page=2"),
        ("http://shop/a?%74oken=hunter2", "http://shop/a?%74oken=REDACTED"),
        ("http://shop/a#access_token=hunter2&x=1", "http://shop/a#access_token=REDACTED&x=1"),
        ("http://shop/a?page=2;sig=hunter2", "http://shop/a?page=2;sig=REDACTED"),
        ("http://[::1]:80/a", "http://[::1]:80/a"),
        ("http://user:hunter2@[bad/a", ""),
        ("//user:hunter2@shop/a", "//shop/a"),
        ("user:hunter2@shop", ""),
        ("", ""),
    ],
)
def test_a_url_is_shown_without_credentials_or_not_at_all(url: str, shown: str) -> None:
    assert redact_url(url) == shown


def test_the_origin_has_the_port_of_the_scheme() -> None:
    assert origin_of("https://shop/a") == ("https", "shop", 443)
    assert origin_of("http://SHOP:99999/a").port == 0


@given(
    st.sampled_from(
        ["token", "access_token", "api-key", "Password", "X-Amz-Security-Token", "code", "SESSIONID", "sig"]
    ),
    st.text(min_size=1).map(quote),
    st.text(max_size=20).map(quote),
)
def test_no_value_of_a_secret_name_is_shown(name: str, value: str, other: str) -> None:
    shown = redact_query(f"page={other}&{name}={SECRET}{value}&last=1")
    assert SECRET not in shown
    assert shown.endswith("&last=1")


@pytest.mark.parametrize(
    "text",
    [
        "could not connect: postgresql://shop:hunter2@db:5432/shop",
        "password=hunter2",
        "PASSWORD = 'hunter2'",
        '{"api_key": "hunter2"}',
        "Authorization: Bearer hunter2hunter2",
        "failed with token: hunter2, retrying",
        "url was http://x/?a=1&access_token=hunter2",
        "connect(host='db', password='hunter2')",
    ],
)
def test_text_loses_its_secrets(text: str) -> None:
    assert SECRET not in redact_text(text)


@pytest.mark.parametrize(
    "text", ["division by zero", "no such table: items", "expected 3 = 3", "12:30:00 done", "KeyError: 'sku'"]
)
def test_harmless_text_stays_as_it_is(text: str) -> None:
    assert redact_text(text) == text


@given(st.text(max_size=300))
def test_any_text_is_survived(text: str) -> None:
    redact_text(text)
    redact_query(text)
    redact_url(text)
    origin_of(text)


def test_names_that_look_secret() -> None:
    assert all(map(is_secret, ["Token", "db_password", "apiKey", "SessionId", "otp"]))
    assert not any(map(is_secret, ["page", "sku", "customer", "q"]))


def test_names_that_a_person_adds_are_secret_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = settings.current()._replace(secret_names=("Badge",))
    monkeypatch.setattr(settings, "current", lambda: chosen)
    for memo in (redaction.is_secret, redaction._is_secret_in_text, redaction._secret_name):
        memo.cache_clear()
    try:
        assert redaction.redact_query("badge_no=hunter2&page=2") == "badge_no=REDACTED&page=2"
        assert redaction.redact_text("no entry for badge=hunter2") == "no entry for badge=REDACTED"
    finally:
        for memo in (redaction.is_secret, redaction._is_secret_in_text, redaction._secret_name):
            memo.cache_clear()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "Command # 2 (LPUSH list hunter2 (or) of pipeline caused error: 3) of pipeline caused error: WRONGTYPE it",
            "Command # 2 (REDACTED) of pipeline caused error: WRONGTYPE it",
        ),
        ("unknown command 'foo', with args beginning with: 'hunter2'", "unknown command REDACTED"),
        (
            'E11000 duplicate key error collection: a.b index: _id_ dup key: { _id: "hunter2" }',
            "E11000 duplicate key error collection: a.b index: _id_ dup key: {REDACTED",
        ),
        (
            "no such table: a\n[SQL: SELECT 'hunter2\n\n' FROM a]\n[parameters: ('hunter3',)]\n(Background on this error at: b)",
            "no such table: a\n[SQL: REDACTED\n(Background on this error at: b)",
        ),
        (
            "syntax error\nLINE 1: SELECT 'hunter2' FROM\n               ^",
            "syntax error\nLINE 1: REDACTED\n               ^",
        ),
        (
            'duplicate key value violates "users_key"\nDETAIL:  Key (email)=(hunter2) already exists.',
            'duplicate key value violates "users_key"\nDETAIL: REDACTED',
        ),
        ("Key is too long: b'hunter2'", "Key is too long: REDACTED"),
        ("value must be integer, got bad value: 'hunter2'", "value must be integer, got bad value: REDACTED"),
        ("invalid key: b'hunter2 3'", "invalid key: REDACTED"),
        (
            "BadRequestError(400, 'parsing_exception', 'no hunter2 here')",
            "BadRequestError(400, 'parsing_exception', REDACTED",
        ),
        ("RequestError(400, 'parsing_exception', 'hunter2')", "RequestError(400, REDACTED"),
        ('RequestError(400, \'{"reason": "hunter2"}\')', "RequestError(400, REDACTED"),
        ("NotFoundError(404, 'index_not_found')", "NotFoundError(404, 'index_not_found')"),
        (
            "Code: 47. DB::Exception: Unknown (SECRET) `a` in scope SELECT 'hunter2\n\n'. (UNKNOWN_IDENTIFIER) (version 1.2 (b))",
            "Code: 47. DB::Exception: REDACTED (UNKNOWN_IDENTIFIER) (version 1.2 (b))",
        ),
        (
            "Code: 27.\nDB::Exception: at row 1\nhunter2. Stack trace:\n\n0. a\n\nDuring handling of the above exception, b",
            "Code: 27.\nDB::Exception: REDACTED\n\nDuring handling of the above exception, b",
        ),
        ("(1062, \"Duplicate entry 'hunter2' for key 'a'\")", "(1062, \"Duplicate entry REDACTED for key 'a'\")"),
    ],
)
def test_what_a_store_quotes_of_a_command_stays_home(text: str, shown: str) -> None:
    assert redact_text(text) == shown


LONG = ", ".join(["'hunter2'"] * 10_000)


@pytest.mark.parametrize(
    "message",
    [
        f"no such table: a\n[SQL: SELECT {LONG}]\n(Background on this error at: b)",
        f"no such table: a\n[SQL: SELECT a]\n[parameters: ({LONG})]\n(Background on this error at: b)",
        f"Command # 1 (SET a {LONG}) of pipeline caused error: WRONGTYPE",
        f"(1062, \"Duplicate entry '{LONG}' for key 'a'\")",
        f"syntax error\nLINE 1: SELECT {LONG}",
    ],
)
def test_what_is_quoted_stays_home_however_long_it_is_and_wherever_it_stands(message: str) -> None:
    def fail() -> None:
        try:
            raise ValueError(message)
        except ValueError as inner:
            raise RuntimeError("outer") from inner

    with pytest.raises(RuntimeError) as raised:
        fail()
    failure = raised.value.__cause__
    assert failure is not None
    told = [failures.message(failure), failures.describe(failure), failures.describe(raised.value)]
    if sys.version_info >= (3, 11):  # indented, and with a line on the left
        group = vars(builtins)["ExceptionGroup"]
        told.append(failures.describe(group("several", [ValueError(message[:5000]), failure])))
    assert "hunter2" not in repr(told)
    assert "RuntimeError: outer" in told[2][keys.EXCEPTION_STACKTRACE]
