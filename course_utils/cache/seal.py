"""A seal on kept tool calls: who cannot set it can put none into anybody's agent.

Others may be able to write to a cache outside of this process. Words they put there
are words; a tool call would be run. So a kept tool call is served only if it bears the
seal: by itself that of the process that kept it, else that of a secret which all
programs that share the cache are given.

    seal = Seal("the secret", name); seal.fits(text, seal.of(text))
"""

import hmac
from functools import cache
from secrets import token_bytes
from typing import Any

TELLING = ("text", "reasoning", "thinking", "redacted_thinking", "refusal")


@cache
def own_secret() -> bytes:
    """The secret of this process, which nobody else knows."""
    return token_bytes(32)


class Seal:
    """What a text is sealed with: a secret, and the name that the text is kept under.

    Args:
        secret: The secret; None for one that only this process knows.
        name: The name, so that nobody moves an answer to another question.
    """

    def __init__(self, secret: str | None, name: str) -> None:
        self._secret = own_secret() if secret is None else secret.encode()
        self._name = name.encode()

    def of(self, text: str | bytes) -> str:
        """The seal of this text."""
        text = text.encode() if isinstance(text, str) else text
        made = hmac.new(self._secret, self._name, "sha256")
        made.update(text)
        return made.hexdigest()

    def fits(self, text: str | bytes, seal: Any) -> bool:
        """Whether this is the seal of the text."""
        return isinstance(seal, str) and hmac.compare_digest(self.of(text), seal)


def acts(message: Any) -> bool:
    """Whether a message may make an agent do something, or only tells."""
    if message is None:
        return False
    names = ("tool_calls", "tool_call_chunks", "invalid_tool_calls")
    if any(getattr(message, name, None) for name in names):
        return True
    extra = message.additional_kwargs
    blocks = message.content if isinstance(message.content, list) else []
    return any(name in extra for name in ("tool_calls", "function_call")) or any(
        isinstance(block, dict) and block.get("type") not in TELLING for block in blocks
    )
