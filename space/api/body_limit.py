"""How much one request and one visitor may send, checked while it arrives: nothing large is ever held in memory."""

import logging
import threading
import time
from collections import deque

from gradio.route_utils import FnIndexInferError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

log = logging.getLogger(__name__)

# The largest honest body is the table of captions in Fine-tune: 3,000 rows.
MOST_BYTES = 4_000_000
# Uploads of one address in five minutes on a public Space; gradio itself limits each file.
MOST_UPLOADED_BYTES = 1_000_000_000
WINDOW_S = 300.0
TOO_LARGE = "The request is too large. Send {most} MB at most, and files through an upload."
UNKNOWN = "The request is not understood. Send JSON as the page's API describes it."
NOT_UNDERSTOOD = (ValueError, TypeError, LookupError, AttributeError, RecursionError, FnIndexInferError)
TOO_MANY = "Too much was uploaded from here. Wait five minutes and try again."


class TooLarge(Exception):
    """A body went on after its limit."""


class BodyLimit:
    """ASGI middleware: bodies that are no upload end at `most_bytes`, uploads of one address at `most_uploaded_bytes`.

    None for the latter: no limit, as at home.
    """

    def __init__(self, app, most_bytes: int = MOST_BYTES, most_uploaded_bytes: int | None = None):
        self.app, self.most_bytes, self.most_uploaded_bytes = app, most_bytes, most_uploaded_bytes
        self.uploaded: dict[str, deque[tuple[float, int]]] = {}
        self.lock = threading.Lock()

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        headers = {name.lower(): value for name, value in scope["headers"]}
        is_upload = headers.get(b"content-type", b"").startswith(b"multipart/form-data")
        told = headers.get(b"content-length", b"0")[:18]
        length = int(told) if told.isdigit() else 0
        if is_upload:
            if not self._may_upload(_address(scope, headers), length):
                return await JSONResponse({"detail": TOO_MANY}, 429)(scope, receive, send)
            return await self._counted(scope, receive, send)
        refusal = JSONResponse({"detail": TOO_LARGE.format(most=self.most_bytes // 1_000_000)}, 413)
        if length > self.most_bytes:
            return await refusal(scope, receive, send)
        return await self._counted(scope, receive, send, refusal)

    async def _counted(self, scope, receive, send, refusal=None):
        """The app with a body that ends where it becomes too large, whatever its header said; None: it never does."""
        arrived, begun = 0, False

        async def limited():
            nonlocal arrived
            message = await receive()
            arrived += len(message.get("body", b""))
            if refusal is not None and arrived > self.most_bytes:
                raise TooLarge
            return message

        async def watched(message):
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, limited, watched)
        except TooLarge:
            if not begun:
                await refusal(scope, receive, send)
        except NOT_UNDERSTOOD as error:
            # What the server's own parsers raise on bodies that are no request at all; what the page does with one
            # that is understood never comes this way.
            if begun:
                raise
            log.warning("a request to %s was not understood: %s", scope.get("path", "")[:80], type(error).__name__)
            await JSONResponse({"detail": UNKNOWN}, 400)(scope, receive, send)
        except RuntimeError as error:
            # The server refused in the middle of its answer: an event stream of a session that is not there.
            if not (begun and isinstance(error.__cause__, HTTPException)):
                raise
            log.warning("an answer to %s ended: %s", scope.get("path", "")[:80], error.__cause__.detail)
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _may_upload(self, address: str, length: int) -> bool:
        if self.most_uploaded_bytes is None:
            return True
        with self.lock:
            now = time.monotonic()
            for key in list(self.uploaded):
                while self.uploaded[key] and self.uploaded[key][0][0] + WINDOW_S <= now:
                    self.uploaded[key].popleft()
                if not self.uploaded[key]:
                    del self.uploaded[key]
            sent = self.uploaded.setdefault(address, deque())
            if sum(size for _, size in sent) + length > self.most_uploaded_bytes:
                return False
            sent.append((now, length))
            return True


def _address(scope, headers: dict[bytes, bytes]) -> str:
    """As `space.store.visitors` tells it: behind a proxy the last one that it vouches for."""
    forwarded = headers.get(b"x-forwarded-for", b"").decode("latin-1").split(",")[-1].strip()
    return forwarded or (scope.get("client") or ("",))[0]
