"""The process around the application: its log, its socket, its server."""

from __future__ import annotations

import asyncio
import logging
import socket
from contextlib import suppress

import uvicorn
from starlette.types import ASGIApp

from components.errors import PlaygroundError
from components.jobs.metrics import EVENT_LOG

PORTS = range(7860, 7960)
LONGEST_ADDRESS = 65_536  # bytes; a link may carry a long prompt

log = logging.getLogger("playground")


def set_up_logging() -> None:
    """Log lines for people, and each change of a job as one line of JSON and nothing else."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for client in ("httpx2", "httpx"):  # their INFO lines hold whole addresses; Gradio still uses the older one
        logging.getLogger(client).setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("uvicorn.error").addFilter(_is_no_cut_stream)
    json_lines = logging.StreamHandler()
    json_lines.setFormatter(logging.Formatter("%(message)s"))
    job_log = logging.getLogger(EVENT_LOG)
    job_log.addHandler(json_lines)
    job_log.propagate = False


def bind(host: str, port: int | None) -> socket.socket:
    """A socket that listens on the port, or without one on the first free port from 7860 on. Raises PlaygroundError."""
    ports = [port] if port is not None else PORTS
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for number in ports:
        listener = socket.socket(family)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, number))
            listener.listen()  # until it listens, another process may bind the same port, and fail later
        except OSError as error:
            listener.close()
            reason = error
        else:
            return listener
    raise PlaygroundError(f"Port {ports[0]} on {host} cannot be used: {reason.strerror}.")


def own_address(host: str, port: int) -> str:
    """The address at which this process reaches itself when it listens on ``host``, which may be a wildcard."""
    name = "127.0.0.1" if host in ("0.0.0.0", "::", "") else host  # noqa: S104  # compared, not bound
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def serve(app: ASGIApp, listener: socket.socket, host: str, *, behind_proxy: bool) -> None:
    """Serve until a signal stops the process. ``behind_proxy``: every client is a proxy, whose headers say who the visitor is."""
    config = uvicorn.Config(
        app,
        log_level="warning",
        h11_max_incomplete_event_size=LONGEST_ADDRESS,
        forwarded_allow_ips="*" if behind_proxy else None,
        timeout_graceful_shutdown=3,  # an open page holds a stream for as long as it is open
    )
    log.info("The playground is at %s", own_address(host, listener.getsockname()[1]))
    with suppress(KeyboardInterrupt):
        uvicorn.Server(config).run([listener])


def _is_no_cut_stream(record: logging.LogRecord) -> bool:
    """False for the streams of open pages that are cut when the server stops: they are no errors."""
    kind = record.exc_info[0] if record.exc_info else None
    cut = kind is not None and issubclass(kind, asyncio.CancelledError)
    return not cut and "timeout graceful shutdown" not in str(record.msg)
