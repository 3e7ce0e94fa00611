"""What may differ between a laptop and a data centre: all by environment variables.

CHAT_MODEL=openai:gpt-5-mini CHAT_MAX_STREAMS=100 uvicorn --factory chat.app:create
"""

import os
from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "CHAT_"


class Settings(BaseSettings):
    """Each field is a variable: `CHAT_` and its name in capitals. Times are seconds."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    model: str = "fake"  # or what init_chat_model takes, such as openai:gpt-5-mini
    fallback: str | None = None  # whom to ask when that one fails
    per_token: float = Field(default=0.05, ge=0)  # the fake's pace
    heartbeat: float = Field(default=15.0, gt=0)  # shorter than any proxy's patience
    refuse_within: float = Field(default=1.0, ge=0)  # so soon, an error is a status
    grace: float = Field(default=30.0, ge=0)  # an answer goes on without any reader
    keep: float = Field(default=300.0, ge=0)  # ... and can be read again after its end
    drain: float = Field(default=20.0, ge=0)  # what open answers get after SIGTERM
    max_body: int = Field(default=64_000, gt=0)  # bytes
    max_streams: int = Field(default=200, gt=0)  # 70 % of what a core can do
    rate: str = "60/minute"  # questions from one address
    redis: str | None = None  # redis://host:port/0: what several workers share
    alive: float = Field(default=2.0, gt=0)  # a worker that is silent so long is gone
    cache: float = Field(default=3600.0, ge=0)  # an answer is given again; 0: never

    @model_validator(mode="after")
    def _no_name_is_misspelt(self) -> Self:
        """pydantic-settings passes over a variable that it does not know."""
        known = {f"{PREFIX}{name}".upper() for name in type(self).model_fields}
        unknown = {name for name in os.environ if name.startswith(PREFIX)} - known
        if unknown:
            raise ValueError(
                f"There is no setting {', '.join(sorted(unknown))}: "
                f"unset it, or take one of {', '.join(sorted(known))}."
            )
        return self
