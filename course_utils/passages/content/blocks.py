"""What the content of a message says, in the dialect of each provider.

said(message.content)      # [("reasoning", "Hm."), ("text", "Hi")]
"""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

Said = tuple[Literal["text", "reasoning", "refusal"], str]


def said(content: Any) -> Iterator[Said]:
    """The text and the thoughts in a message's content, in their order.

    >>> list(said([{"type": "thinking", "thinking": "Hm."}, "Hi"]))
    [('reasoning', 'Hm.'), ('text', 'Hi')]
    """
    if isinstance(content, str):
        if content:
            yield "text", content
        return
    for block in content:
        if isinstance(block, str):
            found: Said = ("text", block)
        elif isinstance(block, Mapping):
            found = _in_block(block)
        else:
            continue
        if found[1]:
            yield found


def _in_block(block: Mapping[str, Any]) -> Said:
    kind = block.get("type")
    if kind == "text":
        text = block.get("text")
        return "text", text if isinstance(text, str) else ""
    if kind in THOUGHTS:
        return "reasoning", thought(block)
    if kind == "refusal":
        return "refusal", str(block.get("refusal") or "")
    return "text", ""


# LangChain, Responses API · Anthropic, Mistral, Gemini · Bedrock
THOUGHTS = ("reasoning", "thinking", "reasoning_content")
INSIDE = (*THOUGHTS, "text", "summary", "content")


def thought(block: Any) -> str:
    """The words of a thought: a string, a list of parts, or one of the dialects.

    >>> thought({"summary": [{"type": "summary_text", "text": "Let me think."}]})
    'Let me think.'
    """
    if isinstance(block, str):
        return block
    if isinstance(block, Mapping):
        return next((thought(block[key]) for key in INSIDE if block.get(key)), "")
    return "".join(map(thought, block)) if isinstance(block, list) else ""


def beside(extra: Mapping[str, Any]) -> Iterator[Said]:
    """The thoughts that a message carries beside its content."""
    for key in ("reasoning_content", "reasoning"):
        if words := thought(extra.get(key)):
            yield "reasoning", words
            return


def refused(extra: Mapping[str, Any]) -> Iterator[Said]:
    """The refusal that chat completions put beside the content."""
    if isinstance(words := extra.get("refusal"), str) and words:
        yield "refusal", words
