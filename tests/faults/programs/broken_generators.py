"""100 async generators with a span around their items, broken off early; some are closed by another task."""

import kit  # isort: split

import asyncio
import gc

from opentelemetry import trace


async def numbers():
    with kit.tracer().start_as_current_span("numbers"):
        for number in range(10):
            yield number
            await asyncio.sleep(0)


async def main():
    for _ in range(50):
        async for number in numbers():
            if number == 2:
                break
    left = [numbers() for _ in range(50)]
    for one in left:
        await one.__anext__()
    await asyncio.gather(*(asyncio.ensure_future(one.aclose()) for one in left))
    gc.collect()
    await asyncio.sleep(0)


asyncio.run(main())
print("stale" if trace.get_current_span().get_span_context().is_valid else "no parent left over")
kit.work(1)
