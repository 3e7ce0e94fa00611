"""Whether LangChain calls a handler from a sync stream: told by the caller's name.

LangChain runs an async handler of a sync stream in an event loop of its own for every
token, and swallows its errors. Before the first token the name of the function that
calls is the only sign: a notebook has a running loop in both cases. Tried with
langchain-core 1.8.3; `tests/callbacks/test_sync_stream.py` says if it changes.

    called_from_sync_stream()      # inside a handler's method
"""

import sys

SYNC_DISPATCH = "handle_event"  # langchain_core.callbacks.manager


def called_from_sync_stream() -> bool:
    """Whether the method that asks was called for a sync stream."""
    caller = sys._getframe(1).f_back
    return caller is not None and caller.f_code.co_name == SYNC_DISPATCH
