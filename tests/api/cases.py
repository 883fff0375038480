"""Replies as services send them that speak nearly the same contract, and what each makes of a job.

The reader, the snippets and the running application are tested with the same table. ``HOST`` stands for the upstream's
own address without its scheme; every path below ``/img/`` is a picture, but for ``page.html``, and ``late.png``, which is
there a few requests later.
"""

from __future__ import annotations

import base64
import io
import json
from dataclasses import dataclass
from typing import Any

from PIL import Image


def picture(form: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(file, form)
    return file.getvalue()


def picture_url(form: str) -> str:
    return f"data:image/{form.lower()};base64,{base64.b64encode(picture(form)).decode()}"


PNG = picture("PNG")
SVG = '<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"><rect width="9" height="9"/></svg>'
PNG_BASE64 = base64.b64encode(PNG).decode()
UPSTREAM = "http://HOST"
A, B = f"{UPSTREAM}/img/a.png", f"{UPSTREAM}/img/b.png"
CREATED: Any = {"code": 200, "data": {"task_id": "t1", "status": "IN_PROGRESS"}}


@dataclass(frozen=True)
class ReplyCase:
    """``task`` answers each GET, ``created`` the POST: text or bytes as they are, anything else as JSON.

    ``status`` and ``location`` are the POST's, ``poll_status`` is the GET's status, ``kind`` is the Content-Type of both. ``says`` is part of the message;
    ``charged`` False: surely not. ``state`` is ``uncertain`` where nobody knows whether the request was accepted.
    """

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
    kind: str = "application/json"
    poll_status: int = 200

    def body(self, method: str, host: str = "HOST") -> bytes:
        """The answer to a request."""
        answer = self.task if method == "GET" else CREATED if self.created is None else self.created
        data = answer if isinstance(answer, bytes) else (answer if isinstance(answer, str) else json.dumps(answer)).encode()
        return (self.prefix if method == "GET" else b"") + data.replace(b"HOST", host.encode())


def done(name: str, task: Any = None, images: int = 1, **more: Any) -> ReplyCase:
    return ReplyCase(name, "done", task, images, **more)


def failed(name: str, task: Any = None, says: str = "", **more: Any) -> ReplyCase:
    return ReplyCase(name, "failed", task, says=says, **more)


def refused(name: str, created: Any, says: str = "", **more: Any) -> ReplyCase:
    return ReplyCase(name, "failed", created=created, says=says, charged=False, **more)


def lost(name: str, created: Any, says: str = "", **more: Any) -> ReplyCase:
    return ReplyCase(name, "uncertain", created=created, says=says, **more)


def completed(**more: Any) -> dict[str, Any]:
    return {"code": 200, "data": {"status": "completed", **more}}


def data_url(mode: str, media: str = "png") -> str:
    """A ``data:`` URL as ``mode`` spells it."""
    spelled = {
        "spaces": f"data: image/{media}; base64, ",
        "capitals": f"DATA:IMAGE/{media.upper()};BASE64,",
        "bare": f"image/{media};base64,",
    }
    return spelled[mode] + PNG_BASE64


def in_lines(text: str, line_break: str) -> str:
    """A text in lines of 76 characters."""
    return line_break.join(text[start : start + 76] for start in range(0, len(text), 76)) + line_break


LINKS = {"get": f"{UPSTREAM}/v1/predictions/x", "cancel": f"{UPSTREAM}/v1/predictions/x/cancel", "web": f"{UPSTREAM}/p/x"}
CASES = [
    done("control addresses beside outputs", {"code": 200, "message": "success", "data": {"id": "x", "outputs": [A], "urls": {"get": f"{UPSTREAM}/predictions/x/result"}, "has_nsfw_contents": [False], "status": "completed", "error": "", "timings": {"inference": 1}}}),
    done("control addresses beside an output", {"id": "x", "status": "succeeded", "input": {"image": f"{UPSTREAM}/img/in.png"}, "output": A, "error": None, "logs": "", "urls": LINKS, "metrics": {"predict_time": 3.2}}),
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
    done("a preview beside the result", {"code": 200, "data": {"status": "completed", "result": {"previewUrl": f"{UPSTREAM}/img/p.png", "coverUrl": f"{UPSTREAM}/img/p.png", "imageUrl": A}}}),
    done("a byte order mark", {"code": 200, "data": {"status": "completed", "images": [A]}}, prefix=b"\xef\xbb\xbf"),
    done("an address without a scheme", {"code": 200, "data": {"status": "completed", "output": {"image_url": "//HOST/img/a.png"}}}),
    done("an address to poll beside the result", {"id": "t1", "status": "Ready", "polling_url": f"{UPSTREAM}/v1/get_result?id=t1", "result": {"sample": A, "seed": 1}}),
    done("the addresses of a queue beside the images", {"status": "COMPLETED", "response_url": f"{UPSTREAM}/requests/t1", "status_url": f"{UPSTREAM}/requests/t1/status", "cancel_url": f"{UPSTREAM}/requests/t1/cancel", "images": [{"url": A}]}),
    done("a poster beside the picture", completed(output={"poster_url": f"{UPSTREAM}/img/p.png", "thumb_url": f"{UPSTREAM}/img/t.png", "url": A})),
    # -- words and flags --
    done("a word with a tail", {"task_id": "t1", "status": "TASK_COMPLETED", "images": [A]}),
    done("capitals and a sentence", {"Status": "Job Completed Successfully", "Result": {"ImageUrl": A}}),
    done("done as a flag", {"name": "operations/t1", "done": True, "response": {"images": [{"uri": A}]}}),
    done("a success flag", {"code": 200, "msg": "success", "data": {"taskId": "t1", "successFlag": 1, "response": {"resultImageUrl": A}}}),
    failed("a failure flag", {"code": 200, "msg": "success", "data": {"taskId": "t1", "successFlag": 3, "errorMessage": "Generation failed", "response": None}}, "Generation failed"),
    done("a state as an object", {"id": "t1", "status": {"state": "Finished", "progress": 100}, "output": [A]}),
    done("a number as the state", {"id": "t1", "status": 2, "output": [A]}),
    failed("German words", {"status": "Fehlgeschlagen", "message": "Das Bild verstößt gegen die Richtlinien"}, "verstößt gegen"),
    done("German success", {"status": "Fertig", "result": {"bild": A}}),
    failed("unsuccessful", {"status": "UNSUCCESSFUL", "reason": "Out of memory"}, "Out of memory"),
    failed("moderated", {"id": "x", "status": "Content Moderated", "result": None, "details": {"Moderation Reasons": ["Derivative Works Filter"]}}, "Moderation Reasons: Derivative Works Filter"),
    failed("an error as a dict of lists", {"status": "failed", "errors": {"size": ["must be 1024x1024"]}}, "size: must be 1024x1024"),
    failed("a phrase beside the reason", {"status": "failed", "error": "Bad Request", "message": "size must be 1024"}, "size must be 1024"),
    failed("a number beside the reason", {"status": "FAILURE", "error": 1, "fail_reason": "NSFW"}, "NSFW"),
    failed("completed without a picture, with a reason", completed(images=[], message="Blocked by the content policy"), "Blocked by the content policy"),
    failed("failed in a 422", {"status": "failed", "detail": [{"loc": ["size"], "msg": "not supported"}]}, "not supported", poll_status=422),
    failed("a raw message", {"status": "failed", "error": {"code": 10000, "raw_message": "NSFW prompt", "message": ""}}, "NSFW prompt"),
    failed("Chinese words", {"status": "生成失败", "message": "图片尺寸错误"}, "图片尺寸错误"),
    # -- where the pictures are --
    done("a key around everything", {"generations_by_pk": {"status": "COMPLETE", "generated_images": [{"url": A}]}}),
    done("an ampersand in HTML's spelling", completed(image_url=A + "?a=1&amp;b=2")),
    done("nested envelopes", {"code": "success", "message": "", "data": {"task_id": "t1", "status": "SUCCESS", "progress": "100%", "data": {"data": [{"url": A}]}}}),
    done("data.output.images", completed(output={"images": [{"url": A, "width": 40, "content_type": "image/png"}, {"url": B}]}), images=2),
    done("JSON in a field", {"code": 200, "data": {"taskId": "t1", "state": "success", "resultJson": json.dumps({"resultUrls": [A]})}}),
    done("strings with JSON", completed(output=[json.dumps({"url": A}), json.dumps({"url": B})]), images=2),
    done("JSON within JSON", json.dumps(json.dumps({"status": "completed", "resultJson": json.dumps({"resultUrls": [A]})}))),
    done("a list in Python's spelling", completed(images=f"['{A}', '{B}']"), images=2),
    done("a list as the reply", [{"id": "t1", "status": "completed", "image": A}]),
    done("addresses as data", {"code": 200, "message": "ok", "data": [A, B]}, images=2),
    done("one address as data", {"code": 200, "message": "ok", "data": A}),
    done("semicolons between addresses", completed(image_urls=f"{A};{B}"), images=2),
    done("escaped slashes", completed(output=A.replace("/", "\\/"))),
    done("Markdown", {"id": "t1", "status": "done", "choices": [{"message": {"content": f"Here it is: ![a fox]({A})"}}]}),
    done("the page and the path of a picture", completed(images=[{"url": A, "path": "/srv/out/a.png", "page": f"{UPSTREAM}/p/a", "download_url": f"{UPSTREAM}/img/page.html"}])),
    done("base64 beside an address", completed(images=[{"url": f"{UPSTREAM}/img/expired.html", "b64_json": PNG_BASE64}])),
    done("links beside the output", {"id": "t1", "status": "succeeded", "output": A, "_links": {"self": {"href": f"{UPSTREAM}/v1/t1"}, "result": f"{UPSTREAM}/v1/t1/result"}}),
    done("an avatar in the result", completed(output={"user": {"avatar_url": f"{UPSTREAM}/img/me.png"}, "image_url": A})),
    done("keys with hyphens", {"task-status": "Succeeded", "image-url": A, "preview-image": B}),
    done("null among the pictures", completed(images=[None, "", {"url": None}, {"url": A}])),
    # -- pictures in the reply --
    done("a GIF in the reply", completed(images=[picture_url("GIF")])),
    done("an AVIF in the reply", completed(images=[{"image_base64": picture_url("AVIF").partition(",")[2]}])),
    done("a BMP in the reply", completed(images=[{"b64_json": picture_url("BMP").partition(",")[2]}])),
    done("a TIFF in the reply", completed(images=[picture_url("TIFF")])),
    done("data: with spaces", completed(output=data_url("spaces"))),
    done("data: in capitals", completed(output={"image": data_url("capitals")})),
    done("a media type alone", completed(output={"image": data_url("bare")})),
    done("base64 without padding, for URLs", completed(images=["data:image/png;base64," + PNG_BASE64.rstrip("=").replace("+", "-").replace("/", "_")])),
    done("base64 with percents", completed(images=["data:image/png;base64," + PNG_BASE64.replace("+", "%2B").replace("=", "%3D")])),
    done("base64 with line breaks", completed(images=[in_lines(PNG_BASE64, "\r\n")])),
    done("base64 with line breaks and no padding", completed(output={"image": in_lines(PNG_BASE64.rstrip("="), "\n")})),
    done("a data: URL with line breaks", completed(images=["data:image/png;base64,\n" + in_lines(PNG_BASE64, "\n")])),
    done("bytes in base64 and nothing else", {"predictions": [{"bytesBase64Encoded": PNG_BASE64, "mimeType": "image/png"}]}),
    done("an SVG as text", completed(output={"svg": SVG})),
    done("a picture as the reply", PNG, kind="image/png"),
    # -- how JSON is written --
    done("a trailing comma", '{"status": "completed", "images": ["http://HOST/img/a.png",],}'),
    done("raw control characters", '{"status": "completed", "prompt": "a\tb\nc\x01", "images": ["http://HOST/img/a.png"]}'),
    done("a prefix against scripts", ")]}',\n" + '{"status": "completed", "images": ["http://HOST/img/a.png"]}'),
    done("text behind the JSON", '{"status": "completed", "images": ["http://HOST/img/a.png"]}\n<!-- cached -->'),
    done("a document a line", '{"status": "processing"}\n{"status": "completed", "images": ["http://HOST/img/a.png"]}\n'),
    done("events", 'event: done\ndata: {"status": "completed", "images": ["http://HOST/img/a.png"]}\n\n', kind="text/event-stream"),
    done("a byte order mark and lines", '\n {"status": "completed", "images": ["http://HOST/img/a.png"]}', prefix=b"\xef\xbb\xbf"),
    failed("Latin-1", '{"status": "failed", "error": "Größe ungültig"}'.encode("latin-1"), "Größe ungültig", kind="application/json; charset=iso-8859-1"),
    failed("GBK", '{"status": "failed", "error": "图片尺寸错误"}'.encode("gbk"), "图片尺寸错误", kind="application/json; charset=gbk"),
    failed("UTF-16", '{"status": "failed", "error": "Größe"}'.encode("utf-16"), "Größe"),
    # -- answers to the request --
    done("201 with a nested id", completed(images=[A]), created={"result": {"taskId": "t1", "state": "QUEUING"}}, status=201),
    done("a list with the task", completed(images=[A]), created=[{"uuid": "t1", "status": "scheduled"}]),
    done("an id in a key around everything", completed(images=[A]), created={"generationJob": {"generationId": "t1", "cost": 4}}),
    done("the id as data", completed(images=[A]), created={"code": 200, "msg": "success", "data": "t1-4f3a9"}),
    done("a code that is a word", completed(images=[A]), created={"code": "Accepted", "message": "Task accepted", "task_id": "t1"}),
    done("a result at once with an id", created={"code": 200, "data": {"task_id": "t1", "status": "completed", "images": [A]}}),
    done("202 without a body", completed(images=[A]), created="", status=202, location="/api/v1/tasks/t1"),
    done("a reply that is cut off", completed(images=[A]), created='{"code":200,"message":"success","data":{"task_id":"t1","status":"IN_PRO'),
    done("a 502 that names the task", completed(images=[A]), created={"error": "upstream timed out", "task_id": "t1"}, status=502),
    refused("an error object with a number", {"error": {"code": 1234, "message": "Unknown size", "status": "INVALID_ARGUMENT"}}, "Unknown size"),
    refused("an error that is true", {"error": True, "message": "Unknown size"}, "Unknown size"),
    refused("a status that is false", {"status": False, "message": "Unknown size"}, "Unknown size"),
    refused("ok: false", {"ok": False, "error_description": "Unknown size"}, "Unknown size"),
    refused("a status of 402 in a 200", {"status": 402, "title": "Payment Required", "detail": "Insufficient credits"}, "out of credits"),
    refused("capitals", {"Code": "InvalidParameter", "Message": "Unknown size", "RequestId": "r1"}, "Unknown size"),
    refused("a negative code", {"code": -1001, "msg": "Unknown size", "data": None}, "Unknown size"),
    refused("308", "", "API_IN_ONE_BASE_URL", status=308, location="https://other.example/api/v1/images/generations"),
    lost("a web page", "<!doctype html><title>Just a moment</title>", "a web page", kind="text/html"),
    lost("nothing", "", "nothing"),
    lost("words without an id", {"code": 200, "message": "Request accepted"}, "names no state"),
    # -- echoes, copies and controls under other names --
    done("addresses by name in an output", {"status": "succeeded", "output": {"urls": {"raw": A}}}),
    done("references beside the result", completed(ref_images=[f"{UPSTREAM}/img/in.png"], output_images=[A])),
    done("an echo as a config", {"status": "completed", "config": {"image_url": f"{UPSTREAM}/img/in.png"}, "output": A}),
    done("an echo as arguments", {"status": "completed", "arguments": {"image_urls": [f"{UPSTREAM}/img/in.png"]}, "output": A}),
    done("an echo as options", {"status": "completed", "options": {"image_url": f"{UPSTREAM}/img/in.png"}, "output": A}),
    done("other sizes of the picture", completed(images=[{"url": A, "sizes": {"small": f"{UPSTREAM}/img/s.png", "large": f"{UPSTREAM}/img/l.png"}}])),
    done("an address to fetch the result", {"status": "success", "id": 12, "output": [A], "fetch_result": f"{UPSTREAM}/api/v3/fetch/12", "meta": {"prompt": "x", "init_image": f"{UPSTREAM}/img/in.png"}}),
    done("a placeholder beside the picture", completed(images=[{"url": A, "blurDataURL": "data:image/png;base64," + PNG_BASE64, "lqip": "data:image/png;base64," + PNG_BASE64}])),
    done("a key around data's content", {"data": {"getTask": {"status": "COMPLETED", "imageUrl": A}}}),
    # -- words in other languages, in full and in part --
    failed("French words", {"status": "échec", "message": "Contenu refusé"}, "Contenu refusé"),
    failed("Spanish words", {"status": "FALLIDO", "mensaje": "x"}, ""),
    failed("Russian words", {"status": "Отменено"}, ""),
    failed("Chinese cancelled", {"status": "已取消"}, "已取消"),
    failed("Japanese words", {"status": "エラー", "message": "画像が大きすぎます"}, "画像"),
    done("TaskState.SUCCEEDED", {"status": "TaskState.SUCCEEDED", "output": A}),
    failed("TaskState.FAILED", {"status": "TaskState.FAILED", "error": "x y z"}, "x y z"),
    failed("a sentence as the state", {"status": "Task has failed: out of memory"}, "out of memory"),
    done("a failure of some", {"status": "PARTIAL_FAILURE", "images": [A, {"error": "nsfw"}]}),
    failed("an unknown word with an error", {"status": "DEAD_LETTER", "error": "gave up"}, "gave up"),
    # -- reasons under other keys --
    failed("error.details", {"status": "failed", "error": {"details": "too many faces"}}, "too many faces"),
    failed("error.error", {"status": "failed", "error": {"error": {"message": "deep"}}}, "deep"),
    failed("reasons of a filter", {"done": True, "response": {"raiMediaFilteredCount": 1, "raiMediaFilteredReasons": ["Violent content"]}}, "Violent"),
    failed("an error as err", {"status": "failed", "err": "short one"}, "short one"),
    failed("error_info", {"status": "failed", "error_info": {"code": "E", "text": "short one"}}, "short one"),
    failed("a reason as the result", {"status": "failed", "result": "short one"}, "short one"),
    failed("last_error", {"status": "failed", "last_error": {"message": "short one"}}, "short one"),
    failed("Chinese success beside the reason", {"status": "failed", "msg": "操作成功", "data": {"failReason": "short one"}}, "short one"),
    failed("success is no reason", {"status": "failed", "msg": "Request successful"}, "no reason"),
    failed("success: 0", {"success": 0, "message": "boom now"}, "boom now"),
    failed("410 with a page", "<html>Gone</html>", "gone", poll_status=410, kind="text/html"),
    # -- pictures under other keys, in other spellings --
    done("an address without an extension", {"status": "completed", "img": f"{UPSTREAM}/img/a?sig=1"}),
    done("angle brackets", completed(output=f"<{A}>")),
    done("HTML", completed(output=f'<img src="{A}" alt="x">')),
    done("a path without an extension", completed(output={"image_url": "/img/abc123"})),
    done("a path without a slash", completed(output={"image_url": "img/a.png"})),
    done("a host without a scheme", completed(output={"image_url": "HOST/img/a.png"})),
    done("an address in percents", completed(image_url="http%3A%2F%2FHOST%2Fimg%2Fa.png")),
    done("base64 with its name", completed(image="base64," + PNG_BASE64)),
    done("bytes as numbers", completed(image={"type": "Buffer", "data":list(PNG)})),
    done("base64 in a list of lists", completed(images=[[PNG_BASE64]])),
    done("inline data", {"candidates": [{"content": {"parts": [{"text": "Here"}, {"inlineData": {"mimeType": "image/png", "data": PNG_BASE64}}]}}]}),
    # -- text around the reply, and other texts --
    done("a picture as bytes of no kind", PNG, kind="application/octet-stream"),
    done("base64 as text", PNG_BASE64, kind="text/plain"),
    done("an address as text", A, kind="text/plain"),
    done("base64 in quotes", json.dumps(PNG_BASE64)),
    done("Python's spelling", "{'status': 'completed', 'images': ['http://HOST/img/a.png'], 'error': None}"),
    done("a function's argument", 'callback({"status": "completed", "images": ["http://HOST/img/a.png"]});'),
    done("a loop before the JSON", 'while(1);{"status": "completed", "images": ["http://HOST/img/a.png"]}'),
    done("a warning before the JSON", '<br />\n<b>Warning</b>: x in y on line 3<br />\n{"status": "completed", "images": ["http://HOST/img/a.png"]}'),
    done("a comment before the JSON", '/* ok */ {"status": "completed", "images": ["http://HOST/img/a.png"]}'),
    done("events that begin with a comment", ': ping\n\ndata: {"status": "completed", "images": ["http://HOST/img/a.png"]}\n\n', kind="text/event-stream"),
    done("an event of two lines", 'event: message\ndata: {"status": "completed",\ndata: "images": ["http://HOST/img/a.png"]}\n\n', kind="text/event-stream"),
    done("lines that end with a note", '{"status": "queued"}\n\n{"status": "completed", "images": ["http://HOST/img/a.png"]}\n{"event": "end"}\n'),
    done("a picture a line", json.dumps({"url": A}) + "\n" + json.dumps({"url": B}) + "\n", images=2, kind="application/x-ndjson"),
    done("JSON in HTML's spelling", '{&quot;status&quot;:&quot;completed&quot;,&quot;images&quot;:[&quot;http://HOST/img/a.png&quot;]}'),
    done("JSON in a page", '<html><body><pre>{"status": "completed", "images": ["http://HOST/img/a.png"]}</pre></body></html>', kind="text/html"),
    done("a block of code", '```json\n{"status": "completed", "images": ["http://HOST/img/a.png"]}\n```'),
    done("a record separator", '\x1e{"status": "completed", "images": ["http://HOST/img/a.png"]}\n'),
    # -- answers to the request under other keys --
    done("task_ids", completed(images=[A]), created={"code": 200, "data": {"task_ids": ["t1"]}}),
    done("a list of tasks", completed(images=[A]), created={"tasks": [{"id": "t1", "status": "queued"}]}),
    done("workId", completed(images=[A]), created={"code": 200, "data": {"workId": "t1"}}),
    done("a task as its id", completed(images=[A]), created={"code": 200, "data": {"task": "t1"}}),
    done("an address that names the task", completed(images=[A]), created={"status": "queued", "status_url": "http://HOST/api/v1/tasks/t1"}),
    refused("success: false beside code 0", {"code": 0, "success": False, "message": "Prompt too long"}, "Prompt too long"),
    refused("a return code", {"ret": -1, "msg": "Unknown size"}, "Unknown size"),
    refused("fault", {"fault": {"faultstring": "Quota exceeded", "detail": {"errorcode": "x"}}}, "Quota exceeded"),
    refused("300", "", "", status=300, location="/x"),
    done("late at its host", {"code": 200, "data": {"status": "completed", "output": {"image_url": f"{UPSTREAM}/img/late.png"}}}),
]  # fmt: skip
