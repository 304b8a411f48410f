"""What every plugin must show to who comes from OpenTelemetry's own packages: a part of the other contracts."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan

from clew import options
from clew.instrumentor import Instrumentor
from clew.plugin import Plugin
from clew.testing.recording import Recording, configured, recording

#: What `remember` was asked: by itself, as a variable of the environment names it.
remembered: list[tuple[Any, ...]] = []


def remember(*asked: Any) -> None:
    remembered.append(asked)


class InstrumentorContract:
    """A contract that derives from it defines `piece`."""

    plugin: Plugin
    #: By keyword, what a person's function is given beside the span; set by the plugin's test.
    asked: dict[str, int] = {}
    #: The class, where there are several for one plugin.
    instrumentor_class: str = ""
    #: The places that the plugin patches: (owner, attribute).
    patched: Any = ()

    @property
    def instrumented(self) -> Plugin:
        """The plugin that has an instrumentor."""
        return self.plugin

    @pytest.fixture
    def piece(self) -> Iterator[Callable[[], Any]]:
        """A piece of work that is recorded when the plugin is enabled; from opening what it needs to closing it."""
        raise NotImplementedError

    @pytest.fixture
    def instrumentor(self) -> Iterator[Instrumentor]:
        plugin = self.instrumented
        if not plugin.instrumentor:
            pytest.skip("OpenTelemetry has no package for this library")
        module = vars(import_module(plugin.instrumentor))
        if self.instrumentor_class:
            kind = module[self.instrumentor_class]
        else:
            (kind,) = (one for one in module.values() if isinstance(one, type) and vars(one).get("plugin") is plugin)
        found: Instrumentor = kind()
        yield found
        found.plugin.disable()
        found._is_on = False

    @pytest.fixture
    def own(self) -> Recording:
        """Providers of one's own."""
        return Recording()

    def test_it_records_with_the_providers_that_it_is_given(
        self, instrumentor: Instrumentor, piece: Callable[[], Any], own: Recording
    ) -> None:
        instrumentor.instrument(tracer_provider=own.tracer_provider, meter_provider=own.meter_provider)
        piece()
        assert ended(own)
        assert any(own.points(metric) for metric in METRICS)

    def test_functions_of_a_person_are_asked_and_what_they_add_arrives(
        self, instrumentor: Instrumentor, piece: Callable[[], Any], own: Recording
    ) -> None:
        def asked_as(keyword: str) -> Callable[..., None]:
            return lambda span, *about: span.set_attribute(f"asked.{keyword}", len(about))

        hooks = {keyword: asked_as(keyword) for keyword in self.asked}
        instrumentor.instrument(tracer_provider=own.tracer_provider, **hooks)
        piece()
        assert asked_of(ended(own)) == self.asked

    def test_a_function_that_raises_harms_nothing(
        self, instrumentor: Instrumentor, piece: Callable[[], Any], own: Recording, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail(*about: Any) -> None:
            raise ArithmeticError("of the hook")

        expected = piece()
        instrumentor.instrument(tracer_provider=own.tracer_provider, **dict.fromkeys(self.asked, fail))
        with caplog.at_level(logging.WARNING, "clew"):
            assert piece() == expected
        assert ended(own)
        told = [line for line in caplog.messages if "ArithmeticError" in line]
        assert bool(told) == bool(self.asked)
        assert all("of the hook" not in line for line in told)

    def test_twice_is_once_and_undone_puts_back_the_very_objects(
        self, instrumentor: Instrumentor, piece: Callable[[], Any], own: Recording
    ) -> None:
        before = [vars(owner).get(name) for owner, name in self.patched]
        instrumentor.instrument(tracer_provider=own.tracer_provider)
        during = [vars(owner).get(name) for owner, name in self.patched]
        instrumentor.instrument(tracer_provider=own.tracer_provider)
        assert type(instrumentor)() is instrumentor
        on = [instrumentor.is_instrumented_by_opentelemetry]
        assert [vars(owner).get(name) for owner, name in self.patched] == during
        instrumentor.uninstrument()
        assert [*on, instrumentor.is_instrumented_by_opentelemetry] == [True, False]
        assert all(a is b for a, b in zip([vars(o).get(n) for o, n in self.patched], before, strict=True))
        piece()
        assert not own.spans()

    def test_an_option_that_there_is_not_is_told_with_the_nearest(
        self, instrumentor: Instrumentor, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.WARNING, "clew"):
            instrumentor.instrument(tracer_providers=None, metre_provider=1)
        name = instrumentor.plugin.name
        assert caplog.messages == [f"clew: {name} has no option metre_provider; the nearest is meter_provider"]

    def test_a_function_may_be_named_in_the_environment(
        self, instrumentor: Instrumentor, piece: Callable[[], Any]
    ) -> None:
        known = options.of(instrumentor.plugin)
        names = {known[keyword].variables[0]: f"{__name__}:remember" for keyword in self.asked}
        record = recording()  # where nothing is recorded, nobody is asked
        record.clear()
        remembered.clear()
        with configured(**names):
            instrumentor.plugin.enable()
            piece()
            assert ended(record)
            instrumentor.plugin.disable()
        assert {len(about) - 1 for about in remembered} == set(self.asked.values())


METRICS = ("http.server.request.duration", "http.client.request.duration", "db.client.operation.duration")


def ended(record: Recording) -> Sequence[ReadableSpan]:
    """The spans; those of a server end when it has closed its answer, which a client does not wait for."""
    until = time.monotonic() + 10
    while not record.spans() and time.monotonic() < until:
        time.sleep(0.001)
    return record.spans()


def asked_of(spans: Any) -> dict[str, Any]:
    """What `asked_as` has put on any of the spans."""
    found: dict[str, Any] = {}
    for span in spans:
        assert isinstance(span, ReadableSpan)
        told = (span.attributes or {}).items()
        found.update((key.removeprefix("asked."), value) for key, value in told if key.startswith("asked."))
    return found
