"""Large bodies end early, whatever their header says, and uploads of one address have an end."""

import httpx
import pytest

from space.api.body_limit import BodyLimit


async def app(scope, receive, send):
    """Reads the whole body and tells how long it was."""
    length, more = 0, True
    while more:
        message = await receive()
        length, more = length + len(message["body"]), message["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(length).encode()})


async def post(limit, **request):
    transport = httpx.ASGITransport(limit)
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
        return await client.post("/", **request)


async def pieces(count):
    for _ in range(count):
        yield b"x" * 100


def run(coroutine):
    import asyncio

    return asyncio.run(coroutine)


def test_a_body_within_the_limit_arrives_whole():
    assert run(post(BodyLimit(app, 1000), content=b"x" * 1000)).text == "1000"
    assert run(post(BodyLimit(app, 1000), content=pieces(10))).text == "1000"


@pytest.mark.parametrize("body", [b"x" * 1001, pieces(1000)], ids=["with its length", "in pieces"])
def test_a_body_that_is_too_large_is_refused(body):
    answer = run(post(BodyLimit(app, 1000), content=body))
    assert answer.status_code == 413
    assert "too large" in answer.json()["detail"]


def test_uploads_of_one_address_end_and_those_of_another_do_not():
    limit = BodyLimit(app, 10, most_uploaded_bytes=5000)
    upload = {"files": {"files": ("a.wav", b"0" * 3000)}}
    first, second = (run(post(limit, headers={"x-forwarded-for": "10.0.0.1"}, **upload)) for _ in range(2))
    other = run(post(limit, headers={"x-forwarded-for": "10.0.0.2"}, **upload))
    assert (first.status_code, second.status_code, other.status_code) == (200, 429, 200)


def test_the_page_refuses_a_body_of_eight_megabytes(served):
    body = {"data": ["x" * 8_000_000, 1.0, "", 1, 1, 3.0, "none", 1.0]}
    assert httpx.post(f"{served.url}gradio_api/call/generate", json=body, timeout=60).status_code == 413


@pytest.mark.parametrize(
    "error", [ValueError("no"), UnicodeEncodeError("utf-8", "a", 0, 1, "no"), RecursionError(), KeyError(1)]
)
def test_a_request_that_the_server_cannot_parse_is_refused_in_a_sentence(error):
    async def stumbles(scope, receive, send):
        raise error

    answer = run(post(BodyLimit(stumbles, 1000), content=b"{"))
    assert answer.status_code == 400
    assert "not understood" in answer.text


def test_what_breaks_after_the_answer_began_is_not_hidden():
    async def breaks(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ValueError("later")

    with pytest.raises(ValueError, match="later"):
        run(post(BodyLimit(breaks, 1000), content=b"{"))


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x"])
def test_a_body_of_no_letters_is_refused_in_a_sentence_whatever_it_says_it_is(served, kind):
    headers = {"content-type": kind}
    answer = httpx.post(f"{served.url}gradio_api/queue/join", content=b"\xbf\xff\x00", headers=headers, timeout=60)
    assert answer.status_code in (400, 422)
    assert "Traceback" not in answer.text


def test_a_refusal_in_the_middle_of_an_answer_ends_it_without_a_traceback(caplog):
    from starlette.exceptions import HTTPException

    async def breaks(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("response already started") from HTTPException(404, "no such session")

    assert run(post(BodyLimit(breaks, 1000), content=b"{")).status_code == 200
    assert "no such session" in caplog.text


def test_an_upload_that_the_server_cannot_parse_is_refused_in_a_sentence():
    async def stumbles(scope, receive, send):
        raise UnicodeDecodeError("utf-8", b"x", 0, 1, "no")

    answer = run(post(BodyLimit(stumbles, 1000), files={"files": ("a.wav", b"0" * 3000)}))
    assert answer.status_code == 400
    assert "not understood" in answer.text


def test_an_endpoint_that_there_is_none_of_is_refused_in_a_sentence(served):
    answer = httpx.post(f"{served.url}gradio_api/call/nothing", json={"data": []}, timeout=60)
    assert answer.status_code == 400
    assert "not understood" in answer.text
