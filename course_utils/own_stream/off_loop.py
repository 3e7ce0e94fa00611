"""A model that is sync only, asked from an event loop: never on the loop's executor.

LangChain would take its steps there, and others may have filled it: with readers, say,
who wait for this very answer.

    async for chunk in acall_off_loop(model, Request(messages)): ...
"""

from langchain_core.language_models import BaseChatModel

from course_utils.model_call import AsyncChunks, Request, acall, call
from course_utils.own_stream.off_thread import stepped


def acall_off_loop(model: BaseChatModel, request: Request) -> AsyncChunks:
    """The chunks of one answer; a model that is sync only gets a thread of its own."""
    streams = request.streams(model, async_api=True)
    name = "_astream" if streams else "_agenerate"
    if getattr(type(model), name) is not getattr(BaseChatModel, name):
        return acall(model, request)
    steps = call(model, request)
    return stepped(steps, steps.close)
