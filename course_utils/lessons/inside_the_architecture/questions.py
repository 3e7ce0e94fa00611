"""The questions of notebook 6: what people believe of the layers, and a quiz."""

from course_utils.teaching.quiz import Predict, Quiz

layers = Predict(
    "How does a token come from the provider to your loop?",
    options=[
        (
            "As it was sent: `.stream()` opens the line and hands you the bytes.",
            "The name suggests an open pipe. But you never see JSON in your loop, so "
            "something on the way must have read it.",
        ),
        (
            "Through several layers, and each makes an object of its own.",
            "Bytes, SDK chunk, generation chunk, message chunk, and what your stages "
            "make of it: each layer has its own object, with the token inside.",
        ),
        (
            "Through LangChain, which turns the line into a message chunk.",
            "You would say so after five notebooks of LangChain. Below it works the "
            "provider's SDK, and `_stream` makes yet another object.",
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
    "A model thinks for 0.6 s and then speaks for 0.6 s. You read `message.reasoning` "
    "to its end, then `message.text`. When does the text come?",
    options=[
        (
            "Word by word from 0.6 s on: it speaks when it has thought.",
            "The documentation's own loop reads like that. But `.reasoning` cannot "
            "know that no more thought will come before the message ends.",
        ),
        (
            "Word by word from the start: each projection has its own line.",
            "Two lines would need two readers. Yours is busy with `.reasoning`, and "
            "the model has nothing to say yet.",
        ),
        (
            "All at once at 1.2 s: `.reasoning` ends with the message.",
            "A projection ends when its message ends. Until then your loop waits for "
            "another thought, and the words pile up.",
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
    "You wrap a model in a class whose `_generate` and `_stream` call the inner "
    "model's. What do callers lose?",
    options=[
        (
            "Nothing: a chat model is those two methods.",
            "They are all that a class must write. What it does not write, it inherits "
            "from `BaseChatModel`, and not from the model inside.",
        ),
        (
            "The stream: a wrapper holds the answer until it is whole.",
            "That is so where `_stream` is missing. This wrapper has one, and it "
            "passes every chunk on.",
        ),
        (
            "Tools, structured output, tags, and who the model is.",
            "Each has a method or a field of its own on the inner model. A wrapper "
            "that does not pass it on has the default, which is an error or nothing.",
        ),
    ],
    answer="c",
    name="thin_wrapper",
)

worker_killed = Predict(
    "A worker is killed in mid-answer. Its events were kept in a store that all "
    "workers share. What does another worker give the reader who comes back?",
    options=[
        (
            "What was kept, and an event that says the rest is lost.",
            "The store holds what was said. The model's connection died with its "
            "worker, so all that is left is to say so.",
        ),
        (
            "The whole answer: the other worker goes on where it stopped.",
            "The store keeps events, not a connection. Nothing can go on reading a "
            "model that was connected to another process.",
        ),
        (
            "An error: an answer lives and dies with its worker.",
            "That is so when each worker keeps its own answers. Here the store "
            "outlives the worker.",
        ),
    ],
    answer="a",
    name="worker_killed",
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
            "Only the one that is due next: it takes the task's turn.",
            "It would be so if the loop had several workers. It has one, and both "
            "streams wait for it.",
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
