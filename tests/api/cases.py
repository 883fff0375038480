"""Replies as services send them that speak nearly the same contract, and what each makes of a job.

The reader, the snippets and the running application are tested with the same table. ``HOST`` stands for the upstream's
own address without its scheme; every path below ``/img/`` is a picture, but for ``page.html``, and ``late.png``, which is
there a few requests later.
"""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from typing import Any

from PIL import Image


def _png() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(file, "PNG")
    return file.getvalue()


PNG = _png()
PNG_BASE64 = base64.b64encode(PNG).decode()
UP = "http://HOST"
A, B = f"{UP}/img/a.png", f"{UP}/img/b.png"
CREATED: Any = {"code": 200, "data": {"task_id": "t1", "status": "IN_PROGRESS"}}


@dataclass(frozen=True)
class ReplyCase:
    """``task`` answers each GET, ``created`` the POST. ``says`` is part of the message; ``charged`` False: surely not."""

    name: str
    state: str
    task: Any = None
    images: int = 0
    says: str = ""
    created: Any = None
    status: int = 200
    location: str = ""
    prefix: bytes = b""
    charged: bool = True


def done(name: str, task: Any = None, images: int = 1, **more: Any) -> ReplyCase:
    return ReplyCase(name, "done", task, images, **more)


def failed(name: str, task: Any = None, says: str = "", **more: Any) -> ReplyCase:
    return ReplyCase(name, "failed", task, says=says, **more)


LINKS = {"get": f"{UP}/v1/predictions/x", "cancel": f"{UP}/v1/predictions/x/cancel", "web": f"{UP}/p/x"}
CASES = [
    done("control addresses beside outputs", {"code": 200, "message": "success", "data": {"id": "x", "outputs": [A], "urls": {"get": f"{UP}/predictions/x/result"}, "has_nsfw_contents": [False], "status": "completed", "error": "", "timings": {"inference": 1}}}),
    done("control addresses beside an output", {"id": "x", "status": "succeeded", "input": {"image": f"{UP}/img/in.png"}, "output": A, "error": None, "logs": "", "urls": LINKS, "metrics": {"predict_time": 3.2}}),
    done("succeed", {"code": 0, "msg": "ok", "data": {"task_status": "succeed", "task_result": {"images": [{"index": 0, "url": A}]}}}),
    done("Ready", {"id": "x", "status": "Ready", "result": {"sample": A, "prompt": "x"}}),
    done("a word of its own", {"id": "x", "state": "BAKED", "result": {"images": [A, B]}}, images=2),
    failed("canceled", {"code": 200, "data": {"status": "canceled"}}, "canceled"),
    failed("aborted", {"code": 200, "data": {"status": "aborted", "error": None}}, "aborted"),
    failed("GENERATE_FAILED", {"code": 200, "msg": "success", "data": {"taskId": "x", "response": None, "status": "GENERATE_FAILED", "errorCode": 400, "errorMessage": "Flagged as violating a content policy"}}, "content policy"),
    failed("a reason beside a word of success", {"code": 0, "message": "SUCCEED", "data": {"task_id": "x", "task_status": "failed", "task_status_msg": "Image pixel is invalid", "task_result": {}}}, "Image pixel is invalid"),
    failed("an error beside COMPLETED", {"status": "COMPLETED", "error": "Downstream service unavailable", "error_type": "downstream"}, "Downstream service unavailable"),
    failed("an error code alone", {"code": 50412, "message": "Input text does not pass", "data": None}, "Input text does not pass"),
    done("base64 at once", created={"created": 1, "data": [{"b64_json": PNG_BASE64}], "usage": {"total_tokens": 10}}),
    done("base64 later", {"status": "completed", "data": [{"b64_json": PNG_BASE64}]}),
    done("bare base64", {"status": "completed", "output": {"image": PNG_BASE64}}),
    failed("a code of five digits", created={"code": 10001, "msg": "Parameter error: size", "data": {}}, says="Parameter error: size", charged=False),
    failed("a redirect", created={}, status=301, location="/api/v1/images/generations/", says="API_IN_ONE_BASE_URL", charged=False),
    done("a request id", {"status": "COMPLETED", "images": [{"url": A}]}, created={"request_id": "t1", "status": "IN_QUEUE"}, status=202),
    done("a preview beside the result", {"code": 200, "data": {"status": "completed", "result": {"previewUrl": f"{UP}/img/p.png", "coverUrl": f"{UP}/img/p.png", "imageUrl": A}}}),
    done("a byte order mark", {"code": 200, "data": {"status": "completed", "images": [A]}}, prefix=b"\xef\xbb\xbf"),
    done("an address without a scheme", {"code": 200, "data": {"status": "completed", "output": {"image_url": "//HOST/img/a.png"}}}),
    done("late at its host", {"code": 200, "data": {"status": "completed", "output": {"image_url": f"{UP}/img/late.png"}}}),
]  # fmt: skip
