"""The models, tools, agents and graphs of the cases, as small as each page allows."""

import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any

from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware, after_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.utils.function_calling import convert_to_openai_tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.config import get_stream_writer
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from langgraph.stream import StreamChannel, StreamTransformer
from pydantic import BaseModel
from typing_extensions import TypedDict

from course_utils.fake import FakeStreamingChatModel, Reply, ToolCall

Wrap = Callable[[BaseChatModel], BaseChatModel]
ASK = {"messages": [HumanMessage("Weather in Paris?", id="question")]}
THREAD = {"configurable": {"thread_id": "1"}}


def weather(city: str) -> str:
    """Say the weather."""
    return f"sunny in {city}"


def chatty(city: str) -> str:
    """Say the weather, and what is going on."""
    writer = get_stream_writer()
    writer(f"looking up {city}")
    writer({"done": 1})
    return f"sunny in {city}"


def calls(tool: str, *cities: str) -> Reply:
    """A reply that asks for a tool, once for each city."""
    return Reply(tool_calls=[ToolCall(tool, {"city": city}) for city in cities])


def fake(*replies: Any, **options: Any) -> FakeStreamingChatModel:
    return FakeStreamingChatModel(replies=list(replies), strict=True, **options)


def agent(wrap: Wrap, tool: Any = weather, *cities: str, **options: Any) -> Any:
    """An agent that asks a tool and then answers."""
    model = fake(calls(tool.__name__, *(cities or ("Paris",))), "It is sunny.")
    return create_agent(wrap(model), [tool], **options)


def supervisor(wrap: Wrap, **options: Any) -> Any:
    """An agent whose tool asks another agent."""
    inner = agent(wrap, name="weather_agent")

    def ask(city: str) -> str:
        """Ask the weather agent."""
        return inner.invoke(ASK)["messages"][-1].text

    model = wrap(fake(calls("ask", "Paris"), "Done."))
    return create_agent(model, [ask], name="supervisor", **options)


def careful(wrap: Wrap, **options: Any) -> Any:
    """An agent that asks a person before it asks its tool."""
    ask = HumanInTheLoopMiddleware(interrupt_on={"weather": True}, **options)
    return agent(wrap, middleware=[ask], checkpointer=InMemorySaver())


def approved(wrap: Wrap) -> Any:
    """The same, already waiting for its answer."""
    waiting = careful(wrap)
    waiting.invoke(ASK, THREAD)
    return waiting


@after_agent
def guard(state: Any, runtime: Any) -> None:
    """A guardrail that says in the stream what it found, as a message."""
    get_stream_writer()(AIMessage("safe", id="verdict"))


class Words(BaseModel):
    """A state that is an object."""

    topic: str
    joke: str = ""


class Topic(TypedDict):
    topic: str
    jokes: Annotated[list[str], operator.add]


def refine(state: Any) -> dict[str, Any]:
    get_stream_writer()({"note": "refining"})
    return {"topic": f"{state['topic']} and cats"}


def joke(state: Any) -> dict[str, Any]:
    return {"jokes": [f"A joke of {state['topic']}."]}


def jokes() -> Any:
    """A graph without any model."""
    graph = StateGraph(Topic).add_node(refine).add_node(joke)
    graph.add_edge(START, "refine").add_edge("refine", "joke").add_edge("joke", END)
    return graph.compile(checkpointer=InMemorySaver())


def silent_jokes() -> Any:
    """The same inside another graph."""
    graph = StateGraph(Topic).add_node("inner", jokes())
    return graph.add_edge(START, "inner").compile()


def coerced() -> Any:
    """A graph whose state is a Pydantic object."""

    def write(state: Words) -> dict[str, str]:
        return {"joke": f"A joke of {state.topic}."}

    graph = StateGraph(Words).add_node("write", write)
    return graph.add_edge(START, "write").compile()


def calling(model: BaseChatModel, config: Any = None) -> Any:
    """A graph of one node that calls a model."""

    def call(state: Any) -> dict[str, Any]:
        return {"messages": [model.invoke(state["messages"], config)]}

    graph = StateGraph(MessagesState).add_node("call", call)
    return graph.add_edge(START, "call").compile()


def handing_on(model: BaseChatModel) -> Any:
    """A node that hands its config on by hand, as Python 3.10 needed it."""

    async def acall(state: Any, config: Any) -> dict[str, Any]:
        return {"messages": [await model.ainvoke(state["messages"], config)]}

    def call(state: Any, config: Any) -> dict[str, Any]:
        return {"messages": [model.invoke(state["messages"], config)]}

    from langchain_core.runnables import RunnableLambda

    node = RunnableLambda(call, afunc=acall)
    graph = StateGraph(MessagesState).add_node("call", node)
    return graph.add_edge(START, "call").compile()


class Two(TypedDict):
    joke: str
    poem: str


def two(wrap: Wrap, hidden: bool = False) -> Any:
    """Two models in two nodes at a time; one may be kept out of the stream."""
    one, other = wrap(fake("A joke.")), wrap(fake("A poem."))
    quiet = {"tags": ["nostream"]} if hidden else None

    def write_joke(state: Any) -> dict[str, Any]:
        return {"joke": one.invoke("joke").text}

    def write_poem(state: Any) -> dict[str, Any]:
        return {"poem": other.invoke("poem", quiet).text}

    graph = StateGraph(Two).add_node(write_joke).add_node(write_poem)
    graph.add_edge(START, "write_joke")
    # One after the other if one is hidden; else both at once.
    start = "write_joke" if hidden else START
    return graph.add_edge(start, "write_poem").compile()


def foreign() -> Any:
    """A node that passes the words of some other client on, as custom data."""

    def call(state: Any) -> dict[str, Any]:
        writer = get_stream_writer()
        for word in ("Hel", "lo"):
            writer({"llm_chunk": word})
        return {"jokes": ["Hello"]}

    graph = StateGraph(Topic).add_node("call", call)
    return graph.add_edge(START, "call").compile()


def tool_graph(wrap: Wrap) -> Any:
    """A graph with a node of tools, put together by hand."""
    model = wrap(fake(calls("weather", "Paris"), "It is sunny.")).bind_tools([weather])

    def call(state: Any) -> dict[str, Any]:
        return {"messages": [model.invoke(state["messages"])]}

    def route(state: Any) -> str:
        return "tools" if state["messages"][-1].tool_calls else END

    graph = StateGraph(MessagesState).add_node("model", call)
    graph.add_node("tools", ToolNode([weather])).add_edge(START, "model")
    graph.add_conditional_edges("model", route, ["tools", END])
    return graph.add_edge("tools", "model").compile()


class Activity(StreamTransformer):
    """A channel of one's own, with or without a name."""

    channel = "tool_activity"
    required_stream_modes = ("messages", "tools")

    def init(self) -> dict[str, Any]:
        self.log: Any = StreamChannel(self.channel) if self.channel else StreamChannel()
        return {"tool_activity": self.log}

    def process(self, event: Any) -> bool:
        if event["method"] == "tools":
            self.log.push({"tool": event["params"]["data"]["event"]})
        return True


class Unnamed(Activity):
    channel = ""


class Thinker(BaseChatModel):
    """A model that thinks aloud, in content blocks, and then answers."""

    answers: Sequence[Sequence[AIMessageChunk]]

    @property
    def _llm_type(self) -> str:
        return "thinker"

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools])

    def _stream(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> Iterator[ChatGenerationChunk]:
        number = sum(message.type == "ai" for message in messages)
        for chunk in self.answers[number]:
            yield ChatGenerationChunk(message=chunk.model_copy(deep=True))

    def _generate(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        chunks = [part.message for part in self._stream(messages)]
        total = sum(chunks[1:], chunks[0])
        message = AIMessage(
            total.content,
            tool_calls=total.tool_calls,
            response_metadata=total.response_metadata,
            usage_metadata=total.usage_metadata,
        )
        return ChatResult(generations=[ChatGeneration(message=message)])


def thinker(tool: str = "") -> Thinker:
    """A model that thinks, asks for a tool if there is one, and answers."""
    thought = [block("reasoning", "reasoning", word, 0) for word in ("Let", " me")]
    text = [block("text", "text", word, 1) for word in ("It is", " sunny.")]
    end = AIMessageChunk("", response_metadata={"finish_reason": "stop"})
    if not tool:
        return Thinker(answers=[[*thought, *text, end]])
    call = {"name": tool, "args": '{"city": "Paris"}', "id": "call_0", "index": 1}
    asks = AIMessageChunk("", tool_call_chunks=[call])
    more = AIMessageChunk("", response_metadata={"finish_reason": "tool_calls"})
    return Thinker(answers=[[*thought, asks, more], [*text, end]])


def block(kind: str, field: str, text: str, index: int) -> AIMessageChunk:
    return AIMessageChunk([{"type": kind, field: text, "index": index}])
