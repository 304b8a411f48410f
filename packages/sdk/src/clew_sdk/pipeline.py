"""The pipeline of this process: three outboxes, their channels, the worker, and what fork and exit do to them."""

from __future__ import annotations

from typing import Protocol

from opentelemetry.metrics import get_meter

from clew_sdk import ids, lifecycle, report, settings
from clew_sdk.channel import Channel
from clew_sdk.endpoint import endpoint
from clew_sdk.native import monotonic
from clew_sdk.notes import PATIENCE, Notes
from clew_sdk.outbox import BATCH_ITEMS, Account, Outbox
from clew_sdk.transport import Transport
from clew_sdk.worker import Worker

MIB = 1 << 20
SCHEMA_URL = "https://opentelemetry.io/schemas/1.44.0"  # the conventions that the metrics of ourselves follow
CAPACITY = {"traces": 16 * MIB, "metrics": 4 * MIB, "logs": 8 * MIB}


class Part(Protocol):
    """A provider, as the pipeline sees it."""

    @property
    def quiet(self) -> bool: ...  # nothing recorded that a flush would send
    def chores(self, flush: bool) -> float: ...
    def flush_guests(self, deadline: float) -> bool: ...
    def follow_fork(self) -> None: ...


class Pipeline:
    """Made from the environment; starts nothing until the first record."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self.notes = Notes()
        self.worker = Worker((), self._chores, _delay())
        self.outboxes = {name: Outbox(name, size, self.worker.wake) for name, size in CAPACITY.items()}
        for name, outbox in self.outboxes.items():
            outbox.batch_items = _batch_items(name)
        channels = [Channel(outbox, Transport(endpoint(name))) for name, outbox in self.outboxes.items()]
        self.worker.channels = self._channels = channels
        self.worker.listeners = [*channels, self.notes]
        self.exit_budget = settings.number("CLEW_EXIT_TIMEOUT")
        self._tells = settings.flag("CLEW_SELF_METRICS")

    def ledger(self) -> dict[str, Account]:
        self.notes.write_out()
        return {name: outbox.account() for name, outbox in self.outboxes.items()}

    def flush(self, seconds: float) -> bool:
        """Sends everything that was recorded so far; False when the time was too short for it."""
        deadline = monotonic() + seconds
        complete = self.worker.flush(deadline)
        for part in list(self.parts):
            complete = part.flush_guests(deadline) and complete
        return complete

    def exit(self, budget: float | None = None) -> None:
        """The last flush of the program; what is recorded later is sent at once as long as the budget lasts."""
        if self.worker.exit_by:
            return
        budget = self.exit_budget if budget is None else budget
        exit_by = monotonic() + budget
        complete = budget <= 0 or self._silent() or self.flush(budget)
        self.worker.close(exit_by)
        self.notes.close()
        if complete and not self._sent() and budget > 0:  # it was recorded during that flush
            self.flush(exit_by - monotonic())
        for name, outbox in self.outboxes.items():
            outbox.closed = True
            lost = outbox.account().dropped.get("exit", 0)
            if lost:
                message = "clew: %d %s could not be sent before the program's end"
                report.warn(f"exit {name}", message, lost, outbox.records)

    def follow_fork(self) -> None:
        """In the child: nothing of the parent's records, connections, counts and IDs is left."""
        ids.reseed()
        self.worker.reset()
        self.notes.reset()
        for channel in self._channels:
            channel.reset()
        for part in self.parts:
            part.follow_fork()

    def _silent(self) -> bool:
        self.notes.write_out(PATIENCE)
        return self._sent() and all(part.quiet for part in self.parts)

    def _sent(self) -> bool:
        return all(channel.empty for channel in self._channels)

    def _chores(self, flush: bool) -> float:
        self.notes.write_out(PATIENCE if flush else 0.0)
        if self._tells and not self._sent():
            self._tells = False
            self._tell_of_itself()
        return min((part.chores(flush) for part in list(self.parts)), default=3600.0)

    def _tell_of_itself(self) -> None:
        """With the first record, so that a program without telemetry sends none."""
        from clew_sdk.self_metrics import tell

        meter = get_meter("clew_sdk", schema_url=SCHEMA_URL)
        for channel in self._channels:
            tell(meter, channel)


def _delay() -> float:
    """The specification's schedule delays when they are set; one second otherwise, which loses less to a SIGKILL."""
    return min(settings.number(f"OTEL_{kind}_SCHEDULE_DELAY") for kind in ("BSP", "BLRP")) / 1000


def _batch_items(signal: str) -> int:
    names = {"traces": "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "logs": "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE"}
    return settings.count(names[signal]) if signal in names else BATCH_ITEMS


_default: Pipeline | None = None


def default() -> Pipeline:
    """The one that providers use when they are not told another; it follows the process through fork and exit."""
    global _default
    if _default is None:
        _default = Pipeline()
        lifecycle.follow(_default)
    return _default


def ledger() -> dict[str, Account]:
    """What became of every record, per signal: created = delivered + dropped{reason} + queued."""
    return default().ledger()


def force_flush(timeout_millis: float = 30000) -> bool:
    """Sends what was recorded so far; False when that took too long."""
    return default().flush(timeout_millis / 1000)


def shutdown(timeout_millis: float = 5000) -> None:
    """Sends what was recorded so far and ends the pipeline's work, as the program's exit does."""
    default().exit(timeout_millis / 1000)
