"""The questions of notebook 5's further sections, each asked before its experiment."""

from course_utils.teaching.quiz import Predict

users_wait = Predict(
    "Ten requests may be open at once, and one takes about 0.7 s. Eighty people ask in "
    "the same moment. What is the p50 of their wait for a first word?",
    options=[
        (
            "About 0.5 s: the model is as quick as before.",
            "It is, for each request that has begun. Most have not.",
        ),
        (
            "Under 1 s: only the slowest few wait for a slot.",
            "That is the picture of an average with outliers. Here seven of eight "
            "people find every slot taken.",
        ),
        (
            "Over 2 s: they wait in a queue for a slot.",
            "A person in the middle has three or four rounds of ten in front.",
        ),
    ],
    answer="c",
    name="users_wait",
)

one_fails = Predict(
    "`asyncio.gather` reads twenty answers, and the seventh fails. What do you get?",
    options=[
        (
            "The error alone, while the other calls go on unread.",
            "`gather` raises the first error, and does not stop the other calls.",
        ),
        (
            "Nineteen answers, and the error in the seventh's place.",
            "That is `gather(..., return_exceptions=True)`, and it drops the half "
            "that had arrived.",
        ),
        (
            "The error alone; the other calls are cancelled.",
            "A `TaskGroup` does that. `gather` leaves them running, and billed.",
        ),
    ],
    answer="a",
    name="one_fails",
)

event_queue = Predict(
    "The model is in your own process. A reader of `astream_events` takes three events "
    "and pauses. How many of 500 tokens does the model write?",
    options=[
        (
            "A few: a generator makes nothing before it is asked.",
            "That holds for `astream`. Events come through a queue, and a task of "
            "its own fills it.",
        ),
        (
            "About 100: the queue is as long as asyncio's default.",
            "`asyncio.Queue()` has no such default: without `maxsize` it has no end.",
        ),
        (
            "All 500: they pile up in a queue without end.",
            "The task that fills the queue never waits for its reader.",
        ),
    ],
    answer="c",
    name="event_queue",
)

dead_worker = Predict(
    "Two workers share a Redis. A worker is killed in the middle of an answer. What "
    "does the page of its reader say?",
    options=[
        (
            "`done`: the other worker goes on with the model's answer.",
            "The other worker has the events, but not the open request: it died with "
            "its worker.",
        ),
        (
            "An error, beside the part that had arrived.",
            "The other worker finds the record without an owner, and closes it with "
            "an honest end.",
        ),
        (
            "Nothing: it waits until the reader gives up.",
            "Without a last event it would. A record with a sign of life lets the "
            "other worker tell.",
        ),
    ],
    answer="b",
    name="dead_worker",
)

default_proxy = Predict(
    "nginx with its defaults stands before a plain stream, and the server dies in the "
    "middle of an answer. What does the reader's program report?",
    options=[
        (
            "A success: nginx ends the half answer as if it were whole.",
            "Before 1.29.7 it speaks HTTP/1.0 to the server, where a closed connection "
            "is the normal end.",
        ),
        (
            "An error: the chunked answer has no last chunk.",
            "That is right with HTTP/1.1 on both sides, as in the course's own file.",
        ),
        (
            "Status 502: the server behind nginx is gone.",
            "It would, before the first byte. Later, the status has been sent already.",
        ),
    ],
    answer="a",
    name="default_proxy",
)

collector = Predict(
    "A server has imported LangChain and waits. Python's garbage collector looks "
    "through everything once. How long does it stop the server?",
    options=[
        (
            "Not at all: it works in a thread of its own.",
            "Java and Go collect beside the program. Python's collector stops it.",
        ),
        (
            "As long as one or more tokens take to come.",
            "It looks at more than a hundred thousand objects, and finds nothing.",
        ),
        (
            "Under a millisecond: there is no garbage.",
            "There is none. To find that out it has to look at every object.",
        ),
    ],
    answer="b",
    name="collector",
)

first_chunk = Predict(
    "An agent calls a tool, and then answers. Each of its two requests takes 0.5 s to "
    "its first token. When does its stream bring the first chunk, and when the first "
    "text?",
    options=[
        (
            "Both after 0.5 s: the first chunk is the first text.",
            "That is right for a model that only answers. An agent's first chunk may "
            "belong to a tool call.",
        ),
        (
            "The chunk after 0.5 s, and the text after 1.0 s.",
            "The first request brings a tool call and no text. The text comes with "
            "the second.",
        ),
        (
            "Both after 1.0 s: nothing comes before the tool has run.",
            "You would see that with `invoke` inside a node. Here the call's own "
            "chunks are sent as they come.",
        ),
    ],
    answer="b",
    name="first_chunk",
)

reader_left = Predict(
    "Four responses send an agent's stream. In each the reader leaves after three "
    "events. Which of them stop the agent?",
    options=[
        (
            "All four: a server closes what has lost its reader.",
            "It does close the response's generator. The agent's own task does not "
            "hear of it.",
        ),
        (
            "Only the course's: it ends the task the agent runs in.",
            "`sse_response` runs the stream in a task, and ends it with the reader.",
        ),
        (
            "The three that are made for events, but not the plain one.",
            "A class for events knows how to write them. Whose task runs the agent "
            "is another question.",
        ),
    ],
    answer="b",
    name="reader_left",
)
