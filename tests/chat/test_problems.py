"""Every error is a problem (RFC 9457); nothing of a request comes back or is logged."""

import logging

import pytest

from chat.process import ShortNames
from course_utils.fake import Reply
from tests.chat.site import SESSION, TEXT, site

SECRET = "sk-hunter2"
MARK = "<script>alert(1)</script>"
JSON = {"Content-Type": "application/json"}
WRONG = [
    ("POST", "/chat", {"json": {"text": ""}}, 422),
    ("POST", "/chat", {"json": {"text": " \n"}}, 422),
    ("POST", "/chat", {"json": {"text": MARK * 400}}, 422),
    ("POST", "/chat", {"json": {"text": "Hi", MARK: SECRET}}, 422),
    ("POST", "/chat", {"json": {"text": [SECRET]}}, 422),
    ("POST", "/chat", {"json": [MARK]}, 422),
    ("POST", "/chat", {"content": b'{"text": "\\ud800"}', "headers": JSON}, 422),
    ("POST", "/chat", {"content": MARK.encode(), "headers": JSON}, 422),
    ("POST", "/chat", {"content": b'"\xff"', "headers": JSON}, 400),
    ("POST", "/chat", {"content": SECRET.encode()}, 422),
    ("POST", "/chat", {}, 422),
    ("GET", f"/chat/{MARK}", {}, 404),
    ("DELETE", f"/chat/{SECRET}", {}, 404),
    ("GET", f"/{SECRET}", {}, 404),
    ("GET", f"/markdown/{SECRET}.js", {}, 404),
    ("GET", "/markdown/..%2f..%2fapp.js", {}, 404),
    ("GET", "/app.py", {}, 404),
    ("GET", "/chat/", {}, 404),
    ("PUT", "/chat", {"json": {"text": SECRET}}, 405),
]


@pytest.mark.parametrize(("method", "path", "more", "status"), WRONG)
async def test_a_problem_says_what_is_wrong_and_repeats_nothing(
    method, path, more, status
):
    async with site() as client:
        response = await client.request(method, path, **more)
        assert client.model.log == []
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    for part in (SECRET, "script", "alert", "ud800"):
        assert part not in response.text + str(response.headers)


async def test_a_fault_of_ours_is_a_problem_without_its_text(caplog):
    def broken(text):
        raise RuntimeError(f"cannot answer {text}")

    async with site() as client:
        client.chat.ask = broken
        response = await client.post("/chat", json={"text": SECRET})
    assert response.status_code == 500
    assert response.json()["title"] == "Internal Server Error"
    assert "RuntimeError" in caplog.text  # which error, and where
    assert "test_problems.py" in caplog.text
    assert SECRET not in response.text + caplog.text


REPLIES = [
    Reply(SECRET),
    Reply(f"One {SECRET} two", drop_after=2),
    Reply(f"One {SECRET} two", cut_after=1),
    Reply(status=500),
    Reply(status=429),
]


@pytest.mark.parametrize("reply", REPLIES)
async def test_no_question_answer_key_or_whole_name_is_in_any_log(reply, caplog):
    caplog.set_level(logging.DEBUG)
    async with site(reply) as client:
        response = await client.post(
            "/chat",
            json={"text": f"My key is {SECRET}"},
            headers={"Authorization": SECRET},
        )
        address = response.headers.get("location", "chat/none")
        await client.get(f"/{address}", headers={"Last-Event-ID": f"{address[5:]}.1"})
        await client.delete(f"/{address}")
    ours = [r for r in caplog.records if not r.name.startswith("http")]  # the client's
    written = " ".join(record.getMessage() + str(record.exc_text) for record in ours)
    assert "answer " in written
    for part in (SECRET, SESSION, address.removeprefix("chat/")):
        assert part not in written


async def test_an_error_that_quotes_the_question_is_not_written_down(caplog):
    async def stream():
        yield "One"
        raise ValueError(f"content filter: {SECRET}")

    async with site() as client:
        client.chat.ask = lambda text: stream()
        response = await client.post("/chat", json={"text": "Hi"})
    assert "ValueError" in caplog.text
    assert SECRET not in caplog.text + response.text


def test_the_servers_own_log_has_no_whole_name():
    record = logging.LogRecord(
        "uvicorn.access",
        logging.INFO,
        "",
        0,
        '%s - "%s %s HTTP/%s" %d',
        ("127.0.0.1:5", "GET", "/user/me/chat/0123456789abcdef-0123?x=1", "1.1", 200),
        None,
    )
    assert ShortNames().filter(record)
    assert "/user/me/chat/012345…?x=1" in record.getMessage()


@pytest.mark.parametrize(
    "path", ["/", "/page.js", "/page.css", "/markdown.js", "/icon.svg"]
)
async def test_what_the_page_loads_has_a_strict_policy(path):
    async with site(TEXT) as client:
        response = await client.get(path)
    assert response.status_code == 200
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert response.headers["x-content-type-options"] == "nosniff"
