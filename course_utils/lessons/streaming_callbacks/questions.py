"""The questions of notebook 3: two predictions and a quiz."""

from course_utils.teaching.quiz import Predict, Quiz

rewrite = Predict(
    "What do you have to change to show the answer word by word?",
    options=[
        (
            "The whole app: every function must pass pieces on.",
            "That is one way, with `.stream()` from top to bottom. But a handler hears "
            "the tokens without it.",
        ),
        (
            "A handler beside it, and one word on the model.",
            "`streaming=True` makes the model send pieces, the handler shows them, and "
            "the app between them stays as it is.",
        ),
        (
            "Only `streaming=True`.",
            "Then the pieces come, and nobody looks: `invoke` puts them together.",
        ),
    ],
    answer="b",
    name="rewrite",
)

swallowed = Predict(
    "A handler raises an error at every token. What does the reader of the stream see?",
    options=[
        ("The error, at the first token.", "Only if the handler asks for that."),
        ("The answer up to the error.", "The stream does not stop for a handler."),
        (
            "The whole answer, as if nothing had happened.",
            "LangChain catches the error, writes a warning to the log and goes on.",
        ),
    ],
    answer="c",
    name="swallowed",
)

quiz = Quiz(
    [
        Predict(
            "Your handler hears start and end of a call, but no tokens. Why?",
            options=[
                (
                    "Nobody asked for a stream.",
                    "The call is an `invoke`, and the model has no `streaming=True`.",
                ),
                (
                    "The handler hangs in the config, not on the model.",
                    "From both places a handler hears the tokens.",
                ),
                (
                    "The model was too fast.",
                    "A fast model's tokens are tokens as well.",
                ),
            ],
            answer="a",
        ),
        Predict(
            "Which work belongs in a handler?",
            options=[
                (
                    "Take a name out of the answer.",
                    "A handler can't change the stream: that is a stage's work.",
                ),
                (
                    "Draw a chart at each token, which takes 200 ms.",
                    "The reader would wait 200 ms longer for each token.",
                ),
                (
                    "Count tokens and note when the first one came.",
                    "It observes, it is quick, and nothing depends on it.",
                ),
            ],
            answer="c",
        ),
        Predict(
            "An async handler hangs on a sync `.stream()` and fails. What do you see?",
            options=[
                (
                    "Its error, if it has `raise_error`.",
                    "That holds for plain handlers, and for async ones on astream.",
                ),
                (
                    "One line in a log, whatever `raise_error` says.",
                    "On a sync stream the error of an async handler is always "
                    "swallowed.",
                ),
                (
                    "An error that says `await` is missing.",
                    "LangChain runs it, in a new event loop for each event.",
                ),
            ],
            answer="b",
        ),
    ],
    name="quiz",
)
