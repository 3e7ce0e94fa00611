"""The questions of notebook 3: what people believe of callbacks, and a quiz."""

from course_utils.teaching.quiz import Predict, Quiz

rewrite = Predict(
    "What do you have to change to show the answer word by word?",
    options=[
        (
            "Every function on the way: each has to pass pieces on.",
            "You would think so if you know generators. It is one way, with "
            "`.stream()` from top to bottom, but a handler needs none of it.",
        ),
        (
            "The model alone: it gets `streaming=True` and a handler.",
            "`streaming=True` makes the model send pieces, the handler shows them, "
            "and every function in between stays as it is.",
        ),
        (
            "One word: with `streaming=True` the pieces come to you.",
            "The setting's name suggests it. The pieces do arrive, but `invoke` "
            "returns only when it has put them together.",
        ),
    ],
    answer="b",
    name="rewrite",
)

two_programs = Predict(
    "What happens when you run the two programs?",
    options=[
        (
            "The first prints the whole answer, the second prints each token.",
            "That is what the document says of them. With the LangChain that you "
            "have here, neither gets so far.",
        ),
        (
            "Both fail: neither gets as far as asking the model.",
            "Today a model is not callable, and a bare function is no handler.",
        ),
        (
            "The first fails without a callback, the second prints each token.",
            "The document calls it *not setting up callbacks*. But the first program "
            "fails for another reason, and the second fails earlier.",
        ),
    ],
    answer="b",
    name="two_programs",
)

swallowed = Predict(
    "A handler raises an error at every token. What does the reader of the stream get?",
    options=[
        (
            "The error, at the first token: nothing catches it.",
            "A function that you call yourself would do that. LangChain calls your "
            "handler, and catches what it raises.",
        ),
        (
            "The text before the error: the stream ends there.",
            "You would expect that of an error in your loop. A handler's error ends "
            "the stream only if the handler asks for it.",
        ),
        (
            "The whole answer, and the log gets a warning.",
            "LangChain catches the error, writes a warning to the log and goes on.",
        ),
    ],
    answer="c",
    name="swallowed",
)

agent_steps = Predict(
    "A handler listens to `agent.stream(...)`, without a mode. How many of the model's "
    "tokens does it hear?",
    options=[
        (
            "None: the agent asks its model for the full response.",
            "Without a mode the agent yields whole steps, so it needs no tokens and "
            "calls its model with `invoke`.",
        ),
        (
            "All of them: the call is a `stream`.",
            "That holds for a model and for a chain. An agent's stream is a stream "
            "of steps, until you ask for `messages`.",
        ),
        (
            "One for each step: the step's whole text.",
            "The stream yields whole steps, and it would be a fair guess that "
            "handlers hear the same. They hear only what the model sends.",
        ),
    ],
    answer="a",
    name="agent_steps",
)

two_at_once = Predict(
    "A call takes 3 s. After 1 s another begins, and takes 1 s. What does this "
    "stopwatch say?",
    options=[
        (
            "3 s and 1 s: each call has a handler of its own.",
            "Web frameworks make a new object for each request. LangChain calls the "
            "one object that you gave it, for every call.",
        ),
        (
            "3 s and 3 s: the second call waits for the first.",
            "With a lock it would. Nothing in a model makes calls wait for each other.",
        ),
        (
            "2 s and 1 s: the second start overwrites the first.",
            "Both calls reach the same object. When the slow call ends, the start in "
            "it is that of the quick one.",
        ),
    ],
    answer="c",
    name="two_at_once",
)

slow_handlers = Predict(
    "The model sends a word every 50 ms. Two handlers work for 100 ms at each. How "
    "long does the reader wait between two words?",
    options=[
        (
            "50 ms: handlers work in the background.",
            "Their name, callback, sounds like it. LangChain calls a handler as you "
            "call a function, and waits until it returns.",
        ),
        (
            "100 ms: the two handlers work at the same time.",
            "Two async handlers on an async stream do. Two plain ones are called one "
            "after the other.",
        ),
        (
            "200 ms: the model's own 50 ms pass meanwhile.",
            "One handler after the other takes 200 ms. The model goes on writing in "
            "that time, so its 50 ms are not added.",
        ),
        (
            "250 ms: one after the other, and then the model.",
            "This adds all times up. But the model does not wait for your handlers.",
        ),
    ],
    answer="c",
    name="slow_handlers",
)

shouted = Predict(
    "A handler returns `token.upper()`. What does the reader of the chain get?",
    options=[
        (
            "`TWO WORDS.`: what the handler returns goes on.",
            "Middleware of a web server works like that, and the document says that "
            "callbacks filter and format. LangChain's handlers only listen.",
        ),
        (
            "`Two words.`: LangChain ignores what a handler returns.",
            "A handler observes. It can delay a token, never change it.",
        ),
        (
            "An error: a handler has to return None.",
            "A strict library would say so. LangChain does not look at the value.",
        ),
    ],
    answer="b",
    name="shouted",
)

async_on_sync = Predict(
    "An async handler with `raise_error = True` listens to a sync `.stream()` and "
    "raises an error. Who is told?",
    options=[
        (
            "The log alone: the reader gets the whole answer.",
            "A sync stream runs the handler in an event loop of its own, and its "
            "error stays there.",
        ),
        (
            "The reader: `raise_error` holds for every handler.",
            "It holds for plain handlers, and for async ones on `astream`.",
        ),
        (
            "You, before it starts: a sync stream refuses async handlers.",
            "It would be kinder. LangChain takes the handler and runs it.",
        ),
    ],
    answer="a",
    name="async_on_sync",
)

cut_name = Predict(
    "A stage replaces `Project Bluebird` by `[hidden]` in every text that it gets. "
    "What does the reader see?",
    options=[
        (
            "`[hidden]`: a stage sees all the text there is.",
            "It sees all of it, but never two tokens at once.",
        ),
        (
            "`[hidden] Bluebird`: half of the name is found.",
            "`replace` finds a whole name or nothing.",
        ),
        (
            "`Project Bluebird`: the name comes in two tokens.",
            "Neither token holds the whole name, so nothing is replaced.",
        ),
    ],
    answer="c",
    name="cut_name",
)

silent_modes = Predict(
    "The agent stops to ask a person: *pay 40?* In which of these forms does its "
    "reader see the question?",
    options=[
        (
            "In all of them: a question is a part of the answer.",
            "You would think so of something so important. Only a form that tells of "
            "steps tells of the pause.",
        ),
        (
            "In `messages`: it tells everything as it happens.",
            "`messages` tells what models and tools say. The question comes from the "
            "graph: in `messages` the stream just ends.",
        ),
        (
            "In `updates`, and in what includes it, and in v3.",
            "A pause is a step of the graph, so the forms that tell of steps tell of "
            "it.",
        ),
    ],
    answer="c",
    name="silent_modes",
)

progress_mode = Predict(
    "The tool writes its progress. You read the agent with "
    '`stream_mode="messages"`. When do you see the progress?',
    options=[
        (
            "Never: `messages` leaves it out.",
            "Progress has a mode of its own, `custom`. Ask for both in a list.",
        ),
        (
            "As it is written, among the tokens.",
            "`messages` has tokens and tool results. What a tool writes is another "
            "mode's business.",
        ),
        (
            "At the end, with the tool's result.",
            "The result holds what the tool returns. What it wrote is not kept.",
        ),
    ],
    answer="a",
    name="progress_mode",
)

own_address = Predict(
    "`ChatOpenAI` streams from an address of your own. What does the stream say of "
    "tokens used?",
    options=[
        (
            "Nothing, until you set `stream_usage=True`.",
            "A server tells its usage only when it is asked. `ChatOpenAI` asks at "
            "OpenAI's own address, and at another one only when you say so.",
        ),
        (
            "The numbers of each call, as in notebook 2.",
            "Notebook 2 saw them because it asked for them, or used a scripted model.",
        ),
        (
            "An estimate, which LangChain counts by itself.",
            "LangChain passes on what the server says, and counts nothing.",
        ),
    ],
    answer="a",
    name="own_address",
)

quiz = Quiz(
    [
        Predict(
            "Your handler hears start and end of a call, but no tokens. Why?",
            options=[
                (
                    "The call is an `invoke` of a model that does not stream.",
                    "Set `streaming=True` on the model, or call `stream`.",
                ),
                (
                    "The handler stands in the config, not on the model.",
                    "From both places a handler hears the tokens.",
                ),
                (
                    "The handler has an error in `on_llm_new_token`.",
                    "It might, and then the log has a warning for each token.",
                ),
            ],
            answer="a",
        ),
        Predict(
            "Which work belongs in a handler?",
            options=[
                (
                    "Take a name out of the answer.",
                    "A handler cannot change the stream. A stage can.",
                ),
                (
                    "Draw a chart of 200 ms at each token.",
                    "The reader would wait 200 ms longer for each token. Put the "
                    "token in a queue.",
                ),
                (
                    "Note when the first token came.",
                    "It observes, it is quick, and nothing depends on it.",
                ),
            ],
            answer="c",
        ),
        Predict(
            "A meter on the constructor hears many calls at once. What keeps them "
            "apart?",
            options=[
                (
                    "The `run_id` that each event carries.",
                    "It is the same for all events of a call, and no other call has "
                    "it.",
                ),
                (
                    "A lock around each method.",
                    "A lock keeps two threads out of the same line. It does not say "
                    "which call speaks.",
                ),
                (
                    "The order: a call ends before the next begins.",
                    "On a server they overlap, and any of them may end first.",
                ),
            ],
            answer="a",
        ),
    ],
    name="quiz",
)
