"""The questions of notebook 2."""

from course_utils.teaching.quiz import Predict, Quiz

complete_first = Predict(
    "The same model, the same question, asked with `invoke` and with `stream`. Which "
    "answer is complete first?",
    options=[
        ("The stream.", "It begins first. The end is as far away as before."),
        ("The full response.", "The model does not write faster for it."),
        (
            "Both at the same time.",
            "The model writes token after token either way. Only who sees them when "
            "is different.",
        ),
    ],
    answer="c",
    name="complete_first",
)


leave_chain = Predict(
    "You leave the loop over `(writer | StrOutputParser()).stream(...)` early. What "
    "does the model do?",
    options=[
        (
            "It stops at once.",
            "That was the model alone. A parser stands between now.",
        ),
        (
            "It writes on to its end, and the cell waits.",
            "A sync chain reads the rest of its input before it lets you go.",
        ),
        (
            "It writes on, and the cell goes on at once.",
            "There is no second thread that could read the rest for you.",
        ),
    ],
    answer="b",
    name="leave_chain",
)


stage = Predict(
    "Which of the two stages lets the reader see the first word early?",
    options=[
        ("The function.", "It wants a whole text, so it waits for one."),
        ("The generator function.", "It can work on a piece before the next exists."),
        ("Both.", "One of them cannot begin before the answer is whole."),
    ],
    answer="b",
    name="stage",
)


quiz = Quiz(
    [
        Predict(
            "A nightly job sums up 10,000 letters. What does streaming gain?",
            options=[
                ("It is done sooner.", "The model writes as fast as before."),
                ("Nothing.", "Nobody reads the first words as they come."),
                ("It costs less.", "The tokens are the same, and so is the bill."),
            ],
            answer="b",
        ),
        Predict(
            "What do you need so that `model.stream(...)` gives you chunks?",
            options=[
                ("A callback.", "No: the loop itself is the reader."),
                (
                    "`streaming=True`.",
                    "No: it changes what `invoke` does, `stream` streams anyway.",
                ),
                ("A `for` loop.", "It gets each chunk as it comes."),
            ],
            answer="c",
        ),
        Predict(
            "What tells you that an answer is whole?",
            options=[
                ("No error was raised.", "A connection can end tidily and too early."),
                (
                    "`chunk_position` is `last`.",
                    "LangChain adds it when the stream ends, however it ends.",
                ),
                (
                    "The finish reason is `stop`.",
                    "Only the model knows that it came to its end.",
                ),
            ],
            answer="c",
        ),
        Predict(
            "A chain used to stream. Since you added `| tidy`, the answer comes in one "
            "lump. What is `tidy`?",
            options=[
                ("A function of a text.", "It waits for the whole text."),
                ("A generator function.", "That would hand on each piece at once."),
                ("A second parser.", "The parsers you met here keep streaming."),
            ],
            answer="a",
        ),
        Predict(
            'The screen shows `{"amount": 10`. What is the amount?',
            options=[
                ("10", "Perhaps. Or 10000, and the rest is on its way."),
                ("Nobody knows yet.", "Half a number is a number, too."),
                (
                    "The parser raises an error.",
                    "`json.loads` does; a partial parser says 10.",
                ),
            ],
            answer="b",
        ),
    ],
    title="Quiz: what is streaming?",
    name="quiz",
)
