"""The questions of notebook 1."""

from course_utils.teaching.quiz import Predict, Quiz

slower = Predict(
    "You ask for the full response instead of a stream. Does the model itself "
    "get slower?",
    options=[
        (
            "Yes, it has to collect the answer first.",
            "Collecting costs nothing that you could measure next to the model's work.",
        ),
        (
            "No, it takes as long as before.",
            "It writes the same tokens at the same pace. You only see them later.",
        ),
        (
            "It gets faster, because it sends only once.",
            "Sending is a tiny part of the work. The next cell measures both.",
        ),
    ],
    answer="b",
    name="slower",
)


quiz = Quiz(
    [
        Predict(
            "An answer has the finish reason `length`. What do you hold?",
            options=[
                ("A long answer.", "`length` says nothing about how long it is."),
                ("An empty answer.", "Mostly there is text, and its end is missing."),
                (
                    "An answer that was cut.",
                    "The model met its token limit in mid-answer.",
                ),
            ],
            answer="c",
        ),
        Predict(
            "You sort ten thousand e-mails into five groups overnight. Which call?",
            options=[
                ("batch with a limit", "Many short answers that a program reads."),
                ("stream", "Nobody watches, so nobody gains from early words."),
                ("invoke in a loop", "It works, one at a time, and takes all night."),
            ],
            answer="a",
        ),
        Predict(
            "A model has its first word after 1 s and its last after 8 s. Its user "
            "stares at a frozen screen all the time. What did the model do in the "
            "last 7 seconds?",
            options=[
                ("It waited to send.", "It wrote token after token."),
                (
                    "It wrote words that nobody saw.",
                    "The first of them was there after a second.",
                ),
                (
                    "It checked its answer.",
                    "What a model thinks over, it thinks over before the first word.",
                ),
            ],
            answer="b",
        ),
    ],
    name="quiz",
)
