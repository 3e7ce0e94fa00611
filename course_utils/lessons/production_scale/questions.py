"""The questions of notebook 5's core: what people believe of scale, and a quiz."""

from course_utils.teaching.quiz import Predict, Quiz

stream_bytes = Predict(
    "A server sends an answer of 1,000 words, once whole and once as a stream. How "
    "many bytes does the stream take?",
    options=[
        (
            "About as many: they are the same words.",
            "That is right for a file in parts. Here each token is wrapped before "
            "it is sent.",
        ),
        (
            "About twice as many: each word gets a small frame.",
            "HTTP's own frame for a chunk is that small. Inside of it stands an event, "
            "and each event is a JSON object.",
        ),
        (
            "About fifty times as many: each token is an event.",
            "Each event says again which answer, model and choice it belongs to.",
        ),
    ],
    answer="c",
    name="stream_bytes",
)

right_code = Predict(
    "The right code collects tokens and updates the screen when it is time. How does "
    "the text on the screen end?",
    options=[
        (
            "As with the wrong code: every token arrives in some update.",
            "That holds for all tokens but the last few. What comes after the last "
            "update waits for a next one.",
        ),
        (
            "With a part missing from its middle, where it was cleared.",
            "`buffer.clear()` looks dangerous. It comes after the update, so it takes "
            "away what is on the screen already.",
        ),
        (
            "Too early: the last tokens stay in the buffer.",
            "Only a token asks whether it is time, and after the last token there is "
            "none. The buffer needs a flush.",
        ),
    ],
    answer="c",
    name="right_code",
)

twice_as_long = Predict(
    "The whole text is sent again with each token. An answer twice as long sends how "
    "many bytes?",
    options=[
        (
            "About twice as many: there are twice as many updates.",
            "It would be twice if each update were as long as before. But the text "
            "that each one carries grows, too.",
        ),
        (
            "About as many: each text replaces the one before it.",
            "On the screen it does. But each of them has to be sent.",
        ),
        (
            "About four times as many: there are more, and longer, updates.",
            "Twice the updates, and each is twice as long on average.",
        ),
    ],
    answer="c",
    name="twice_as_long",
)

cache_and_stream = Predict(
    "LangChain's cache is on, and you stream the same question twice. How many "
    "requests does the model get?",
    options=[
        (
            "Two: a stream goes past the cache.",
            "`stream` neither looks into that cache nor writes to it.",
        ),
        (
            "One: the second answer is the stored one.",
            "That is what `invoke` does, and what the name `cache` promises.",
        ),
        (
            "One: it comes from the cache, in one piece.",
            "People who know that caches keep whole messages expect this. It would "
            "be a fair design.",
        ),
    ],
    answer="a",
    name="cache_and_stream",
)

fifty_ask = Predict(
    "Fifty people stream the same new question through `cached` in the same second. "
    "How many requests does the model get?",
    options=[
        (
            "One: the others read along with the first.",
            "Readers who ask while the answer is on its way share that one request.",
        ),
        (
            "Fifty: there is no finished answer yet.",
            "A plain cache does that: it holds finished answers only. The crowd comes "
            "before there is one.",
        ),
        (
            "One, and 49 readers wait for its end.",
            "A lock around the cache would do that. Here the readers get each chunk "
            "when it comes; the next cell times them.",
        ),
    ],
    answer="a",
    name="fifty_ask",
)

slow_reader = Predict(
    "A reader takes 3 of 500 tokens and pauses. The model is behind an HTTP "
    "connection. How many tokens does it send?",
    options=[
        (
            "About 3: nothing is sent before it is asked for.",
            "That is right for a generator in your own process. A server does not "
            "wait to be asked.",
        ),
        (
            "All 500: the connection takes them without your reader.",
            "The buffers of both ends hold the whole answer, so the server never "
            "notices the pause.",
        ),
        (
            "About 50: HTTP holds a few packets, and then waits.",
            "The idea is right and the size is not. The buffers hold far more than "
            "an answer of this length.",
        ),
    ],
    answer="b",
    name="slow_reader",
)

lost_line = Predict(
    "The connection breaks after two words, and the page comes back for the rest. How "
    "many requests does the model get in all?",
    options=[
        (
            "One: the answer went on while there was no reader.",
            "The app records each event, and lets the model go on without a reader "
            "for a while.",
        ),
        (
            "Two: the first one stopped when its reader had gone.",
            "`sse_response` alone stops it. An app whose readers may come back has to "
            "let the model go on for a while.",
        ),
        (
            "Two: the second asks the model to continue its text.",
            "Without a memory on the server you would have to. The continuation may "
            "not fit what the reader has seen.",
        ),
    ],
    answer="a",
    name="lost_line",
)

quiz = Quiz(
    [
        Predict(
            "Your page flickers and grows slow with long answers. What do you look at "
            "first?",
            options=[
                (
                    "The speed at which the model writes.",
                    "A fast model makes it visible. The work is done by the page.",
                ),
                (
                    "What is sent with each update.",
                    "Often it is the whole text, once for each token.",
                ),
                (
                    "The length of the conversation.",
                    "A long prompt delays the first token. It is not sent to the page.",
                ),
            ],
            answer="b",
        ),
        Predict(
            "Your cache may serve one user's answer to another. What do you change?",
            options=[
                (
                    "Its key: what belongs to the user goes into it.",
                    "With the user in the key each user has answers of their own.",
                ),
                (
                    "Its expiry: answers are kept for a minute.",
                    "A minute is long enough to show a stranger's answer.",
                ),
                (
                    "Its place: every worker has a memory of its own.",
                    "Two users of one worker still share it.",
                ),
            ],
            answer="a",
        ),
        Predict(
            "A reader closes the browser in the middle of an answer. The stream has "
            "no owner. What goes on?",
            options=[
                (
                    "Nothing: the closed connection stops it all.",
                    "That holds for a plain model's stream, not for an agent's.",
                ),
                (
                    "The heartbeat, until the connection times out.",
                    "It ends with the response. The model is another matter.",
                ),
                (
                    "Perhaps the model, to its last token.",
                    "And you pay for it: see *Choose how to send events*.",
                ),
            ],
            answer="c",
        ),
    ],
    name="quiz",
)
