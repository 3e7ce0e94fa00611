"""What the fake model says when nobody scripted it: an answer to any prompt.

The same prompt gets the same answer every time. Asked for a tool or for JSON, it fills
the schema it was given from the numbers and the quoted words of the prompt.

    respond(Request([HumanMessage("What is a token?")])).text
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import BaseMessage, HumanMessage

from course_utils.replies import Reply, ToolCall
from course_utils.tokens import pieces

Schema = Mapping[str, Any]

ANSWERS = {
    "faucet": "A full response fills the bucket first. A stream opens the faucet: "
    "you drink while the water still runs.",
    "streaming": "Streaming sends an answer piece by piece while it is made. "
    "The whole answer takes as long as before, but you start reading at once.",
    "token": "A token is a piece of text, often a word with the blank before it. "
    "A model writes one token after another.",
    "callback": "A callback is code that runs when something happens, for example "
    "when a token arrives. It watches the stream and does not change it.",
    "buffer": "A buffer holds tokens back until they make sense together, for "
    "example until a word or a sentence is whole.",
    "cache": "A cache keeps an answer so that the next person who asks the same "
    "gets it at once, and nobody pays twice.",
    "timeout": "A timeout says how long you are willing to wait. Without one, a "
    "silent stream keeps you waiting for ever.",
    "retry": "A retry asks again after a failure. Before the first token nobody "
    "notices; after it, the reader has already seen half an answer.",
    "chunk": "A chunk is what one step of a stream hands you: some text, or news "
    "about the answer such as why it ended.",
    "latency": "Latency is waiting. In a stream it has two parts: the time to first "
    "token, and the gaps between tokens.",
    "langchain": "LangChain gives every model the same methods: invoke for the whole "
    "answer, stream for its pieces.",
}
OTHERWISE = (
    "That is a fair question. I am a small scripted model, so I answer what I know: "
    "how streams behave, and where they break."
)


@dataclass(frozen=True)
class Request:
    """What a scripted model is asked, whoever asks: a method call or HTTP.

    Attributes:
        messages: The conversation so far.
        tools: Tools on offer, each with `name`, `description` and `parameters`.
        tool_choice: `auto`, `none`, `required`, or the name of the tool to call.
        schema: The JSON schema that the answer must follow, if any.
        json_mode: Whether the answer must be JSON of any shape.
        stop: Texts at which the answer ends.
        max_tokens: At most so many tokens.
        model: The name of the model that was asked for.
    """

    messages: list[BaseMessage]
    tools: Sequence[Schema] = ()
    tool_choice: str = "auto"
    schema: Schema | None = None
    json_mode: bool = False
    stop: Sequence[str] = ()
    max_tokens: int | None = None
    model: str = "fake"

    @property
    def prompt(self) -> str:
        """The text of the last thing a person said."""
        said = [m.text for m in self.messages if isinstance(m, HumanMessage)]
        return str(said[-1]) if said else ""

    @property
    def input_tokens(self) -> int:
        """How many word pieces the messages have."""
        return sum(len(pieces(str(message.text))) for message in self.messages)


def respond(request: Request) -> Reply:
    """The default answer to a request; the same request always gets the same.

    >>> respond(Request([HumanMessage("What is a chunk?")])).text[:30]
    'A chunk is what one step of a '
    """
    prompt = request.prompt
    if (tool := _tool_to_call(request)) is not None:
        arguments = fill(tool.get("parameters") or {}, prompt)
        return Reply(tool_calls=[ToolCall(tool["name"], arguments)])
    if request.schema is not None:
        return Reply(json.dumps(fill(request.schema, prompt), ensure_ascii=False))
    if request.json_mode:
        keys = quoted(prompt) or ["answer"]
        return Reply(json.dumps({key: answer_to(prompt) for key in keys}))
    return Reply(answer_to(prompt))


def _tool_to_call(request: Request) -> Schema | None:
    answered = bool(request.messages) and request.messages[-1].type == "tool"
    choice = request.tool_choice
    if not request.tools or choice == "none" or (answered and choice == "auto"):
        return None
    named = [tool for tool in request.tools if tool["name"] == choice]
    return named[0] if named else request.tools[0]


def answer_to(prompt: str) -> str:
    """Plain words about what the prompt mentions first."""
    asked = prompt.lower()
    found = [
        (asked.find(word), text) for word, text in ANSWERS.items() if word in asked
    ]
    return min(found, default=(0, OTHERWISE))[1]


def quoted(prompt: str) -> list[str]:
    """The words that the prompt puts in quotation marks.

    >>> quoted("Return JSON with 'setup' and 'punchline' keys.")
    ['setup', 'punchline']
    """
    return re.findall(r"(?<!\w)['\"“]([^'\"“”]+)['\"”](?!\w)", prompt)


def fill(schema: Schema, prompt: str) -> Any:
    """A value that follows the JSON schema, taken from the prompt where it can be.

    >>> fill({"type": "object", "properties": {"n": {"type": "integer"}}}, "Double 21.")
    {'n': 21}
    """
    return _Filler(schema, prompt).value(schema, "answer")


class _Filler:
    def __init__(self, schema: Schema, prompt: str) -> None:
        self.definitions = schema.get("$defs") or schema.get("definitions") or {}
        self.prompt = prompt
        self.numbers = iter(re.findall(r"-?\d+(?:\.\d+)?", prompt))
        self.words = iter(quoted(prompt))

    def value(self, schema: Schema, name: str) -> Any:
        """A value for one part of the schema."""
        schema = self._resolved(schema)
        for fixed in ("const", "default"):
            if fixed in schema:
                return schema[fixed]
        if schema.get("enum"):
            return self._choice(schema["enum"])
        kind = schema.get("type", "object" if "properties" in schema else "string")
        kind = kind[0] if isinstance(kind, list) else kind
        return getattr(self, f"_{kind}", self._string)(schema, name)

    def _resolved(self, schema: Schema) -> Schema:
        if "$ref" in schema:
            found: Schema = self.definitions[schema["$ref"].rsplit("/", 1)[-1]]
            return found
        options = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
        return self._resolved(options[0]) if options else schema

    def _choice(self, options: Sequence[Any]) -> Any:
        asked = self.prompt.lower()
        mentioned = [option for option in options if str(option).lower() in asked]
        return (mentioned or list(options))[0]

    def _object(self, schema: Schema, name: str) -> dict[str, Any]:
        parts: Schema = schema.get("properties") or {}
        return {key: self.value(part, key) for key, part in parts.items()}

    def _array(self, schema: Schema, name: str) -> list[Any]:
        return [self.value(schema.get("items") or {}, name)]

    def _integer(self, schema: Schema, name: str) -> int:
        return int(float(next(self.numbers, "3")))

    def _number(self, schema: Schema, name: str) -> float:
        return float(next(self.numbers, "3"))

    def _boolean(self, schema: Schema, name: str) -> bool:
        return True

    def _null(self, schema: Schema, name: str) -> None:
        return None

    def _string(self, schema: Schema, name: str) -> str:
        return (
            next(self.words, None) or _named_in(self.prompt) or answer_to(self.prompt)
        )


def _named_in(prompt: str) -> str:
    """A proper name in the prompt, such as a city, if there is one."""
    names: Iterator[str] = iter(re.findall(r"(?<=\w )[A-Z][a-zà-ÿ]+", prompt))
    return next(names, "")
