"""Watch the tokens of any call: with a bare function, or with a recorder.

LangChain tells its handlers about every token, wherever the model stands.

    chain.stream("Hi", config={"callbacks": [on_token(print)]})
"""

from course_utils.callbacks.on_token import on_token
from course_utils.callbacks.partial_recorder import PartialRecorder, RunRecord

__all__ = ["PartialRecorder", "RunRecord", "on_token"]
