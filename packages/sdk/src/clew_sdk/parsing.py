"""From the text of an environment variable to its value. Every function raises ValueError with what is wrong."""

from __future__ import annotations

import os
from collections.abc import Callable

from clew_sdk.address import parse
from clew_sdk.guests.entry_points import offers

_RATIO = ("traceidratio", "parentbased_traceidratio")
SAMPLERS = ("always_on", "always_off", "parentbased_always_on", "parentbased_always_off", *_RATIO)
OURS = ("otlp", "otlp_proto_http")


class PartlyError(ValueError):
    """`usable` is what remains of the value without its faulty items."""

    def __init__(self, fault: str, usable: object) -> None:
        super().__init__(fault)
        self.usable = usable


def flag(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError("is neither true nor false")
    return text.lower() == "true"


def number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e15:
        raise ValueError("is not a number of 0 or more")
    return value


def ratio(text: str) -> float:
    try:
        value = number(text)
    except ValueError:
        value = 2.0
    if value > 1:
        raise ValueError("is not a number from 0 to 1")
    return value


def count(text: str) -> int:
    return int(number(text))


def positive(text: str) -> int:
    if not count(text):
        raise ValueError("is not a number of 1 or more")
    return count(text)


def one_of(*known: str) -> Callable[[str], str]:
    def choice(text: str) -> str:
        if text.lower() not in known:
            raise ValueError(f"is none of {', '.join(known)}")
        return text.lower()

    return choice


def offered(group: str, *known: str) -> Callable[[str], str]:
    """One of ours, or the name of what an installed package offers."""

    def choice(text: str) -> str:
        if text.lower() in known:
            return text.lower()
        if not offers(group, text):
            raise ValueError(f"is none of {', '.join(known)}, and no installed package offers it")
        return text

    return choice


sampler = offered("opentelemetry_traces_sampler", *SAMPLERS)


def exporters(signal: str) -> Callable[[str], list[str]]:
    choice = offered(f"opentelemetry_{signal}_exporter", *OURS, "none")

    def choices(text: str) -> list[str]:
        found, fault = [], ""
        for name in filter(None, map(str.strip, text.split(","))):
            try:
                found.append(choice(name))
            except ValueError as error:
                fault = f"has an item that {error}"
        if fault and found:
            raise PartlyError(fault, found)
        if not found:
            raise ValueError(fault or "names nothing")
        return found

    return choices


def url(text: str) -> str:
    if parse(text) is None:
        raise ValueError("is no http or https URL with a host")
    return text


def file(text: str) -> str:
    if not os.path.isfile(text):
        raise ValueError("names no file")
    return text


def pairs(text: str) -> dict[str, str]:
    """`key=value,key=value`, percent-decoded."""
    found, faulty = {}, False
    for item in filter(str.strip, text.split(",")):
        key, sign, value = item.partition("=")
        if sign and key.strip():
            found[percent_decoded(key.strip())] = percent_decoded(value.strip())
        else:
            faulty = True
    if faulty:
        raise PartlyError("has an item that is not key=value", found)
    return found


def headers(text: str) -> dict[str, str]:
    """What would break the request, or smuggle another header into it, is no header."""
    found = pairs(text)
    usable = {name: value for name, value in found.items() if _can_be_sent(name, value)}
    if len(usable) < len(found):
        raise PartlyError("has a header that cannot be sent", usable)
    return found


def _can_be_sent(name: str, value: str) -> bool:
    token = name.isascii() and all(character.isalnum() or character in "!#$%&'*+-.^_`|~" for character in name)
    return token and value.isprintable() and value.isascii()


def percent_decoded(text: str) -> str:
    """Done here because urllib.parse costs more to import than all the rest of a start-up's settings."""
    head, *rest = text.encode().split(b"%")
    decoded = bytearray(head)
    for piece in rest:
        try:
            decoded += bytes.fromhex(piece[:2].decode()) + piece[2:] if len(piece) > 1 else b"%" + piece
        except ValueError:
            decoded += b"%" + piece
    return decoded.decode("utf-8", "replace")
