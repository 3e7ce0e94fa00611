"""What the measured JupyterHub is told: every learner is a system user of their own.

`python -m benchmarks.hub` names this file to JupyterHub, with the HUB_ variables.
"""

import os
import shutil
import sys
from pathlib import Path
from typing import Any

from jupyterhub.auth import DummyAuthenticator
from jupyterhub.spawner import SimpleLocalProcessSpawner
from traitlets.config import get_config

FIRST_UID = 20_000
HOMES = Path(os.environ["HUB_HOMES"])
BIN = Path(sys.executable).parent
PASSED_ON = ("LANG", "LANGSMITH_TRACING", "COURSE_PROGRESS")


def uid_of(name: str) -> int:
    """The system user of `learner-7`."""
    return FIRST_UID + int(name.rpartition("-")[2])


class OwnUser(SimpleLocalProcessSpawner):
    """A server as a process of its own user, in a home that only this user can read."""

    def make_preexec_fn(self, name: str) -> Any:
        home, uid = HOMES / name, uid_of(name)
        fresh = not home.exists()
        if fresh:
            home.mkdir(mode=0o700)
            shutil.copytree(os.environ["HUB_NOTEBOOKS"], home / "notebooks")
            for path in (home, *home.rglob("*")):
                os.chown(path, uid, uid)

        def become() -> None:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            os.chdir(home)

        return become


c = get_config()
c.JupyterHub.bind_url = f"http://127.0.0.1:{os.environ['HUB_PORT']}"
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{os.environ['HUB_OWN_PORT']}"
c.JupyterHub.db_url = "sqlite:///hub.sqlite"
c.JupyterHub.authenticator_class = DummyAuthenticator
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = OwnUser
c.OwnUser.home_dir_template = str(HOMES / "{username}")
c.Spawner.env_keep = list(PASSED_ON)
c.Spawner.environment = {"PATH": f"{BIN}:/usr/bin:/bin"}
c.Spawner.cmd = [str(BIN / "jupyterhub-singleuser")]
c.Spawner.default_url = "/lab"
c.Spawner.start_timeout = 180
c.Spawner.http_timeout = 180
c.ConfigurableHTTPProxy.command = os.environ["HUB_PROXY"].split()
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{os.environ['HUB_PROXY_PORT']}"
c.JupyterHub.services = [{"name": "driver", "api_token": os.environ["HUB_TOKEN"]}]
c.JupyterHub.load_roles = [
    {
        "name": "driver",
        "scopes": ["admin:users", "tokens", "servers", "read:users:activity"],
        "services": ["driver"],
    }
]
