"""The same small works, done by clew and by the stock SDK with contrib's instrumentation: `works()` of each module."""
