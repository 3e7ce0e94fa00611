"""A scripted server on this machine that speaks OpenAI's API.

It plays a model's replies over real HTTP, with every fault a wire can have.

    with FakeServer(replies=["Hello."]) as server: ...
"""

from course_utils.fake.server.server import FakeServer

__all__ = ["FakeServer"]
