"""Puts the server together: the routes and middleware around a playground, and what runs beside them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse, RedirectResponse, Response

from components.errors import DatabaseUnavailable, InputError, InvalidState, NotFound, PlaygroundError
from components.pictures.thumbnails import ThumbnailCache
from components.playground import Playground
from components.views.links import SANDBOX, link
from components.web.callbacks import callback_routes
from components.web.downloads import job_data_routes, table_routes
from components.web.evaluation.exports import export_routes
from components.web.evaluation.routes import evaluation_routes, prompt_file_routes
from components.web.evaluation.voting import voting_routes
from components.web.guard import Guard, HeadAsGet, printable
from components.web.opening import Resources
from components.web.operations import operator_routes
from components.web.pictures import download_routes, picture_routes, recipe_routes
from components.web.published import comparison_routes
from components.web.samples.routes import model_routes
from components.web.uploads import upload_routes
from components.web.visitors import Visitors

STATUSES = {InputError: 422, NotFound: 404, InvalidState: 409, DatabaseUnavailable: 503}


def create_app(playground: Playground, resources: Resources, sandbox: FastAPI, *, framed: bool) -> FastAPI:
    """The server with every route but the page's, which is mounted last. ``framed``: shown inside another site's page."""
    jobs, thumbnails = playground.jobs, ThumbnailCache(playground.jobs.pictures)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with resources.opened, sandbox.router.lifespan_context(sandbox):  # Starlette starts no mounted application
            # Jobs continue beside the start and not before it: this very server serves the sandbox.
            work = (
                _run_jobs(playground),
                jobs.remover.run(),
                playground.comparisons.samples.refresh(),
                resources.uploads.keep_sweeping(),
                jobs.pictures.keep_trimming(jobs.remover.picture_trimmed),
            )
            workers = [asyncio.create_task(one) for one in work]
            yield
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    app = FastAPI(lifespan=lifespan, openapi_url=None, docs_url=None, redoc_url=None)
    app.add_exception_handler(PlaygroundError, _answer_error)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_middleware(HeadAsGet)
    app.add_middleware(Guard)
    app.add_middleware(CORSMiddleware, allow_origins=())  # without it Gradio lets every site read, credentials included
    app.add_middleware(Visitors, framed=framed)
    app.add_route(SANDBOX, _add_slash)
    app.mount(SANDBOX, sandbox)
    for router in (
        picture_routes(jobs.pictures, thumbnails),
        download_routes(playground),
        recipe_routes(playground.catalog),
        upload_routes(resources.uploads),
        callback_routes(jobs),
        operator_routes(jobs),
        table_routes(playground),
        job_data_routes(playground),
        model_routes(playground),
        comparison_routes(playground, thumbnails),
        evaluation_routes(playground, thumbnails),
        prompt_file_routes(),
        voting_routes(playground),
        export_routes(playground),
    ):
        app.include_router(router)
    return app


async def _run_jobs(playground: Playground) -> None:
    """Recover jobs first, so that an evaluation knows how many of its own are active here."""
    await playground.jobs.begin()
    await playground.evaluations.run()


async def _answer_error(_: Request, error: Exception) -> Response:
    """What a route raises, as JSON like FastAPI's own errors."""
    status = next((status for kind, status in STATUSES.items() if isinstance(error, kind)), 500)
    reason = f"{error.what} {error.next_step}".strip() if isinstance(error, PlaygroundError) else ""
    return JSONResponse({"detail": reason}, status)


async def _answer_invalid(_: Request, error: Exception) -> Response:
    """What is wrong with a request. FastAPI's own answer repeats what was sent, and fails where that is no UTF-8."""
    faults = error.errors() if isinstance(error, RequestValidationError) else []
    texts = [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in faults]
    return JSONResponse({"detail": printable("; ".join(texts)[:500])}, 422)


async def _add_slash(_: Request) -> Response:
    """Redirect to the page of the sandbox; relative, so that it works below any path prefix."""
    return RedirectResponse(link(f"{SANDBOX}/"))
