"""What a chunk says, whatever kind of chunk it is.

A stream may yield strings, message chunks, or pairs from an agent; the text of one may
be a string or a list of blocks. Readers and stages ask here and need not know.

    text_of(chunk)      # always a string
"""

from typing import Any

FINISH_KEYS = ("finish_reason", "stop_reason", "status")


def message_of(item: Any) -> Any:
    """The message in `item`: unwraps an agent's pair and a generation chunk."""
    if isinstance(item, tuple) and item:
        item = item[0]
    # Asking LangChain's objects for what they lack is slow, and each token is asked.
    fields = getattr(item, "__dict__", {})
    if "content" in fields:
        return item
    if "message" in fields:
        return fields["message"]
    return item if hasattr(item, "content") else getattr(item, "message", item)


def text_of(item: Any) -> str:
    """The text in one item of a stream; empty where there is none.

    >>> from langchain_core.messages import AIMessageChunk
    >>> text_of(AIMessageChunk(content=[{"type": "text", "text": "Hi", "index": 0}]))
    'Hi'
    >>> text_of("Hi"), text_of(None)
    ('Hi', '')
    """
    if isinstance(item, str):
        return item
    message = message_of(item)
    if isinstance(message, str):
        return message
    text = getattr(message, "text", "")
    return str(text) if isinstance(text, str) else ""


def is_restart(item: Any) -> bool:
    """Whether this item takes back all text before it: the answer begins anew."""
    metadata = getattr(message_of(item), "response_metadata", None)
    return bool(metadata and metadata.get("restart"))


def finish_of(item: Any) -> str | None:
    """Why the answer ended, if this item says so: `stop`, `length`, `tool_calls` ...

    Chat Completions call it `finish_reason`, others `stop_reason`, the Responses API
    `status`; none of them in any chunk means nobody has said that the answer is whole.
    """
    message = message_of(item)
    wrapped = None if message is item else getattr(item, "generation_info", None)
    info = wrapped or {}
    metadata = getattr(message, "response_metadata", None) or {}
    found = {**info, **metadata}
    return next((str(found[key]) for key in FINISH_KEYS if found.get(key)), None)
