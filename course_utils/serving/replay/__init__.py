"""Answers kept for readers who come back: one protocol, in memory and over Redis.

replay = ReplayBuffer()                         # one process
replay = RedisReplay("redis://localhost:6379")  # as many as you like
"""

from course_utils.serving.replay.memory import ReplayBuffer
from course_utils.serving.replay.protocol import (
    LAST,
    LEFT,
    LOST,
    STOPPED,
    Replay,
    ReplayAway,
    position_of,
)
from course_utils.serving.replay.redis import RedisReplay

__all__ = [
    "LAST",
    "LEFT",
    "LOST",
    "STOPPED",
    "RedisReplay",
    "Replay",
    "ReplayAway",
    "ReplayBuffer",
    "position_of",
]
