"""Keeps the trace and the request ID in gevent's greenlets, groups and pools.

`Greenlet` itself is a class of C; what is spawned by its own methods starts with no context, as ever.
"""

from clew import Plugin, carry

__all__ = ["plugin"]

plugin = Plugin(
    "gevent",
    versions=">=23.9",
    hooks=[
        carry("gevent:spawn", 0),
        carry("gevent:spawn_later", 1),
        carry("gevent.pool:Group.spawn", 1),
        carry("gevent.threadpool:ThreadPool.spawn", 1),
        *(
            carry(f"gevent.pool:GroupMappingMixin.{method}", 1)
            for method in ("apply_async", "map", "map_async", "imap", "imap_unordered")
        ),
    ],
)
