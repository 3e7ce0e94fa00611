"""The questions of notebook 6: three predictions and a quiz."""

from course_utils.teaching.quiz import Predict, Quiz

layers = Predict(
    "Does LangChain hand you the tokens straight from the model, or through layers?",
    options=[
        (
            "Straight from the model.",
            "Then you would hold bytes. You hold message chunks with usage and ids.",
        ),
        (
            "Through one layer, LangChain.",
            "There is more below it, the provider's SDK for example, and more above.",
        ),
        (
            "Through several layers, each with its own object.",
            "Bytes, SDK chunk, generation chunk, handlers, message chunk, stage.",
        ),
    ],
    answer="c",
    name="layers",
)

parser_starts = Predict(
    "When does the parser of a streaming chain start?",
    options=[
        ("After the model has ended.", "So it is with `invoke`."),
        (
            "With the model's first chunk.",
            "All steps of a stream run at once, piece by piece.",
        ),
        ("Before the model starts.", "Nothing calls it before there is something."),
    ],
    answer="b",
    name="parser_starts",
)

redacted_stream = Predict(
    "The middleware hides addresses in the agent's answers. What does a streamed "
    "screen show?",
    options=[
        (
            "The address, in clear.",
            "The tokens are out before the middleware sees the finished message.",
        ),
        ("[REDACTED_EMAIL]", "That stands in the record, after the end."),
        ("Nothing until the end.", "The tokens flow as ever."),
    ],
    answer="a",
    name="redacted_stream",
)

quiz = Quiz(
    [
        Predict(
            "You add a step to a chain on a server with 500 async streams. What does "
            "it cost?",
            options=[
                ("Nothing, steps are free.", "Every step handles every chunk."),
                (
                    "Some microseconds of work for each chunk.",
                    "Nothing for one reader; something for 500.",
                ),
                ("A second request.", "Steps make no requests."),
            ],
            answer="b",
        ),
        Predict(
            "An `async` handler writes to a slow disk, without `await`. Who waits?",
            options=[
                ("Every stream on that loop.", "The loop can do one thing at a time."),
                (
                    "Only the reader of that stream.",
                    "So it is with a sync handler, which gets a thread of its own.",
                ),
                ("Nobody, handlers run beside it.", "A stream waits for its handlers."),
            ],
            answer="a",
        ),
        Predict(
            "Where do you put a filter that must protect the reader's screen?",
            options=[
                ("In a handler.", "Handlers watch; they change nothing."),
                ("In after_model middleware.", "It sees the answer when all is shown."),
                (
                    "In the stream, as a stage.",
                    "Only there does it come before the eye.",
                ),
            ],
            answer="c",
        ),
    ],
    name="quiz",
)
