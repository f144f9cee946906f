"""Who asks: the session and address of a request, and whether its client is still there."""

from collections.abc import Callable

from gradio.context import LocalContext


def visitor(page) -> tuple[str, str]:
    """(session, address) of a gradio request; behind a proxy the address is the last one that it vouches for."""
    forwarded = (page.headers.get("x-forwarded-for") or "").split(",")[-1].strip() if page.headers else ""
    return page.session_hash or "", forwarded or (page.client.host if page.client else "")


def current_page():
    """The gradio request that is being answered; None outside of one."""
    return LocalContext.request.get(None)


def current_address() -> str:
    """The address of the request that is being answered; "" outside of one."""
    page = current_page()
    return "" if page is None else visitor(page)[1]


def departure() -> Callable[[], bool]:
    """A function that is true once the client of the request that is being answered has closed its connection.

    gradio's queue knows it, and tells no function that is at work: it only marks the event as no longer alive.
    """
    blocks, event = LocalContext.blocks.get(None), LocalContext.event_id.get(None)
    queue = getattr(blocks, "_queue", None)
    if queue is None or event is None:
        return lambda: False
    return lambda: any(job._id == event and not job.alive for jobs in queue.active_jobs if jobs for job in list(jobs))
