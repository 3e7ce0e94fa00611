"""Answers that are kept, and come again as a stream.

Only whole answers are kept; who asks while one is on its way shares it.

    model = cached(ChatOpenAI(...), SQLiteStreamCache("answers.db"))
"""

from course_utils.cache.model import CachedChatModel, cached
from course_utils.cache.redis import RedisStreamCache
from course_utils.cache.sqlite import SQLiteStreamCache

__all__ = ["CachedChatModel", "RedisStreamCache", "SQLiteStreamCache", "cached"]
