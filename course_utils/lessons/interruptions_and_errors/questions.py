"""The questions of notebook 4, *Interruptions and errors*, with why each is so."""

from course_utils.teaching.quiz import Predict, Quiz

completes = Predict(
    "A stream has ended and no exception was raised. Is the answer complete?",
    options=[
        ("Yes, an error would have been raised.", "Not if the bytes end tidily."),
        (
            "Only if a chunk gave the finish reason `stop` or `tool_calls`.",
            "It says that the model came to its own end; `length` says that it did "
            "not, and no reason says nothing.",
        ),
        (
            "Yes, if the last chunk has `chunk_position='last'`.",
            "LangChain adds that mark itself when the bytes end.",
        ),
    ],
    answer="b",
    name="completes",
)

half_a_call = Predict(
    "Half of the arguments have come: `amount` is 100 of 10000. What does the agent "
    "do?",
    options=[
        ("It refuses the call, streamed or not.", "It does so only without streaming."),
        ("It asks the model again.", "Nobody has noticed that something is missing."),
        (
            "Streamed token by token, it pays 100.",
            "The open bracket is closed for it, and 100 is a fine number.",
        ),
    ],
    answer="c",
    name="half_a_call",
)

retries = Predict(
    "A stream breaks after two tokens. Which of these gives the reader the whole "
    "answer, once?",
    options=[
        ("`max_retries`", "The client retries before the answer begins, not after."),
        ("`.with_retry()`", "It never retries a stream."),
        ("None of the four.", "The next cells count the requests."),
    ],
    answer="c",
    name="retries",
)

quiz = Quiz(
    [
        Predict(
            "Your log shows empty answers without an error. What do you do first?",
            options=[
                (
                    "Look at their finish reasons.",
                    "None: perhaps cut before the first word. `length`: the limit "
                    "went before it. `tool_calls`: all is well.",
                ),
                ("Raise the timeout.", "Nothing timed out."),
                ("Ask for longer answers.", "First find out who ended these."),
            ],
            answer="a",
        ),
        Predict(
            "After the first word a provider sends only comments, which keep the line "
            "open. What ends the wait?",
            options=[
                ("`timeout=30`", "Each comment starts it again."),
                ("A deadline between tokens.", "It counts tokens, not bytes."),
                ("`max_retries=3`", "There is no failure to retry."),
            ],
            answer="b",
        ),
        Predict(
            "Half an answer is on the screen when the stream breaks. You choose "
            "`restart`. What must the screen do?",
            options=[
                ("Add the new text below.", "Then the beginning stands there twice."),
                ("Nothing.", "It cannot know what the new text replaces."),
                ("Strike out or clear the old text.", "The restart announces itself."),
            ],
            answer="c",
        ),
    ],
    name="quiz",
)
