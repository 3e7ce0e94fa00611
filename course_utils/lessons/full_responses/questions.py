"""The questions of notebook 1."""

from course_utils.teaching.quiz import Predict, Quiz

limited = Predict(
    "You allow 12 tokens. The answer would take 25. What does `invoke` give you?",
    options=[
        (
            "An error, since the answer does not fit into the limit.",
            "A database refuses what does not fit. A model's limit raises nothing.",
        ),
        (
            "A complete answer, worded so that it fits into 12 tokens.",
            "A person who is told to be brief does that. The model never learns of the "
            "limit: say in the prompt how long the answer may be.",
        ),
        (
            "The first 12 tokens of the answer, and no error.",
            "The server stops the model in mid-sentence. Only the finish reason, "
            "`length`, says so.",
        ),
    ],
    answer="c",
    name="limited",
)


slower = Predict(
    "You ask for the full response instead of a stream. How does that change the "
    "model's work?",
    options=[
        (
            "It works longer: it has to collect the whole answer first.",
            "You would think so if streaming feels faster to you. Collecting costs "
            "nothing that you can measure beside the model's own work.",
        ),
        (
            "It works just as long, and only you notice a difference.",
            "It writes the same tokens at the same pace. You see them later.",
        ),
        (
            "It is done sooner: it sends one message instead of many.",
            "With a file that would count. A token takes the model far longer to write "
            "than to send.",
        ),
    ],
    answer="b",
    name="slower",
)


at_once = Predict(
    "Each of forty questions takes one second. How long does one `batch` of all forty "
    "take, with no limit set?",
    options=[
        (
            "A few seconds: it has fewer threads than you have questions.",
            "`batch` runs in a thread pool. Python gives it four threads more than you "
            "have processor cores, and never more than 32.",
        ),
        (
            "One second: all of them wait for their answer side by side.",
            "True of `abatch`: there one thread looks after all forty waits.",
        ),
        (
            "Forty seconds: one question is asked after the other.",
            "That is a loop over `invoke`. `batch` does not wait for one answer before "
            "it asks the next question.",
        ),
    ],
    answer="a",
    name="at_once",
)


one_fails = Predict(
    "One `batch` asks about ten pages, and the provider refuses page 7. What do you "
    "hold afterwards?",
    options=[
        (
            "Nine answers, and `None` in the place of the tenth.",
            "You might expect it of a data frame with a gap. `batch` has no gaps, "
            "unless you ask for them.",
        ),
        (
            "The answers before page 7, and then an error.",
            "A loop over `invoke` that appends to a list leaves you these. `batch` "
            "returns its list at the end or not at all.",
        ),
        (
            "An error, and none of the nine answers.",
            "The first error is raised once the others are done, and the answers are "
            "thrown away.",
        ),
    ],
    answer="c",
    name="one_fails",
)


paid = Predict(
    "And how many of the ten pages are on your bill?",
    options=[
        (
            "None: the call failed, and you hold nothing.",
            "Your call failed. The nine requests behind it did not, and a provider "
            "bills requests.",
        ),
        (
            "Nine: all those that the provider answered.",
            "The thread pool had sent all ten requests, and an error in one stops none "
            "of the others.",
        ),
        (
            "Seven: pages 0 to 6, before the error stopped it.",
            "A loop would have stopped there. A thread pool has the later pages under "
            "way already.",
        ),
    ],
    answer="b",
    name="paid",
)


short_answer = Predict(
    "A model takes a second to its first word and then writes 50 words a second. Its "
    "answer is *Yes.* What does a stream gain the reader?",
    options=[
        (
            "About a second: there is no wait for the first word.",
            "The first word takes its second either way: a stream shortens only the "
            "wait for what comes after it.",
        ),
        (
            "Nothing: the first word is the whole answer.",
            "What a stream gains is the time between the first word and the last.",
        ),
        (
            "Less than nothing: a stream is slower to open.",
            "It is the same request, and the first word comes after the same second.",
        ),
    ],
    answer="b",
    name="short_answer",
)


ends = Predict(
    'Your guard asks whether `finish_reason` is `"stop"`. Then the model moves to '
    "OpenAI's Responses API. What does the guard say of a whole answer?",
    options=[
        (
            "That it is whole: LangChain gives every provider's end one name.",
            "It does so for the text and for the usage. `response_metadata` is what "
            "the provider sent.",
        ),
        (
            "That it is cut: this answer has no finish reason at all.",
            "The Responses API says `status`, and its word for whole is `completed`.",
        ),
        (
            "That it is whole: no finish reason means that nothing went wrong.",
            "An answer whose connection broke has no finish reason either. So a guard "
            "cannot take silence for success.",
        ),
    ],
    answer="b",
    name="ends",
)


quiz = Quiz(
    [
        Predict(
            "An answer has the finish reason `length`. What do you hold?",
            options=[
                (
                    "An answer that is longer than usual.",
                    "`length` names the limit that was met, not a size.",
                ),
                (
                    "An answer whose end is missing.",
                    "The server stopped the model at its token limit.",
                ),
                (
                    "An answer of exactly the length you asked for.",
                    "A limit is where the model is stopped, not what it aims at.",
                ),
            ],
            answer="b",
        ),
        Predict(
            "Overnight, you sort ten thousand e-mails into five groups. Which call do "
            "you make?",
            options=[
                (
                    "`batch` with `max_concurrency` and `return_exceptions`",
                    "Many short answers that a program reads, and one failure must not "
                    "cost you the rest.",
                ),
                (
                    "`stream`, so that the first results are in sooner",
                    "A label is one word: its first word is its last.",
                ),
                (
                    "`invoke` in a loop, so that no limit is ever met",
                    "It works, one question at a time, and takes all night.",
                ),
            ],
            answer="a",
        ),
        Predict(
            "A model has its first word after 1 s and its last after 8 s. The screen "
            "stays empty until then. What did the model do in the last 7 seconds?",
            options=[
                (
                    "It held the finished answer until all was checked.",
                    "Nothing was finished: it was still writing.",
                ),
                (
                    "It thought about the answer before it wrote one.",
                    "What came before the first word took one second.",
                ),
                (
                    "It wrote the answer, and your screen did not show it.",
                    "Its first word was ready after a second.",
                ),
            ],
            answer="c",
        ),
    ],
    name="quiz",
)
