"""The report of an evaluation: one HTML file that needs nothing else, for people who were not there."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from components.evaluation.evaluation import Evaluation
from components.evaluation.store.cells import Result
from components.pictures.thumbnails import data_urls
from components.playground import Playground
from components.views.evaluation.matrix import CELL_WORDS
from components.views.evaluation.results import show_results
from components.views.fonts import embedded_fonts
from components.views.templates import render
from components.views.words import TITLE, file_name, utc

SIDES = ((200, 384), (1_000, 256))  # up to so many pictures: pixels of the longer side
SMALLEST_SIDE = 128


async def write_evaluation_report(playground: Playground, evaluation: Evaluation) -> bytes:
    """The file with every board that has votes. Takes a while for many pictures."""
    evaluations, pictures = playground.evaluations, playground.jobs.pictures
    results = await evaluations.cells.results(evaluation.id)
    boards = [await evaluations.board(evaluation, question) for question in evaluation.questions]
    shown = [result for result in results if result.picture]
    side = next((side for most, side in SIDES if len(shown) <= most), SMALLEST_SIDE)
    sources = await data_urls(pictures, {result.position: result.picture for result in shown}, side)
    html = await asyncio.to_thread(
        render,
        "evaluation/report",
        evaluation=evaluation,
        product=TITLE,
        fonts=embedded_fonts(),
        day=f"{utc(evaluation.created_at):%d %B %Y}",
        used=round(sum(result.spent for result in results), 2),
        boards=[
            show_results(playground.catalog, evaluation, board, interactive=False)
            for board in boards
            if board.ranking.votes or board is boards[0]
        ],
        rows=_rows(evaluation, results, sources),
    )
    return html.encode()


def export_name(evaluation: Evaluation, part: str) -> str:
    """``evaluation-2026-11-22-a-red-kite-results.csv``, for the part ``results.csv``."""
    return f"{file_name('evaluation', evaluation.created_at, evaluation.name)}-{part}"


def _rows(evaluation: Evaluation, results: Sequence[Result], sources: dict[int, str]) -> list[object]:
    """For each prompt its columns, and in each the pictures of all repeats, or a word instead."""
    by_position = {result.position: result for result in results}
    width = len(evaluation.columns)
    rows: list[object] = []
    for index, prompt in enumerate(evaluation.prompts):
        positions = evaluation.positions(index)
        cells = [
            [
                (sources.get(at, ""), CELL_WORDS[by_position[at].state])
                for at in positions[column::width]
                if at in by_position
            ]
            for column in range(width)
        ]
        rows.append((prompt, cells))
    return rows
