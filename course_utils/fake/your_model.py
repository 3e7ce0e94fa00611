"""Your own model in place of the scripted one, by one setting of your shell.

    COURSE_MODEL=gpt-5-mini OPENAI_API_KEY=... python start.py

    model = your_model(FakeStreamingChatModel(replies="Hello."))

`OPENAI_BASE_URL` names a server of your own that speaks OpenAI's API.
"""

import os
from typing import Any

from langchain_core.language_models import BaseChatModel

from course_utils.notebook import static_page
from course_utils.settings import settings


@settings()
def your_model(scripted: BaseChatModel, **options: Any) -> BaseChatModel:
    """Your own model if `COURSE_MODEL` names one, else the scripted one.

    The key is read from the environment by the provider's client, which shows it
    nowhere. While the course's own outputs are made, the scripted model answers.

    Args:
        scripted: The model that answers if you name none.
        options: What to give to your own model: `temperature`, `timeout` and so on.

    Raises:
        ValueError: a model is named and neither a key nor an address is there for it.
    """
    name = os.environ.get("COURSE_MODEL", "").strip()
    if not name or static_page():
        return scripted
    address = os.environ.get("OPENAI_BASE_URL")
    if not (os.environ.get("OPENAI_API_KEY") or address):
        raise ValueError(
            f"COURSE_MODEL names {name!r} and there is no key for it, got no "
            "OPENAI_API_KEY: set it, or OPENAI_BASE_URL for a server without keys."
        )
    from langchain_openai import ChatOpenAI

    if not os.environ.get("OPENAI_API_KEY"):
        options.setdefault("api_key", "offline")  # a local server asks for none
    return ChatOpenAI(model=name, **{"stream_usage": True, **options})
