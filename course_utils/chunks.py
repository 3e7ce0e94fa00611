"""What a chunk says, whatever kind of chunk it is.

A stream may yield strings, message chunks, or pairs from an agent; the text of one may
be a string or a list of blocks. Readers and stages ask here and need not know.

    text_of(chunk)      # always a string
"""

from typing import Any


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


def only_text(item: Any) -> bool:
    """Whether a chunk brings text and nothing else: no thought, call, usage or end.

    That is nearly every chunk, so those who only wait for the rest ask this first.

    >>> from langchain_core.messages import AIMessageChunk
    >>> only_text(AIMessageChunk("Hi"))
    True
    >>> only_text(AIMessageChunk("", response_metadata={"finish_reason": "stop"}))
    False
    """
    fields = getattr(item, "__dict__", {})
    if "message" in fields:
        if fields.get("generation_info"):
            return False
        fields = fields["message"].__dict__
    return type(fields.get("content")) is str and not (
        fields.get("response_metadata")
        or fields.get("additional_kwargs")
        or fields.get("tool_call_chunks")
        or fields.get("usage_metadata")
    )
