"""Hold text back until it can be read: by size, by time, by word, by sentence.

A buffer decides what may go; a stage plays it in a chain, sync and async.

    chain = model | StrOutputParser() | buffered(SentenceBuffer)
"""

from course_utils.buffering.buffers import (
    SentenceBuffer,
    SizeBuffer,
    Throttle,
    WordBuffer,
)
from course_utils.buffering.held_chunks import Buffer
from course_utils.buffering.stage import BufferedStage, buffered

__all__ = [
    "Buffer",
    "BufferedStage",
    "SentenceBuffer",
    "SizeBuffer",
    "Throttle",
    "WordBuffer",
    "buffered",
]
