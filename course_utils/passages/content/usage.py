"""The token counts of one message, which may be told more than once.

newest({"input_tokens": 100, ...}, told)      # what is known now
"""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from langchain_core.messages.ai import UsageMetadata, add_usage

COUNTS = ("input_tokens", "output_tokens")


def newest(before: dict[str, Any] | None, usage: Mapping[str, Any]) -> dict[str, Any]:
    """What is known of a message's tokens after one more chunk usage some.

    Some servers repeat a running total in every chunk, others tell the input first
    and the output later, in parts that add up. The numbers decide: where none is
    lower than what was known, it is a newer total; else it is a part, and is added,
    as LangChain adds chunks.

    >>> def count(i, o): return {"input_tokens": i, "output_tokens": o,
    ...                          "total_tokens": i + o}
    >>> newest(count(100, 1), count(100, 2))["total_tokens"]
    102
    >>> newest(count(10, 0), count(0, 4))["total_tokens"]
    14
    """
    if before is None or _is_total(before, usage):
        return {**(before or {}), **usage}
    return dict(add_usage(_filled(before), _filled(usage)))


def _is_total(before: Mapping[str, Any], usage: Mapping[str, Any]) -> bool:
    return all((usage.get(k) or 0) >= (before.get(k) or 0) for k in COUNTS)


def _filled(usage: Mapping[str, Any]) -> UsageMetadata:
    counts = {kind: usage.get(kind) or 0 for kind in COUNTS}
    return cast(
        "UsageMetadata", {"total_tokens": sum(counts.values()), **usage, **counts}
    )


def total(usages: Iterable[Mapping[str, Any]]) -> dict[str, int] | None:
    """The tokens of several messages together; None if none told any.

    >>> total([{"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}] * 2)
    {'input_tokens': 2, 'output_tokens': 4, 'total_tokens': 6}
    """
    counts = list(usages)
    names = (*COUNTS, "total_tokens")
    sums = {name: sum(usage.get(name) or 0 for usage in counts) for name in names}
    return sums if counts else None
