"""What any stream of LangChain says, told one way: text, thoughts, calls, questions.

The only reader of streams in this package. Whoever shows, times, serves or keeps a
stream asks it, and need not know the form of its items.

    for passage in passages(agent.stream(question, stream_mode="messages")):
        print(passage.kind, passage.text)
"""

from course_utils.passages.passage import Kind, Passage
from course_utils.passages.reader import Reader, passages

__all__ = ["Kind", "Passage", "Reader", "passages"]
