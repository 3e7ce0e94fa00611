"""What the fake model says when nobody scripted it: an answer to any prompt.

The same prompt gets the same answer every time. Asked for a tool or for JSON, it fills
the schema it was given from the numbers and the quoted words of the prompt.

    respond(Request([HumanMessage("What is a token?")])).text
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from course_utils.fake.reply import Reply
from course_utils.fake.reply_fields import ToolCall
from course_utils.fake.schema.parts import Unanswerable
from course_utils.fake.schema.values import fill, quoted
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
    "gets it at once, and you pay once.",
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
LONGEST_RESULT = 500
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

    A tool is used once for a question; then its result is the answer.

    >>> respond(Request([HumanMessage("What is a chunk?")])).text[:30]
    'A chunk is what one step of a '

    Raises:
        Unanswerable: The request asks for a schema that no value follows.
    """
    prompt, results = request.prompt, _results(request)
    sources = f"{prompt}\n{results}"
    if (tool := _tool_to_call(request)) is not None:
        place = f"function '{tool['name']}'"
        arguments = _filled(
            tool.get("parameters") or {}, sources, _subject(prompt), place
        )
        return Reply(tool_calls=[ToolCall(tool["name"], arguments)])
    answer = results or answer_to(prompt)
    if request.schema is not None:
        filled = _filled(request.schema, sources, answer, "response_format")
        return Reply(json.dumps(filled, ensure_ascii=False))
    if request.json_mode:
        keys = quoted(prompt) or ["answer"]
        return Reply(json.dumps(dict.fromkeys(keys, answer)))
    return Reply(answer)


def _filled(schema: Schema, prompt: str, otherwise: str, place: str) -> Any:
    try:
        return fill(schema, prompt, otherwise)
    except Unanswerable as error:
        raise Unanswerable(f"Invalid schema for {place}: {error}") from error


def _since_question(request: Request) -> list[BaseMessage]:
    """What was said after the last thing a person said."""
    people = [n for n, m in enumerate(request.messages) if isinstance(m, HumanMessage)]
    return request.messages[people[-1] + 1 :] if people else request.messages


def _results(request: Request) -> str:
    """What the tools that were called for this question have found."""
    names: dict[str | None, str] = {}
    found = []
    for message in _since_question(request):
        if isinstance(message, AIMessage):
            names |= {call["id"]: call["name"] for call in message.tool_calls}
        if isinstance(message, ToolMessage):
            name = names.get(message.tool_call_id) or message.name or "The tool"
            found.append(f"{name} says: {str(message.text)[:LONGEST_RESULT]}")
    return "\n".join(found)


def _tool_to_call(request: Request) -> Schema | None:
    """The tool that was asked for, or the best one that this question has not used.

    Who must call one after the others have answered calls the last: agents put there
    the tool whose arguments are the structured answer, the only way to end.
    """
    choice = request.tool_choice
    if not request.tools or choice == "none":
        return None
    named = [tool for tool in request.tools if tool["name"] == choice]
    if named:
        return named[0]
    since = _since_question(request)
    made = [call for m in since if isinstance(m, AIMessage) for call in m.tool_calls]
    used = {call["name"] for call in made}
    fresh = [tool for tool in request.tools if tool["name"] not in used]
    if not used and not any(isinstance(message, ToolMessage) for message in since):
        return max(fresh, key=lambda tool: _fitness(tool, request.prompt))
    return fresh[-1] if fresh and choice != "auto" else None


def _fitness(tool: Schema, prompt: str) -> int:
    """How many words of the prompt the tool's name and description share."""
    words = set(re.findall(r"[^\W\d_]{3,}", prompt.lower()))
    name = re.sub(r"([a-z])([A-Z])", r"\1 \2", tool["name"]).replace("_", " ")
    about = f"{tool.get('description') or ''}".lower()
    in_name = words & set(re.findall(r"[^\W\d_]{3,}", name.lower()))
    return 3 * len(in_name) + len(words & set(re.findall(r"[^\W\d_]{3,}", about)))


def _subject(prompt: str) -> str:
    """What a short question is about, for an argument that nothing else fits.

    >>> _subject("weather in paris?"), _subject("Sing!")
    ('paris', 'Sing!')
    """
    found = re.findall(r"\b(?:in|at|for|from|of|about|to) (?:the )?([\w'’-]+)", prompt)
    return found[-1] if found else prompt


def answer_to(prompt: str) -> str:
    """Plain words about what the prompt mentions first."""
    question = prompt.lower()
    found = [
        (question.find(word), text)
        for word, text in ANSWERS.items()
        if word in question
    ]
    return min(found, default=(0, OTHERWISE))[1]
