"""See a stream while it comes: in a notebook as it grows, saved as plain text and HTML.

`show` reads any stream, sync or async, and displays it with its state and a Stop
button; `race` shows two or more side by side. What arrived is never lost:
the notebook holds what the page shows, also after a reload or a kernel's death, or
the page says that it is not saved.

    answer = show(model.stream("Hi"))
    answer = await show(model.astream("Hi"))
"""

from collections.abc import AsyncIterable, Awaitable, Iterable
from contextlib import ExitStack
from typing import Any, Self, overload

from course_utils.clock import Clock, course_clock
from course_utils.live.display import LiveDisplay
from course_utils.live.lane import Lane, Shown, read, read_async
from course_utils.live.race import Raced, race
from course_utils.live.stop import StopSwitch
from course_utils.settings import settings
from course_utils.streams import check_stream
from course_utils.timing.stream_timing import StreamTiming

__all__ = ["Raced", "Shown", "StreamView", "race", "show"]


@settings()
class StreamView:
    """A place in the notebook that text is written to, as from a callback.

    ```python
    with StreamView("answer") as view:
        model.invoke("Hi", config={"callbacks": [on_token(view.write)]})
    ```

    A Stop ends the `with` block of a sync cell without an error. Elsewhere, in a
    thread or a coroutine, look at `stopped` now and then.
    """

    def __init__(
        self,
        title: str = "",
        *,
        markdown: bool = True,
        clock: Clock = course_clock,
    ) -> None:
        self.switch = StopSwitch()
        self.lane = Lane(title, markdown, clock)
        self._stack = ExitStack()

    def __repr__(self) -> str:
        return f"StreamView({self.lane.title!r})"

    @property
    def text(self) -> str:
        """The text so far."""
        return self.lane.transcript.text

    @property
    def timing(self) -> StreamTiming:
        """When each chunk arrived."""
        return self.lane.timing

    @property
    def stopped(self) -> bool:
        """Whether somebody pressed Stop."""
        return self.switch.pressed

    def write(self, item: Any) -> None:
        """Show one more item of a stream: text, a chunk, an agent's update."""
        self.lane.write(item)

    def __enter__(self) -> Self:
        self._stack.enter_context(LiveDisplay([self.lane], self.switch))
        self._stack.enter_context(self.lane.reading(self.switch))
        self._stack.enter_context(self.switch.loop())
        return self

    def __exit__(self, *error: Any) -> bool | None:
        return self._stack.__exit__(*error)


@overload
def show(
    stream: AsyncIterable[Any],
    *,
    title: str = ...,
    markdown: bool = ...,
    clock: Clock = ...,
) -> Awaitable[Shown]: ...
@overload
def show(
    stream: Iterable[Any],
    *,
    title: str = ...,
    markdown: bool = ...,
    clock: Clock = ...,
) -> Shown: ...
@settings()
def show(
    stream: Any,
    *,
    title: str = "",
    markdown: bool = True,
    clock: Clock = course_clock,
) -> Any:
    """Show a stream while it comes, and return its text.

    A sync stream gives the text, an async one an awaitable of it. The text is a
    string with a `.timing`. Stop ends the stream and keeps what arrived; so do an
    interrupt and an error, which then go on.

    Beside the text it tells what led to it: thoughts, tool calls with their results,
    progress, sub-agents under their names, the question for which a run is paused.
    Only the answer's own text is returned.

    Args:
        stream: Whatever `.stream(...)` or `.astream(...)` returned; an agent's too,
            in any mode.
        title: A name to write above the text.
        markdown: Whether to render the text as Markdown or show it as it is.
        clock: The clock to measure with.

    Raises:
        TypeError: `stream` is not a stream, or gave what no stream of LangChain gives.
        ValueError: It is a graph's, with a `stream_mode` that there is not.
        Exception: What broke the stream; its text stays on the page.
    """
    check_stream("show", stream)
    view = StreamView(title, markdown=markdown, clock=clock)
    view.lane.timing.expect(stream, "show")
    if hasattr(stream, "__aiter__"):
        return _show_async(view, stream)
    with view:
        read(view.lane, stream, view.switch)
    return view.lane.shown()


async def _show_async(view: StreamView, stream: AsyncIterable[Any]) -> Shown:
    lane, switch = view.lane, view.switch
    with LiveDisplay([lane], switch), lane.reading(switch):
        await switch.task(read_async(lane, stream, switch))
    return lane.shown()
