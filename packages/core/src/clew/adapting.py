"""What a person wants beside what is always recorded: functions of their own, headers, URLs that are left out.

It surrounds what is compiled of an operation, so it costs nothing where it is not asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from opentelemetry.trace import get_current_span

from clew import asking, headers
from clew.asking import Question
from clew.exclusion import searcher
from clew.hooks import Action, Hook, after, enrich
from clew.operation import Operation
from clew.probe import Begin, End, Probe
from clew.propagation import amend

if TYPE_CHECKING:
    from opentelemetry.context import Context

    from clew.telemetry import Telemetry

Function = Callable[..., Any]
#: The arguments of a call that functions are asked about when it has ended; its context keeps them.
ABOUT = "clew-about"


class Adapted:
    """One plugin's, or one object's, for as long as it is enabled. `excluded` are the patterns that are its own."""

    def __init__(self, telemetry: Telemetry, questions: tuple[Question, ...], excluded: tuple[str, ...]) -> None:
        self.settings, self.failed = telemetry.settings, telemetry.guard.failed
        self.questions, self.is_excluded = questions, searcher(excluded)

    def about(self, when: int, operation: Operation) -> list[Question]:
        """What is to be asked of an operation."""
        asks = [(question, question.ask) for question in self.questions]
        return [q for q, ask in asks if ask.when == when and (ask.operation is None or ask.operation is operation)]

    def captures(self, operation: Operation) -> tuple[headers.Capture | None, headers.Capture | None]:
        """What takes the headers of requests and of answers that a person wants to see."""
        if not operation.family.startswith("http."):
            return None, None
        return (
            headers.of_requests(self.settings, operation.family),
            headers.of_answers(self.settings, operation.family),
        )

    def show(self, context: Context, capture: headers.Capture, pairs_of: headers.Reader, found: Any) -> None:
        """Puts headers on the span, read of what they are found in."""
        try:
            get_current_span(context).set_attributes(capture(pairs_of(found)))
        except Exception as error:  # noqa: BLE001
            self.failed(error, "headers")

    def hooks(self) -> Iterator[Hook]:
        """For what is asked about functions of the library that are no operations."""
        yield from dict.fromkeys(question.ask.needs for question in self.questions if question.ask.needs)
        for question in self.questions:
            target = question.ask.target
            if target:
                hook = enrich if question.ask.when == asking.CALLED else after
                yield hook(target, Action(lambda *args, **options: (args, options), question.put_here), optional=True)

    def inside(self, operation: Operation, function: Function) -> Function:
        """The function of a server or framework, with what is asked about requests."""
        if not operation.edge:
            return function
        from clew.incoming import inside

        return inside(self, operation, function)

    def operation(self, operation: Operation) -> Operation:
        """The same without the calls of a client whose URL is excluded."""
        address, read, excluded = operation.address, operation.read, self.is_excluded
        if operation.edge or address is None or excluded is None:
            return operation

        def read_others(*args: Any, **kwargs: Any) -> Any:
            facts = read(*args, **kwargs)
            return None if facts is None or excluded(address(facts)) else facts

        return operation._replace(read=read_others)

    def probe(self, operation: Operation, probe: Probe) -> Probe:
        """The same, with questions and headers; never the short way, in which there is no span to ask about."""
        if operation.edge:
            return probe
        begins = self.about(asking.BEGINS, operation)
        ends, fails = self.about(asking.ENDS, operation), self.about(asking.FAILS, operation)
        of_requests, of_answers = self.captures(operation)
        if not (begins or ends or fails or of_requests or of_answers):
            asks_within = any(question.ask.target for question in self.questions)
            return Probe(probe.begin, probe.end, probe.failed) if asks_within else probe
        begin = self._begin(operation, probe.begin, begins, of_requests)
        if ends or fails:
            begin = _remembering(begin)
        return Probe(begin, self._end(probe.end, ends, fails, of_answers), probe.failed)

    def _begin(
        self, operation: Operation, begin: Begin, questions: list[Question], capture: headers.Capture | None
    ) -> Begin:
        carrier_of, pairs_of = operation.carrier, operation.headers or headers.pairs_of

        def begin_and_ask(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            running = begin(args, kwargs)
            if running is not None:
                if capture is not None and carrier_of is not None and running.facts is not None:
                    self.show(running.inside, capture, pairs_of, carrier_of(running.facts))
                for question in questions:
                    question.put(running.inside, *args, **kwargs)
            return running

        return begin_and_ask

    def _end(
        self, end: End, questions: list[Question], on_failure: list[Question], capture: headers.Capture | None
    ) -> End:
        def ask_and_end(running: Any, result: Any, error: BaseException | None) -> None:
            inside = running.inside
            args, kwargs = inside.get(ABOUT, ((), {}))
            if error is None and capture is not None:
                self.show(inside, capture, headers.pairs_of, getattr(result, "headers", None))
            for question in questions if error is None else on_failure:
                question.put(inside, result if error is None else error, *args, **kwargs)
            end(running, result, error)

        return ask_and_end


def _remembering(begin: Begin) -> Begin:
    def begin_and_remember(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        running = begin(args, kwargs)
        if running is not None:
            amend(running.inside, {ABOUT: (args, kwargs)})
        return running

    return begin_and_remember
