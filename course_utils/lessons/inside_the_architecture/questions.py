"""The questions of notebook 6: what people believe of the layers, and a quiz."""

from course_utils.teaching.quiz import Predict, Quiz

layers = Predict(
    "A server sends a field that OpenAI does not have: `reasoning_content`, a thought. "
    "In notebook 2 LangChain's chunks came without it. Which layer lost it?",
    options=[
        (
            "The SDK: its objects have the fields of OpenAI's own API.",
            "Its types say so. But it also keeps every field that it does not know, "
            "and the thought is in its chunk.",
        ),
        (
            "`_stream`: of the SDK's chunk it takes the fields it knows.",
            "`ChatOpenAI` writes this layer for OpenAI's own API. The thought is in "
            "what it gets and not in what it makes.",
        ),
        (
            "`stream`: a message chunk has no place for a thought.",
            "It has one, a block of the kind `reasoning`, and other models fill it. "
            "Here the thought was lost a layer earlier.",
        ),
    ],
    answer="b",
    name="layers",
)

redacted_stream = Predict(
    "The middleware hides addresses in the agent's answers. What does a streamed "
    "screen show?",
    options=[
        (
            "No address: the middleware stands between model and reader.",
            "The word *middleware* says so, and web frameworks work that way. An "
            "agent's middleware gets the message when the model has ended.",
        ),
        (
            "No text until the end: the middleware needs the whole answer.",
            "A careful design would hold the text back. `messages` does not: tokens "
            "go out as the model sends them.",
        ),
        (
            "The address: its tokens are out before the middleware runs.",
            "The tokens leave while the model speaks. The hook runs after it, and "
            "changes what the agent keeps.",
        ),
    ],
    answer="c",
    name="redacted_stream",
)

async_stage = Predict(
    "`hide` is a plain generator, and its chain works with `stream`. Now your server "
    "reads the chain with `astream`. What happens?",
    options=[
        (
            "An error: LangChain finds no async way through it.",
            "A generator function becomes a `RunnableGenerator`, and that raises "
            "`NotImplementedError` unless it has an `async def` generator.",
        ),
        (
            "It works: LangChain runs the generator in a thread.",
            "That is what happens to a plain function in a chain, so you may expect it "
            "of a generator, too. A generator gets no thread.",
        ),
        (
            "It works, but the text comes at once, at the end.",
            "A plain function in a chain does exactly that: it waits for the whole "
            "text. A generator is treated in another way.",
        ),
    ],
    answer="a",
    name="async_stage",
)

thinking_first = Predict(
    "A model thinks for 0.6 s and then says its words, until 1.1 s. You read "
    "`message.reasoning` to its end, then `message.text`. When does the text come?",
    options=[
        (
            "Word by word from 0.6 s on: it speaks when it has thought.",
            "The documentation's own loop reads like that. But `.reasoning` cannot "
            "know that no more thought will come before the message ends.",
        ),
        (
            "Word by word, but late: each word waits for a thought to be read.",
            "You would expect it of two queues that are read in turn. Your loop reads "
            "the first one to its end before it looks at the second.",
        ),
        (
            "All of it at 1.1 s: `.reasoning` ends when the message ends.",
            "Until then your loop waits for another thought, and the words pile up.",
        ),
    ],
    answer="c",
    name="thinking_first",
)

left_run = Predict(
    "You read an async run of an agent and leave the loop with `break`. The model has "
    "ten words, and you took one. How many does it send?",
    options=[
        (
            "One or two: the run is closed when its loop is left.",
            "An async generator works that way as soon as no variable holds it. The "
            "run is an object of its own, and leaving its loop does not end it.",
        ),
        (
            "Ten: the run goes on until something ends it.",
            "`break` leaves your loop, not the run. `await run.abort()`, `async with "
            "run` or the course's `own_stream(run)` end it.",
        ),
        (
            "One: nothing runs unless a reader asks for more.",
            "True of the start: nothing runs before something is read. Once begun, an "
            "async run is a task of its own.",
        ),
    ],
    answer="b",
    name="left_run",
)

thin_wrapper = Predict(
    "`Thin` wraps a model that takes tools. An agent calls `bind_tools` on `Thin`. "
    "What happens?",
    options=[
        (
            "The inner model gets the tools: a wrapper passes calls on.",
            "A proxy object does that. A subclass of `BaseChatModel` passes on only "
            "what its author wrote.",
        ),
        (
            "It raises an error: the method is inherited, not passed on.",
            "`Thin` has the `bind_tools` of `BaseChatModel`, which raises "
            "`NotImplementedError`. The inner model is never asked.",
        ),
        (
            "The tools are ignored: the model answers in words alone.",
            "Some servers ignore tools that they do not know. LangChain's base class "
            "refuses them.",
        ),
    ],
    answer="b",
    name="thin_wrapper",
)

left_reader = Predict(
    "A chat yields its text from the model, and counts the answer as *done* after the "
    "last `yield`. A reader closes the tab halfway. What do the metrics count?",
    options=[
        (
            "Nothing: the generator is closed where it stands.",
            "Closing a generator ends it at its `yield`. The line that counts is "
            "never reached, and the answer is missing from your metrics.",
        ),
        (
            "*done*: the server writes the answer to its end.",
            "It would if the answer lived outside the request. This one is closed with "
            "its connection.",
        ),
        (
            "An error: writing to a closed connection raises one.",
            "Sockets do that, and your server catches it. In your generator no "
            "`except Exception` is reached.",
        ),
    ],
    answer="a",
    name="left_reader",
)

parser_starts = Predict(
    "When does the parser of a streaming chain start?",
    options=[
        (
            "When the model has ended, as in a pipeline of functions.",
            "In `invoke` it is like that: each step gets the whole result of the one "
            "before.",
        ),
        (
            "At the model's first chunk, while the model goes on.",
            "All steps of a stream run at once. Each starts with its first piece.",
        ),
        (
            "At once, before the model: a chain sets up all its steps.",
            "You would build a pipe from the end. LangChain reports a step when its "
            "first input arrives.",
        ),
    ],
    answer="b",
    name="parser_starts",
)

held_loop = Predict(
    "One task of your server sleeps for 0.6 s without `await`. Two other streams are "
    "open. Which of them stand still?",
    options=[
        (
            "Neither: each stream has a connection and a task of its own.",
            "A task of its own is not a thread of its own. All tasks of a loop share "
            "one.",
        ),
        (
            "One of them, for a moment: the loop gives the others their turn.",
            "An operating system does that with threads: it interrupts the one that is "
            "running. An event loop interrupts no task.",
        ),
        (
            "Both, for all of the 0.6 s: the loop does one thing at a time.",
            "While a task does not `await`, the loop cannot hand on anything that "
            "has arrived.",
        ),
    ],
    answer="c",
    name="held_loop",
)

guard_price = Predict(
    "A second model checks each sentence before your reader sees it, and takes 0.3 s "
    "each time. The first sentence has five tokens. What does that cost your reader?",
    options=[
        (
            "0.3 s at the end: the check runs beside the stream.",
            "It could only run beside a stream that shows its text unchecked. This one "
            "holds each sentence until the verdict is there.",
        ),
        (
            "The first sentence and 0.3 s before the first word.",
            "The reader waits for a whole sentence and then for its verdict. The price "
            "in requests is one for each sentence.",
        ),
        (
            "0.3 s for each token: every piece is checked.",
            "A check of every token would cost that, and could not judge half a "
            "sentence. This one checks sentences.",
        ),
    ],
    answer="b",
    name="guard_price",
)

quiz = Quiz(
    [
        Predict(
            "Where do you put a filter that must protect the reader's screen?",
            options=[
                (
                    "In a handler, which hears each token first.",
                    "It hears it first and cannot change it.",
                ),
                (
                    "In middleware, after the model.",
                    "By then a stream has shown the text.",
                ),
                (
                    "In the stream, as a stage.",
                    "Only a stage stands between the token and the reader.",
                ),
            ],
            answer="c",
        ),
        Predict(
            "Thoughts and words of a v3 message have to appear as they come. What do "
            "you read?",
            options=[
                (
                    "The message itself, event by event.",
                    "Its events come in the order in which they were sent.",
                ),
                (
                    "`.reasoning`, and then `.text`.",
                    "The first loop ends with the message.",
                ),
                (
                    "`.text`, and then `.reasoning`.",
                    "The thoughts come late then, instead of the words.",
                ),
            ],
            answer="a",
        ),
        Predict(
            "Which answer of your chat may end without a last event?",
            options=[
                (
                    "One whose provider broke off.",
                    "It ends in `error`: the reader must know that it is a part.",
                ),
                (
                    "None: how it ended is part of the answer.",
                    "Without it a page cannot tell a whole answer from a cut one.",
                ),
                (
                    "One that another tab has stopped.",
                    "It ends in `stopped`, in every tab.",
                ),
            ],
            answer="b",
        ),
    ],
    name="quiz",
)
