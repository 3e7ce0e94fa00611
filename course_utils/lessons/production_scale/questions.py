"""The questions of notebook 5: three predictions and a quiz."""

from course_utils.teaching.quiz import Predict, Quiz

always_better = Predict(
    "Does streaming always improve performance?",
    options=[
        ("Yes, the first word always comes sooner.", "Not for an answer of one word."),
        (
            "No: it adds work, and gains time only for long answers.",
            "Gain and cost both grow with the length of the answer.",
        ),
        ("No, it makes the whole answer slower.", "The total stays about the same."),
    ],
    answer="b",
    name="always_better",
)

twice_as_long = Predict(
    "The whole text is sent again with each token. An answer twice as long sends how "
    "many bytes?",
    options=[
        ("Twice as many.", "There are twice as many updates, and each is longer."),
        (
            "As many; the text replaces itself.",
            "On the screen. On the line it adds up.",
        ),
        ("About four times as many.", "Twice the updates, each twice as long."),
    ],
    answer="c",
    name="twice_as_long",
)

cache_and_stream = Predict(
    "LangChain's cache is on, and you stream the same question twice. How many "
    "requests does the model get?",
    options=[
        ("Two.", "`stream` never looks into that cache, nor writes to it."),
        ("One.", "So it is with `invoke`."),
        ("None, after the first hour.", "Nothing was kept at all."),
    ],
    answer="a",
    name="cache_and_stream",
)

quiz = Quiz(
    [
        Predict(
            "Your page flickers and grows slow with long answers. What do you look at "
            "first?",
            options=[
                ("The model's speed.", "The page works, and works too much."),
                ("What is sent with each update.", "Often it is the whole text."),
                ("The size of the prompt.", "It does not reach the page."),
            ],
            answer="b",
        ),
        Predict(
            "The model is as quick as ever. With five readers the median of the first "
            "token is 0.4 s, with eighty it is 3 s. What is the likely cause?",
            options=[
                ("Requests wait for a free slot.", "The queue delays nearly everyone."),
                ("The model is slow.", "Then five readers would wait as long."),
                ("The handlers are slow.", "Each reader has his own; five wait too."),
            ],
            answer="a",
        ),
        Predict(
            "A reader closes the browser in mid-answer. What goes on, if nobody owns "
            "the stream?",
            options=[
                ("Nothing.", "Agents and sync streams do not notice."),
                ("Only the heartbeat.", "Nobody is there to hear it."),
                ("Perhaps the model, to the last token.", "And you pay for it."),
            ],
            answer="c",
        ),
    ],
    name="quiz",
)
