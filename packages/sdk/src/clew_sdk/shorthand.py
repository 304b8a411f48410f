"""Takes down the calls of clew-core's operations: in the call only what cannot wait, the rest in batches.

A call happens between system calls, where every Python function runs several times slower than in a loop (caches and
branch predictors are cold). So a call leaves a note, and what the note means, its encoding and its histogram are
worked out for many notes in one go; for notes that have their facts in common, once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, SpanContext, StatusCode, TraceFlags
from opentelemetry.trace.propagation import _SPAN_KEY

from clew_sdk import clock
from clew_sdk.context import CALL, REQUEST_ID
from clew_sdk.ids import random_bits
from clew_sdk.lineage import Lineage
from clew_sdk.metrics.instruments import Histogram
from clew_sdk.metrics.measurements import Measurement, context_of
from clew_sdk.note import Note
from clew_sdk.notes import Parcels
from clew_sdk.otlp.request import field
from clew_sdk.otlp.spans import FAILED, LOCAL, REMOTE, UNSET, pack_child, pack_root, pack_times
from clew_sdk.otlp.values import copied
from clew_sdk.span import Span
from clew_sdk.tracer import Asked, Origin, Tracer

Attributes = dict[str, Any]
_put = dict.__setitem__  # a Context refuses to be changed, but this one is not yet anybody's
ENDED = Context()
REMEMBERED = 12_000  # meanings, of 1 to 2 kB; beyond it one starts anew. 10,000 routes shall cost what ten do
REQUEST_ID_ATTRIBUTE = "request.id"


class Meaning(NamedTuple):
    """What the same common facts, outcome and failure always mean: `counted` is where the histogram counts it, `fields`
    are name, kind, attributes and status."""

    name: str
    attributes: Attributes
    failure: str | None
    counted: Any
    fields: bytes


class Shorthand:
    """The scribe of one operation (its contract: clew.operation.Scribe)."""

    def __init__(
        self, tracer: Tracer, operation: Any, histogram: Any, failed: Callable[[Exception, str], None], longhand: Any
    ) -> None:
        self.tracer, self.kind, self._operation = tracer, operation.kind, operation
        self._common, self._own, self._marks = operation.common, operation.own, operation.marks
        self._notes, self._guests = tracer.notes, tracer.guests
        self._failed, self._longhand = failed, longhand
        self._other: Any = None
        self._meanings: dict[Any, Meaning] = {}
        self._target, self._measured = _measuring(histogram)
        self._text, self._requested = tracer.encoder.attributes.text, tracer.encoder.request_id
        self._write_plain, self._write_over = self._write, self._write_brief
        #: Whether `note` may be called instead of `begin` and `end`: nobody has to hear of a span when it begins.
        self.brief = True
        tracer.take_on(self)

    # --- in the call ------------------------------------------------------------------------------------------------

    def note(self, context: Context, began: int, ended: int, facts: Any, outcome: Any) -> None:
        """Takes down a call that is over, in which nothing else happened."""
        notes = self._notes
        notes.pending.append((self._write_over, context, began, ended, facts, outcome))
        if len(notes.pending) > notes.batch:
            notes.write_out()

    def begin(self, context: Context, facts: Any, remote: Any = None, began: int = 0) -> Any:
        parent: Any = context.get(_SPAN_KEY)
        tracer = self.tracer
        if remote is None and tracer.inherits and (parent is None or isinstance(parent, Span)):
            lineage, parent_id = (tracer.new_lineage(), 0) if parent is None else (parent._lineage, parent._span_id)
            note = Note(self, lineage, parent_id, facts, context.get(REQUEST_ID))
        elif tracer.successor is not None:
            return self._elsewhere(tracer.successor).begin(context, facts, remote, began)
        else:
            note = self._original(context, facts, remote)
        if began:
            note._began = began
        inside = note.inside = Context(context)
        dict.update(inside, self._marks)
        _put(inside, CALL, note)
        _put(inside, _SPAN_KEY, note)
        if self._guests.processors and note._end is None:
            self._guests.started(note, context)
        return note

    def end(self, note: Any, outcome: Any) -> None:
        try:
            del note._open
        except AttributeError:
            if not isinstance(note, Note):
                self._other.end(note, outcome)
            return
        note.inside = ENDED  # what was inside holds the note: a cycle for each call, unless it is cut here
        if self._guests.processors and note._end is None:
            self._guests.ending(note)
        note._end = clock.ticks()
        if note.touched or self._guests.processors:
            self._spell_out(note, outcome)  # what the application put there may change, or run its code
            return
        notes = self._notes
        notes.pending.append((
            self._write_plain, note._lineage, note._span_id, note._parent_id, note._remote, note._began, note._end,
            note.facts, outcome, note.request_id, note.extra,
        ))  # fmt: skip
        if len(notes.pending) > notes.batch:
            notes.write_out()

    def fail(self, note: Any, outcome: Any, kind: str, message: str, event: Any) -> None:
        """`kind` becomes error.type; `event` holds the attributes of the exception, unless they are told elsewhere."""
        if not isinstance(note, Note):
            self._other.fail(note, outcome, kind, message, event)
            return
        note.failure, note.touched = kind, True
        if event is not None:
            note.add_event("exception", event)
        note.set_status(StatusCode.ERROR, message)
        self.end(note, outcome)

    def event(self, note: Any, name: str, attributes: Attributes) -> None:
        """Something that happened in a call that is running."""
        if isinstance(note, Note):
            note.add_event(name, attributes)
        else:
            self._other.event(note, name, attributes)

    def traceparent(self, note: Any) -> tuple[str, str]:
        """The headers traceparent and tracestate; empty where there is nothing to tell."""
        if type(note) is not Note:
            return self._other.traceparent(note)  # type: ignore[no-any-return]
        lineage = note._lineage
        if not lineage.trace_id:
            return "", ""
        return lineage.traceparent(note._span_id), lineage.state.to_header() if lineage.state else ""

    def trace_id(self, note: Any) -> str:
        """32 hexadecimal digits; empty where there is no trace."""
        if type(note) is not Note:
            return self._other.trace_id(note)  # type: ignore[no-any-return]
        lineage = note._lineage
        return (lineage.hex or lineage.spell()) if lineage.trace_id else ""

    def _original(self, context: Context, facts: Any, remote: Any) -> Note:
        tracer = self.tracer
        if remote is not None and tracer.inherits:
            lineage = Lineage.of_parent(remote.trace_id, remote.flags, remote.state)
            note = Note(self, lineage, remote.span_id, facts, context.get(REQUEST_ID))
            note._remote = True
            return note
        if remote is not None:
            came = SpanContext(remote.trace_id, remote.span_id, True, TraceFlags(remote.flags), remote.state)
            context = Context({**context, _SPAN_KEY: NonRecordingSpan(came)})
        origin = self._origin(context, facts)
        note = Note(self, origin.lineage, origin.parent_id, facts, context.get(REQUEST_ID))
        note.come_from(origin)
        if origin.attributes is not None:
            note._attributes = copied(origin.attributes)
        return note

    def _origin(self, context: Context, facts: Any) -> Origin:
        return self.tracer.origin(context, lambda: Asked(*self._opened(facts), None))

    def _elsewhere(self, tracer: Any) -> Any:
        """The application's own provider makes the spans now."""
        if self._other is None:
            self._other = self._longhand(tracer)
        return self._other

    # --- later ------------------------------------------------------------------------------------------------------

    def _write_brief(self, entry: tuple[Any, ...], parcels: Parcels) -> None:
        _, context, began, ended, facts, outcome = entry
        parent = context.get(_SPAN_KEY)
        span_id, remote = 0, False
        if isinstance(parent, Span):
            lineage, parent_id = parent._lineage, parent._span_id
        elif parent is None:
            lineage, parent_id = self.tracer.new_lineage(), 0
        else:
            lineage, parent_id, remote, span_id, _ = self._origin(context, facts)
        ids = span_id or random_bits(64) or 1, parent_id, remote
        self._write((None, lineage, *ids, began, ended, facts, outcome, context.get(REQUEST_ID), None), parcels)

    def _write(self, entry: tuple[Any, ...], parcels: Parcels) -> None:
        """What all plain notes go through, in as few steps as there can be."""
        _, lineage, span_id, parent_id, remote, began, ended, facts, outcome, request_id, extra = entry
        common = self._common
        try:
            meaning = self._meanings[facts if common is None else common(facts), outcome]
        except Exception:  # noqa: BLE001  new, or not to be understood
            meaning = self._meaning(facts, outcome, None)
        _, _, failure, counted, fixed = meaning
        offset = clock.offset
        if counted is not None:
            self._measured((counted, (ended - began) / 1e9, ended + offset, lineage.exemplar, span_id))
        if not lineage.sent:
            return
        ids = pack_child(0x1208, span_id, 0x2208, parent_id) if parent_id else pack_root(0x1208, span_id)
        times = pack_times(0x39, began + offset, 0x41, ended + offset)
        fields = [lineage.head or lineage.encode(), ids, times, fixed, REMOTE if remote else LOCAL]
        if self._own is not None and facts is not None:
            for key, value in self._own(facts):
                fields.append(self._text(key, value))
        if request_id is not None:
            fields.append(self._requested(request_id))
        if extra is not None:
            fields.append(self.tracer.encoder.attributes.encode(extra)[0])
        tracer, span = self.tracer, b"".join(fields)
        if failure is None:
            parcels[tracer].append(field(span))
        elif tracer.outbox is not None:
            tracer.outbox.put(tracer.scope, span, urgent=True)

    def _spell_out(self, note: Note, outcome: Any) -> None:
        """For a note that is more than its facts, or that others want to see."""
        lineage = note._lineage
        meaning = self._meaning(note.facts, outcome, note.failure)
        if meaning.counted is not None:
            end: Any = note._end
            seconds = (end - note._began) / 1e9
            self._measured((meaning.counted, seconds, end + clock.offset, lineage.exemplar, note._span_id))
        if not lineage.recorded:
            return
        note._name = meaning.name if note._name is None else note._name
        note._attributes = {
            **meaning.attributes,
            **self._particular(note.facts, note.request_id),
            **(note.extra or {}),
            **note._attributes,
        }
        if meaning.failure is not None and note._status == 0:
            note._status = StatusCode.ERROR.value
        self.tracer.finish(note)

    def opened(self, note: Note) -> tuple[str, Attributes]:
        """Name and attributes that the note had from the beginning."""
        name, _, attributes = self._opened(note.facts)
        if note.request_id is not None:
            attributes[REQUEST_ID_ATTRIBUTE] = note.request_id
        return name, attributes

    def _opened(self, facts: Any) -> tuple[str, Any, Attributes]:
        """Name, kind, attributes."""
        meaning = self._meaning(facts, None, None)
        return meaning.name, self.kind, {**meaning.attributes, **self._particular(facts, None)}

    def _particular(self, facts: Any, request_id: str | None) -> Attributes:
        found = dict(self._own(facts)) if self._own is not None and facts is not None else {}
        if request_id is not None:
            found[REQUEST_ID_ATTRIBUTE] = request_id
        return found

    def _meaning(self, facts: Any, outcome: Any, failure: str | None) -> Meaning:
        try:
            if facts is None:
                return self._meant(self._operation.family, {}, None, failure)
            common = facts if self._common is None else self._common(facts)
            key = (common, outcome) if failure is None else (common, outcome, failure)
            found = self._meanings.get(key)
            if found is None:
                found = self._understand(common, outcome, failure)
                if len(self._meanings) >= REMEMBERED:
                    self._meanings.clear()
                self._meanings[key] = found
            return found
        except Exception as error:  # noqa: BLE001
            self._failed(error, f"meaning of {self._operation.family}")
            return self._meant(self._operation.family, {}, None, failure)

    def _understand(self, common: Any, outcome: Any, failure: str | None) -> Meaning:
        name, opened = self._operation.opening(common)
        more, labels, failure, better = self._operation.closing(common, opened, outcome, failure)
        return self._meant(better or name, {**opened, **more}, labels, failure)

    def _meant(self, name: str, attributes: Attributes, labels: Any, failure: str | None) -> Meaning:
        encoder = self.tracer.encoder
        counted = None if labels is None else self._target(self._operation.point(*labels))
        fields = encoder.head(name, self.kind) + encoder.attributes.encode(attributes)[0]
        return Meaning(name, attributes, failure, counted, fields + (UNSET if failure is None else FAILED))


def _measuring(histogram: Any) -> tuple[Callable[[Any], Any], Callable[[Any], None]]:
    """From attributes to a place in the histogram; and what takes a measurement for such a place."""
    if isinstance(histogram, Histogram):
        return histogram.target, histogram.measurements.pending.append

    def record(measurement: Measurement) -> None:
        attributes, seconds, _, trace_id, span_id = measurement
        histogram.record(seconds, attributes, context_of(trace_id, span_id))

    return lambda attributes: attributes, record
