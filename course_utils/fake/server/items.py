"""The items of a response: each is announced, filled by deltas, and closed.

Thoughts, a message and function calls are items; every change to one is an event with
a number. What has been said so far is always in `output`.

    items = Items("1", summary=True); items.think(Step("reason", text="Hm."))
"""

from collections.abc import Mapping
from typing import Any

from course_utils.fake.plan import Step, logprob_of
from course_utils.fake.server.api import encode, padding

Item = dict[str, Any]


class Items:
    """The output of one response, and the events that tell how it grows.

    Args:
        answer: What the ids of all items end in.
        summary: Whether the caller asked to be told what the model thinks.
        logprobs: How many of the likeliest tokens the caller wants, if any.
    """

    def __init__(
        self, answer: str, *, summary: bool = False, logprobs: int | None = None
    ) -> None:
        self.output: list[Item] = []
        self.incomplete = False
        self._answer, self._summary, self._wanted = answer, summary, logprobs
        self._open = False  # whether the last item may still grow
        self._number = -1  # of the last event

    def event(self, name: str, fields: Mapping[str, Any], after: str = "") -> str:
        """One event, with the next number."""
        self._number += 1
        head = {"type": name, "sequence_number": self._number}
        return f"event: {name}\ndata: {encode({**head, **fields})[:-1]}{after}}}\n\n"

    # Each kind of token.

    def think(self, step: Step) -> str:
        """A piece of reasoning; its summary is told, and only to who asked for it."""
        opened = self._begin({"id": "rs", "type": "reasoning", "summary": []})
        if not self._summary:
            return opened
        parts, place = self.output[-1]["summary"], {"summary_index": 0}
        if not parts:
            part = {"type": "summary_text", "text": ""}
            name = "response.reasoning_summary_part.added"
            opened += self.event(name, self._where() | place | {"part": part})
            parts.append(part)
        parts[0]["text"] += step.text
        delta = self._where() | place | {"delta": step.text}
        name = "response.reasoning_summary_text.delta"
        return opened + self.event(name, delta, padding(step))

    def say(self, step: Step) -> str:
        """A piece of text."""
        part = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
        opened = self.message() + self._begin_part(part)
        part = self.output[-1]["content"][-1]
        part["text"] += step.text
        part["logprobs"] += (likely := self._logprobs(step))
        delta = self._at_part() | {"delta": step.text, "logprobs": likely}
        return opened + self.event("response.output_text.delta", delta, padding(step))

    def refuse(self, step: Step) -> str:
        """A piece of a refusal."""
        opened = self.message() + self._begin_part({"type": "refusal", "refusal": ""})
        self.output[-1]["content"][-1]["refusal"] += step.text
        delta = self._at_part() | {"delta": step.text}
        return opened + self.event("response.refusal.delta", delta, padding(step))

    def call(self, step: Step) -> str:
        """The announcement of a tool call."""
        item = {"id": f"fc_{step.index}", "type": "function_call"}
        item |= {"call_id": step.tool_id, "name": step.text, "arguments": ""}
        return self._close() + self._add(item)

    def argue(self, step: Step) -> str:
        """A fragment of the arguments of a tool call."""
        self.output[-1]["arguments"] += step.text
        delta = self._where() | {"delta": step.text}
        name = "response.function_call_arguments.delta"
        return self.event(name, delta, padding(step))

    def message(self) -> str:
        """The message that text goes into, opened if it is not open."""
        return self._begin(
            {"id": "msg", "type": "message", "role": "assistant", "content": []}
        )

    def finish(self) -> str:
        """Close what is open; an answer without any item gets an empty message."""
        empty = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
        said = "" if self.output else self.message() + self._begin_part(empty)
        return said + self._close()

    # Items: announced, then closed.

    def _begin(self, item: Item) -> str:
        if self._open and self.output[-1]["type"] == item["type"]:
            return ""
        return self._close() + self._add(item)

    def _add(self, item: Item) -> str:
        item |= {"id": f"{item['id']}_{self._answer}", "status": "in_progress"}
        self.output.append(item)
        self._open = True
        return self.event("response.output_item.added", self._item())

    def _close(self) -> str:
        if not self._open:
            return ""
        self._open = False
        item = self.output[-1]
        item["status"] = "incomplete" if self.incomplete else "completed"
        closing = {
            "reasoning": self._close_reasoning,
            "message": self._close_part,
            "function_call": self._close_call,
        }[item["type"]]()
        return closing + self.event("response.output_item.done", self._item())

    def _close_reasoning(self) -> str:
        if not (parts := self.output[-1]["summary"]):
            return ""
        where = self._where() | {"summary_index": 0}
        text = where | {"text": parts[0]["text"]}
        return self.event("response.reasoning_summary_text.done", text) + self.event(
            "response.reasoning_summary_part.done", where | {"part": parts[0]}
        )

    def _close_call(self) -> str:
        item = self.output[-1]
        whole = {"name": item["name"], "arguments": item["arguments"]}
        name = "response.function_call_arguments.done"
        return self.event(name, self._where() | whole)

    # The parts of a message: text, then perhaps a refusal.

    def _begin_part(self, part: Item) -> str:
        parts = self.output[-1]["content"]
        if parts and parts[-1]["type"] == part["type"]:
            return ""
        closed = self._close_part()
        parts.append(part)
        begun = self._at_part() | {"part": part}
        return closed + self.event("response.content_part.added", begun)

    def _close_part(self) -> str:
        if not (parts := self.output[-1]["content"]):
            return ""
        part, where = parts[-1], self._at_part()
        if part["type"] == "refusal":
            whole = where | {"refusal": part["refusal"]}
            done = self.event("response.refusal.done", whole)
        else:
            whole = where | {"text": part["text"], "logprobs": part["logprobs"]}
            done = self.event("response.output_text.done", whole)
        return done + self.event("response.content_part.done", where | {"part": part})

    def _item(self) -> dict[str, Any]:
        return {"output_index": len(self.output) - 1, "item": self.output[-1]}

    def _where(self) -> dict[str, Any]:
        last = len(self.output) - 1
        return {"item_id": self.output[last]["id"], "output_index": last}

    def _at_part(self) -> dict[str, Any]:
        last = len(self.output[-1]["content"]) - 1
        return self._where() | {"content_index": last}

    def _logprobs(self, step: Step) -> list[dict[str, Any]]:
        if self._wanted is None:
            return []
        likeliest = [logprob_of(step)][: self._wanted]
        return [logprob_of(step) | {"top_logprobs": likeliest}]
