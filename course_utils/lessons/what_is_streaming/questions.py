"""The questions of notebook 2."""

from course_utils.teaching.quiz import Predict, Quiz

bare_loop = Predict(
    "The model has no callback, and `streaming=True` is not set. What does a plain "
    "`for` loop over `model.stream(...)` print?",
    options=[
        (
            "Nothing until a callback is attached to handle the pieces.",
            "The document that this course follows says so. The loop itself takes the "
            "pieces, and needs no help.",
        ),
        (
            "The whole answer in one piece, as `streaming=True` is missing.",
            "That setting is for `invoke`, as notebook 3 shows. `stream` streams "
            "without it.",
        ),
        (
            "The answer piece by piece, as the model writes it.",
            "`stream` returns an iterator, and a `for` loop reads it.",
        ),
    ],
    answer="c",
    name="bare_loop",
)


cost = Predict(
    "The same question, once with `invoke` and once with `stream`. Which of the two "
    "is billed for more tokens?",
    options=[
        (
            "The stream: it comes as many messages, each with a price.",
            "You might think of text messages on a phone. Providers count the tokens, "
            "however many messages carry them.",
        ),
        (
            "Neither: the model writes the same tokens for both.",
            "The usage of both lanes says so. A stream changes when you see a token, "
            "not whether it is written.",
        ),
        (
            "The full response: it occupies the model for longer.",
            "It does not, as notebook 1 measured, and time is not what is billed.",
        ),
    ],
    answer="b",
    name="cost",
)


rate = Predict(
    "A provider's table promises 50 tokens a second. Your answer takes 100 tokens. "
    "When is it complete?",
    options=[
        (
            "Later than two seconds: the table leaves the first wait out.",
            "Artificial Analysis, for one, counts from the first chunk on. Your reader "
            "counts from the question on.",
        ),
        (
            "After two seconds: that is 100 tokens at 50 a second.",
            "So it would be if the table counted from the question on.",
        ),
        (
            "Sooner than two seconds: the table has slow hours in it.",
            "An average is better than some hours and worse than others. The wait for "
            "the first token comes on top in each of them.",
        ),
    ],
    answer="a",
    name="rate",
)


stalled = Predict(
    "Out of forty gaps between tokens, one lasts two seconds. Which figure tells you "
    "that this stream froze?",
    options=[
        (
            "The median of the gaps.",
            "It is the gap in the middle, and 39 of 40 are as short as ever.",
        ),
        (
            "The 95th percentile of the gaps.",
            "It leaves out the longest 5 of 100, so here the longest 2 of 40: one "
            "stall hides among them, three do not.",
        ),
        (
            "The tokens per second.",
            "They fall. But they fall just as far for a stream that is slow and "
            "steady, and never froze.",
        ),
        (
            "The longest gap.",
            "It is the stall itself.",
        ),
    ],
    answer="d",
    name="stalled",
)


pieces = Predict(
    "The usage says that an answer took 42 tokens. In how many chunks with text does "
    "it arrive?",
    options=[
        (
            "In 42: every chunk is one token.",
            "With the course's model it is so. Nothing in a chunk promises it.",
        ),
        (
            "In as many as the server likes.",
            "The server decides what it sends together. LangChain makes a chunk of "
            "each message.",
        ),
        (
            "In as many as there are words.",
            "A long word may arrive in parts, and a short line in one chunk.",
        ),
    ],
    answer="b",
    name="pieces",
)


cut = Predict(
    "A server on the way closes the connection cleanly, in the middle of the answer. "
    "What does your `for` loop do?",
    options=[
        (
            "It ends as always, and raises nothing.",
            "A stream ends when the connection does. The loop cannot know that more "
            "was to come.",
        ),
        (
            "It raises an error, as the end is missing.",
            "A download with a known length would. A stream's length is known to the "
            "model alone.",
        ),
        (
            "It waits for the rest until a timeout.",
            "So it does when the line goes silent and stays open. This one is closed.",
        ),
    ],
    answer="a",
    name="cut",
)


stage = Predict(
    "One stage is a function of a text, the other a generator function. Which of them "
    "lets the reader see the first word early?",
    options=[
        (
            "The function: the chain calls it for each piece.",
            "You would write it so if it were called that way. The chain calls it "
            "once, with the whole text.",
        ),
        (
            "Both: a chain streams through each of its steps.",
            "A chain streams as far as its steps let it. One that needs the whole "
            "text stops it.",
        ),
        (
            "The generator function: it takes the pieces as they come.",
            "It works on a piece before the next one exists.",
        ),
    ],
    answer="c",
    name="stage",
)


leave_chain = Predict(
    "You leave the loop over `(writer | StrOutputParser()).stream(...)` early. What "
    "does the model do?",
    options=[
        (
            "It stops at once, as it did without the parser.",
            "Now a parser stands between you and the model, and it is not done yet.",
        ),
        (
            "It writes to its end, and the cell waits for it.",
            "A sync chain reads the rest of its input before it lets you go.",
        ),
        (
            "It writes to its end, and the cell goes on at once.",
            "That would take a second thread to read the rest. A sync chain has none.",
        ),
    ],
    answer="b",
    name="leave_chain",
)


thought = Predict(
    "A server sends its model's thoughts as `reasoning_content`, before the answer. "
    "You stream it with `ChatOpenAI`. What do you find of the thoughts?",
    options=[
        (
            "Text: they come first, in `chunk.text`.",
            "Then every reader would see them as a part of the answer.",
        ),
        (
            "Blocks of reasoning, in `chunk.content_blocks`.",
            "Other clients make such blocks, and so does `ChatOpenAI` over the "
            "Responses API. Chat completions have no such field at OpenAI.",
        ),
        (
            "Empty chunks, and a number in the usage.",
            "`ChatOpenAI` drops fields that OpenAI's own chat completions do not have.",
        ),
    ],
    answer="c",
    name="thought",
)


raw = Predict(
    "You add `include_raw=True`, so as to see the model's own message beside the "
    "object. What does the stream give you now?",
    options=[
        (
            "Three items, all of them at the end.",
            "The message, the object and the error: each needs the whole answer.",
        ),
        (
            "The raw chunks as they come, then the object.",
            "The name suggests it. The raw message is collected first.",
        ),
        (
            "Objects that grow, each with its raw chunk.",
            "Without `include_raw` the objects grow. With it, nothing does.",
        ),
    ],
    answer="a",
    name="raw",
)


quiz = Quiz(
    [
        Predict(
            "A nightly job summarises 10,000 letters. What does streaming gain?",
            options=[
                (
                    "It is done sooner, since work starts with the first words.",
                    "The model writes as fast as before, and each summary is complete "
                    "as late as before.",
                ),
                (
                    "Nothing: there is no reader who could start early.",
                    "What a stream gains is a reader's head start.",
                ),
                (
                    "It costs less, since a bad letter can be stopped early.",
                    "Only if your program reads along and decides to stop.",
                ),
            ],
            answer="b",
        ),
        Predict(
            "Readers complain that answers freeze. The dashboard shows a median gap "
            "of 0.05 s. What do you look at next?",
            options=[
                (
                    "The longest gap of each answer.",
                    "A median hides every stall, as long as most gaps are short.",
                ),
                (
                    "The median of the time to first token.",
                    "A slow start is another complaint: these answers had begun.",
                ),
                (
                    "The tokens per second of each answer.",
                    "A slow and steady answer has the same figure as one that froze.",
                ),
            ],
            answer="a",
        ),
        Predict(
            "What tells you that an answer is whole?",
            options=[
                (
                    "The loop ended and no error was raised.",
                    "A connection can end in good order, and too early.",
                ),
                (
                    "The last chunk says `chunk_position` is `last`.",
                    "LangChain adds it when the stream ends, however it ends.",
                ),
                (
                    "A chunk says that the finish reason is `stop`.",
                    "Only the model knows that it came to its end.",
                ),
            ],
            answer="c",
        ),
        Predict(
            "A chain used to stream. Since you added `| tidy`, the whole answer comes "
            "at once. What is `tidy`?",
            options=[
                (
                    "A parser that reads half a JSON object.",
                    "A parser for streams hands on what it has.",
                ),
                (
                    "A function that takes a text and returns one.",
                    "It needs the whole text, so the chain waits for it.",
                ),
                (
                    "A generator function with one `yield` too many.",
                    "It would hand on too much, and early.",
                ),
            ],
            answer="b",
        ),
    ],
    title="Quiz: what is streaming?",
    name="quiz",
)
