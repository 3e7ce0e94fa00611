"""Text on its way to a reader: parsed, and held back until it can be read.

A buffer decides what may go, by size, time, word or sentence; a stage plays it in a
chain, sync and async.

    chain = model | TextParser() | buffered(SentenceBuffer)
"""

from course_utils.buffering.buffers import (
    SentenceBuffer,
    SizeBuffer,
    Throttle,
    WordBuffer,
)
from course_utils.buffering.held_chunks import Buffer
from course_utils.buffering.stage import BufferedStage, buffered
from course_utils.buffering.text_parser import TextParser

__all__ = [
    "Buffer",
    "BufferedStage",
    "SentenceBuffer",
    "SizeBuffer",
    "TextParser",
    "Throttle",
    "WordBuffer",
    "buffered",
]
