"""The questions of notebook 4, *Interruptions and errors*, with why each is so."""

from course_utils.teaching.quiz import Predict, Quiz

after_a_break = Predict(
    "A connection breaks after six tokens, and your loop gets an exception. Where are "
    "the six tokens now?",
    options=[
        (
            "In the exception, which carries what had arrived.",
            "`reliable`'s exceptions do, as you will see. The client's own says what "
            "broke, and holds no text.",
        ),
        (
            "Gone: a call that fails leaves no result behind.",
            "True of `invoke` and of `batch`. A stream handed each token over before "
            "it failed.",
        ),
        (
            "Where your loop put them, and in no other place.",
            "Neither the model nor the exception keeps a copy. What you have not "
            "stored is lost, though it was sent and is billed.",
        ),
    ],
    answer="c",
    name="after_a_break",
)

proxy_breaks = Predict(
    "The provider's connection breaks after six tokens. Between you and it stands a "
    "proxy. What is your program told?",
    options=[
        (
            "The same error as without a proxy.",
            "So it seems while you test without one. Some proxies do pass the break "
            "on; others do not.",
        ),
        (
            "An answer of the proxy's own: 502, bad gateway.",
            "Dashboards are full of them, but a status is the first line of a "
            "response. Yours was 200, six tokens ago.",
        ),
        (
            "It depends on the HTTP version that the proxy speaks.",
            "In HTTP/1.0 a body may end where its connection ends, so a break looks "
            "like an end.",
        ),
    ],
    answer="c",
    name="proxy_breaks",
)

half_a_call = Predict(
    "The token limit cuts a number: of `amount`, 100 of 10000 has come. What does the "
    "agent do?",
    options=[
        (
            "It depends on the stream: token by token, it pays 100.",
            "Adding the chunks up closes the open bracket, and 100 is a fine number. "
            "Without token streaming the arguments are parsed strictly.",
        ),
        (
            "It refuses the call: half of an object is not JSON.",
            "True without token streaming, where most tests are written.",
        ),
        (
            "It asks the model again, since the reason is `length`.",
            "That would be sensible. The agent does not look at the finish reason.",
        ),
    ],
    answer="a",
    name="half_a_call",
)

retries = Predict(
    "A stream breaks after two tokens. Which of these gives the reader the whole "
    "answer, once?",
    options=[
        (
            "`max_retries=1` of the client.",
            "It is the setting for unreliable networks, but only until the response "
            "headers have come.",
        ),
        (
            "`.with_retry()` around the model.",
            "It works on `invoke`, so it is trusted on `stream`, where it does "
            "nothing.",
        ),
        ("None of these four ways.", "The next cells count the requests."),
        (
            "`ModelRetryMiddleware` in an agent.",
            "It does ask again. The reader gets the beginning twice.",
        ),
    ],
    answer="c",
    name="retries",
)

multiply = Predict(
    "A server refuses every request with 500. `reliable(model, attempts=3)` wraps a "
    "client with `max_retries=2`. How many requests does one question cost?",
    options=[
        (
            "3: the outer limit counts them all.",
            "It counts its own attempts. What the client does within one of them it "
            "cannot see.",
        ),
        (
            "5: three attempts and two retries.",
            "The client does not know that it has been asked before, so its two "
            "retries come back in each attempt.",
        ),
        (
            "9: each attempt brings its own retries.",
            "Three attempts of three requests each.",
        ),
    ],
    answer="c",
    name="multiply",
)

comments = Predict(
    "After its first token a server sends only comments, for three seconds. Your "
    "client has `timeout=1.0`. When does the stream raise?",
    options=[
        (
            "After one second: no token has come.",
            "So the name suggests. The client counts bytes, and comments are bytes.",
        ),
        (
            "Not at all: each comment starts the second again.",
            "It is a limit for silence on the line, and the line is not silent.",
        ),
        (
            "One second after the request was sent.",
            "Many clients have a limit for the whole request. This one has none.",
        ),
    ],
    answer="b",
    name="comments",
)

leaving = Predict(
    "You close a chain's stream after two of 400 tokens. What does the model do?",
    options=[
        (
            "It sends all 400, and `close()` waits for the last one.",
            "LangChain reads the closed chain's model to its end. You pay for it.",
        ),
        (
            "It stops: closing the chain closes all its streams.",
            "So generators do, and so does the stream of a model alone.",
        ),
        (
            "It goes on in the background, and so does your program.",
            "You would pay as much, but you would not wait.",
        ),
    ],
    answer="a",
    name="leaving",
)

person_mode = Predict(
    "An agent waits for a person's yes. What does a reader of "
    '`stream_mode="messages"` see?',
    options=[
        (
            "A `GraphInterrupt` is raised out of the stream.",
            "Inside the graph there is such an exception. It is caught there.",
        ),
        (
            "The stream stays open until the person has answered.",
            "A dialogue would do so. A graph stores its state and ends its stream.",
        ),
        (
            "The stream ends after the call, as if all were done.",
            "The question is in `updates` and in `values`, not in `messages`.",
        ),
    ],
    answer="c",
    name="person_mode",
)

person_types = Predict(
    "The agent waits for a yes, and the person types a new message instead. What "
    "happens?",
    options=[
        (
            "It is refused: the question has to be answered first.",
            "A form would do so. The graph takes any input, and your page has to "
            "refuse it.",
        ),
        (
            "The message is taken, and the call is left without a result.",
            "The provider then refuses the whole conversation, now and each time.",
        ),
        (
            "It counts as a no: the call is rejected, the message read.",
            "A kind page does so. The graph itself takes the message as it is.",
        ),
    ],
    answer="b",
    name="person_types",
)

stopped_history = Predict(
    "You stop an agent in the middle of its answer. What does its thread hold?",
    options=[
        (
            "The question, and the half of the answer that came.",
            "Your screen holds it. The graph writes a message when its node is done.",
        ),
        (
            "The question, and nothing of the answer.",
            "The node did not come to its end, so it wrote nothing.",
        ),
        (
            "Nothing: the whole turn is rolled back.",
            "So databases do. The question was written in a step before.",
        ),
    ],
    answer="b",
    name="stopped_history",
)

thinks_long = Predict(
    "A model thinks aloud for four seconds before its first word. You read it with "
    "`ChatOpenAI` on chat completions, and `first_token_timeout=2.0`. What do you get?",
    options=[
        (
            "The whole answer: a thought is a sign of life.",
            "True where the client passes thoughts on. This one leaves them out.",
        ),
        (
            "A timeout, although the model is at work.",
            "The client drops the thoughts, and what it sends instead is empty.",
        ),
        (
            "An empty answer, without any error.",
            "Dropped thoughts do come as empty chunks; the deadline is met before "
            "the first word.",
        ),
    ],
    answer="b",
    name="thinks_long",
)

half_by_mode = Predict(
    "Half of a tool call has come. In which of an agent's modes does it run?",
    options=[
        (
            "In `messages` alone: with `updates` the whole message counts.",
            "A list streams its model's tokens just as `messages` does.",
        ),
        (
            "In each that streams tokens: `messages`, lists with it, v3.",
            "Nearly: v3 streams tokens too, and parses them strictly.",
        ),
        (
            "In `messages`, alone or in a list, and in no other.",
            "There the chunks are added up, which closes the open bracket.",
        ),
    ],
    answer="c",
    name="half_by_mode",
)

quiz = Quiz(
    [
        Predict(
            "Your log shows empty answers without an error. What do you do first?",
            options=[
                (
                    "Look at their finish reasons.",
                    "None: perhaps cut before the first word. `length`: the limit "
                    "was reached before it. `tool_calls`: all is well.",
                ),
                (
                    "Raise the timeout.",
                    "Slow answers are the usual suspects, but here nothing timed out.",
                ),
                (
                    "Send each request again.",
                    "That may hide it. First find out what ended these answers.",
                ),
            ],
            answer="a",
        ),
        Predict(
            "After the first word a provider sends only comments, which keep the line "
            "open. What ends the wait?",
            options=[
                ("The client's `timeout=30`.", "Each comment starts it again."),
                ("A deadline between tokens.", "It counts tokens, not bytes."),
                ("The client's `max_retries=3`.", "There is no failure to retry."),
            ],
            answer="b",
        ),
        Predict(
            "Half an answer is on the screen when the stream breaks. You choose "
            "`restart`. What must the screen do?",
            options=[
                (
                    "Add the new text below the old.",
                    "Then it shows the beginning twice.",
                ),
                (
                    "Nothing, it goes on writing.",
                    "It cannot know what the new text replaces.",
                ),
                ("Strike out the old text.", "The restart announces itself."),
            ],
            answer="c",
        ),
    ],
    name="quiz",
)
