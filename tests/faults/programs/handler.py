"""The application handles SIGTERM itself. `handler.py before|after|asyncio`"""

import os
import signal
import sys

called = []


def handle(*_):
    called.append(1)
    print("handled", len(called), flush=True)
    sys.exit(7)


def install():
    signal.signal(signal.SIGTERM, handle)


if sys.argv[1] == "before":
    install()
import kit  # noqa: E402

kit.work(5)
if sys.argv[1] == "after":
    install()
if sys.argv[1] == "asyncio":
    import asyncio

    async def main():
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        os.kill(os.getpid(), signal.SIGTERM)
        await stop.wait()
        kit.work(5)
        print("stopped")

    asyncio.run(main())
    sys.exit(7)
kit.work(5)
os.kill(os.getpid(), signal.SIGTERM)
