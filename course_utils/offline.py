"""The course stays on this machine: settled when it is imported, before LangChain is.

A proxy in the learner's shell must not stand between a cell and the course's own
server, and no run of a lesson is sent to a tracing service.

    import course_utils.offline
"""

import os

LOOPBACK = ("127.0.0.1", "localhost")


def past_proxies(hosts: str) -> str:
    """The hosts that no proxy may touch, with this machine among them.

    >>> past_proxies("example.org,localhost")
    'example.org,localhost,127.0.0.1'
    """
    named = [host for host in hosts.split(",") if host]
    return ",".join(named + [host for host in LOOPBACK if host not in named])


for _variable in ("NO_PROXY", "no_proxy"):
    os.environ[_variable] = past_proxies(os.environ.get(_variable, ""))
os.environ["LANGSMITH_TRACING"] = "false"
