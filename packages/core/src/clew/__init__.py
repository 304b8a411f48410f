"""The plugin kit of clew: how a library's calls become spans, metrics and request IDs."""

# Every Python process under `clew run` executes this file, long before anything needs OpenTelemetry: no import here.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from clew.carrying import carry as carry
    from clew.carrying import carry_run as carry_run
    from clew.deriving import Derived as Derived
    from clew.deriving import derive as derive
    from clew.discovery import disable as disable
    from clew.discovery import enable as enable
    from clew.doors import door as door
    from clew.event_pairs import EventPair as EventPair
    from clew.event_pairs import between as between
    from clew.flushing import flush_after as flush_after
    from clew.handing import handed as handed
    from clew.hooks import after as after
    from clew.hooks import enrich as enrich
    from clew.hooks import instead as instead
    from clew.hooks import listen as listen
    from clew.hooks import patch as patch
    from clew.middleware import asgi as asgi
    from clew.middleware import wsgi as wsgi
    from clew.parts import Parts as Parts
    from clew.parts import patch_parts as patch_parts
    from clew.plugin import Plugin as Plugin
    from clew.pooling import pooled as pooled
    from clew.propagation import current_request_id as current_request_id
    from clew.propagation import suppress as suppress
    from clew.quieting import quietly as quietly
    from clew.standing_in import Method as Method
    from clew.standing_in import Standing as Standing
    from clew.standing_in import stand_in as stand_in

_HOME = {
    "Derived": "deriving",
    "EventPair": "event_pairs",
    "Parts": "parts",
    "Method": "standing_in",
    "Plugin": "plugin",
    "Standing": "standing_in",
    "after": "hooks",
    "asgi": "middleware",
    "between": "event_pairs",
    "carry": "carrying",
    "carry_run": "carrying",
    "current_request_id": "propagation",
    "derive": "deriving",
    "disable": "discovery",
    "door": "doors",
    "enable": "discovery",
    "enrich": "hooks",
    "flush_after": "flushing",
    "handed": "handing",
    "instead": "hooks",
    "listen": "hooks",
    "patch": "hooks",
    "patch_parts": "parts",
    "pooled": "pooling",
    "quietly": "quieting",
    "stand_in": "standing_in",
    "suppress": "propagation",
    "wsgi": "middleware",
}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'clew' has no attribute {name!r}")
    import importlib

    value = getattr(importlib.import_module(f"clew.{_HOME[name]}"), name)
    globals()[name] = value
    return value
