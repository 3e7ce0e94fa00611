"""One learner: logs in with a form, starts a server, runs cells over a websocket.

learner = Learner("learner-1", hub, token)
await learner.log_in(); await learner.start(); await learner.run(notebook)
"""

import asyncio
import json
import re
import time
import uuid
from typing import Any

import httpx
import nbformat
from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect


class Learner:
    """A person with a browser, seen from the hub."""

    def __init__(self, name: str, hub: str, driver: str) -> None:
        self.name, self.hub, self.driver = name, hub, driver
        self.started = self.ran = 0.0
        self.errors: list[str] = []
        self._browser = httpx.AsyncClient(follow_redirects=True, timeout=200)
        self._socket: WebSocketClientConnection | None = None

    async def log_in(self) -> None:
        """Fill in the hub's own form, as a browser does."""
        login = f"{self.hub}/hub/login?next=%2Fhub%2Fhome"  # a server comes later
        page = await self._browser.get(login)
        form = dict(re.findall(r'name="(_xsrf)" value="([^"]+)"', page.text))
        form |= {"username": self.name, "password": "any"}
        answer = await self._browser.post(login, data=form)
        answer.raise_for_status()
        self.token = await self._own_token()

    async def _own_token(self) -> str:
        answer = await self._browser.post(
            f"{self.hub}/hub/api/users/{self.name}/tokens",
            headers={"Authorization": f"token {self.driver}"},
            json={},
        )
        answer.raise_for_status()
        return str(answer.json()["token"])

    async def start(self) -> None:
        """Start the server, and wait until JupyterLab answers through the proxy."""
        began = time.monotonic()
        headers = {"Authorization": f"token {self.token}"}
        place = f"{self.hub}/hub/api/users/{self.name}/server"
        async with httpx.AsyncClient(headers=headers, timeout=200) as client:
            (await client.post(place)).raise_for_status()
            while True:
                found = await client.get(f"{self.hub}/user/{self.name}/lab")
                if found.status_code == 200 and "jupyter-config-data" in found.text:
                    break
                if time.monotonic() - began > 180:
                    raise TimeoutError(f"{self.name}: no server after 180 s")
                await asyncio.sleep(0.5)
        self.started = time.monotonic() - began

    async def get(self, path: str, of: str = "") -> httpx.Response:
        """Ask the server of this learner, or of another, for a page."""
        headers = {"Authorization": f"token {self.token}"}
        async with httpx.AsyncClient(headers=headers, timeout=60) as client:
            return await client.get(f"{self.hub}/user/{of or self.name}/{path}")

    async def open_kernel(self, notebook: str) -> None:
        """A kernel in the notebook's folder, and the websocket to it."""
        headers = {"Authorization": f"token {self.token}"}
        place = f"{self.hub}/user/{self.name}/api/kernels"
        async with httpx.AsyncClient(headers=headers, timeout=180) as client:
            answer = await client.post(place, json={"path": notebook})
        answer.raise_for_status()
        address = place.replace("http", "ws", 1) + f"/{answer.json()['id']}/channels"
        request = HTTPRequest(address, headers=headers, connect_timeout=60)
        self._socket = await websocket_connect(request, max_message_size=2**28)

    async def run(self, notebook: Any) -> None:
        """Run every code cell, and keep the errors that the notebook does not want."""
        began = time.monotonic()
        for cell in notebook.cells:
            if cell.cell_type == "code":
                _, error = await self.execute(cell.source)
                wanted = "raises-exception" in cell.metadata.get("tags", [])
                if error and not wanted:
                    self.errors.append(f"{cell.id}: {error}")
        self.ran = time.monotonic() - began

    async def execute(self, source: str) -> tuple[str, str]:
        """Run a cell; gives what it printed and the error, if there was one."""
        assert self._socket is not None
        number = uuid.uuid4().hex
        await self._socket.write_message(_request(number, source))
        printed, error = "", ""
        while True:
            message = await asyncio.wait_for(self._socket.read_message(), 180)
            if message is None:
                raise ConnectionError(f"{self.name}: the websocket was closed")
            told = json.loads(message)
            if told["parent_header"].get("msg_id") != number:
                continue
            kind, content = told["header"]["msg_type"], told["content"]
            if kind == "stream":
                printed += content["text"]
            elif kind == "error":
                error = f"{content['ename']}: {content['evalue']}"[:200]
            elif kind == "status" and content["execution_state"] == "idle":
                return printed, error

    async def close(self) -> None:
        """Close what this learner has open."""
        if self._socket is not None:
            self._socket.close()
        await self._browser.aclose()


def _request(number: str, source: str) -> str:
    header = {"msg_id": number, "msg_type": "execute_request", "version": "5.3"}
    header |= {"username": "", "session": number, "date": ""}
    content = {"code": source, "silent": False, "store_history": True}
    content |= {"user_expressions": {}, "allow_stdin": False, "stop_on_error": False}
    whole = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
    return json.dumps(whole | {"buffers": [], "channel": "shell"})


def read(path: Any) -> Any:
    """A notebook, as its learner opens it."""
    return nbformat.read(path, as_version=4)
