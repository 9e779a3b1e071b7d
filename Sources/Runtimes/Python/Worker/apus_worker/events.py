"""The one event loop of a worker: what is asynchronous in its model runs there, from loading to the end."""

import asyncio

_loop = None


def loop():
    """The loop, made when it is first asked for; it runs while `loop.py` serves asynchronous calls."""
    global _loop
    if _loop is None:
        _loop = asyncio.new_event_loop()
        # Where libraries ask for the current loop outside of any task, this is it.
        asyncio.set_event_loop(_loop)
    return _loop
