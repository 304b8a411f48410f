"""What clew costs while it runs: a metric of its own, when somebody asks for it."""

import sys
from types import ModuleType
from typing import Any

import pytest
from opentelemetry.trace import SpanKind

from clew import Plugin, patch, settings
from clew.operation import Metric, Operation
from clew.testing.recording import enabled

OPERATION = Operation(
    "test", SpanKind.INTERNAL, lambda: (), lambda common: ("work", {}), lambda *_: ({}, (), None, None),
    Metric("test.duration", "", (1,)), lambda *_: {},
)  # fmt: skip


@pytest.mark.parametrize("innermost", [False, True])
@pytest.mark.parametrize("asked", [False, True])
def test_the_time_of_our_own_code_is_counted_for_each_plugin(
    asked: bool, innermost: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    module: Any = ModuleType("shop_for_cost")
    module.work = lambda: None
    monkeypatch.setitem(sys.modules, "shop_for_cost", module)
    chosen = settings.current()._replace(measure_cost=asked)
    monkeypatch.setattr(settings, "current", lambda: chosen)
    name = f"shop_for_cost_{asked}_{innermost}"
    plugin = Plugin(name, hooks=[patch("shop_for_cost:work", OPERATION._replace(innermost=innermost))])
    with enabled(plugin) as record:
        for _ in range(7):
            module.work()
        sums = {key: value for key, value in record.sums().items() if key[1] == (("clew.plugin", name),)}
    seconds = sums.pop(("clew.cost.time", (("clew.plugin", name),)), 0)
    assert sums == ({("clew.cost.calls", (("clew.plugin", name),)): 7} if asked else {})
    assert (0 < seconds < 1) is asked
