"""Cells, keys, costs and durations of an evaluation, before anything is sent."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from components.catalog.models import Catalog
from components.comparisons.plan import Choice
from components.errors import InputError
from components.evaluation.matrix import Matrix, build_matrix, expected_seconds, within_budget
from components.evaluation.prompts import Prompt

PROMPTS = [Prompt("A kite"), Prompt("A cat", images=("https://a.example/cat.png",)), Prompt("A boat")]
CHOICES = [Choice("cogview-4"), Choice("flux-2", {"type": "flex"}), Choice("hunyuan-image-3")]


def built(catalog: Catalog, prompts: Any = PROMPTS, choices: Any = CHOICES, shared: Any = None, repeats: Any = 2) -> Matrix:
    return build_matrix(catalog, "e1", prompts, choices, shared or {}, repeats)


def test_every_prompt_meets_every_column_and_the_costs_add_up(catalog: Catalog) -> None:
    """cogview-4 cannot take the image of the second prompt."""
    matrix = built(catalog)

    assert [cell.repeat for cell in matrix.cells] == [1] * 9 + [2] * 9
    assert [cell.prompt for cell in matrix.cells[:6]] == [PROMPTS[0].id] * 3 + [PROMPTS[1].id] * 3
    assert [cell.column for cell in matrix.cells[:3]] == [column.id for column in matrix.columns]
    assert [(column.jobs, column.cost.credits) for column in matrix.by_column] == [(4, 16), (6, 84), (6, 150)]
    assert matrix.by_column[0].skipped == {"Skipped: text only, and you gave an image.": 2}
    assert (matrix.jobs, matrix.cost.credits, matrix.cost.usd) == (16, 250, 2.5)
    flex = matrix.cells[4].request
    assert flex
    assert flex.body["type"] == "flex"
    assert PROMPTS[1].images[0] in str(flex.body)
    assert matrix.columns[1].label == "Flux 2 · flex"


def test_a_key_is_the_same_for_the_same_cell_and_differs_with_each_part_of_it(catalog: Catalog) -> None:
    matrix = built(catalog)
    keys = {cell.key for cell in matrix.cells}

    assert len(keys) == 18
    assert {cell.key for cell in built(catalog, PROMPTS[::-1], CHOICES[::-1]).cells} == keys
    others = [
        build_matrix(catalog, "e2", PROMPTS, CHOICES, {}, 2),
        built(catalog, [Prompt("A dog")]),
        built(catalog, choices=[Choice("flux-2", {"type": "pro"})]),
        built(catalog, shared={"shape": "16:9"}),
    ]
    for other in others:
        assert not keys & {cell.key for cell in other.cells}


def test_shared_settings_are_mapped_to_each_model_and_each_repeat_has_the_next_seed(catalog: Catalog) -> None:
    matrix = built(
        catalog, PROMPTS[:1], [Choice("hunyuan-image-3"), Choice("gpt-image-1-5")], {"shape": "16:9", "seed": 7}, 3
    )
    bodies = [cell.request.body for cell in matrix.cells if cell.request]

    assert [body["seed"] for body in bodies if "seed" in body] == [7, 8, 9]
    assert any("→" in note for cell in matrix.cells for note in cell.notes)
    assert matrix.columns[1].model == "gpt-image-1.5-official"


def test_the_same_request_is_not_paid_for_twice(catalog: Catalog) -> None:
    """``pro`` is the default of flux-2."""
    matrix = built(catalog, PROMPTS[:1], [Choice("flux-2"), Choice("flux-2", {"type": "pro"})])

    assert matrix.by_column[1].skipped == {"Skipped: the same request as Flux 2.": 2}
    assert matrix.cost.credits == 10


def test_what_cannot_be_an_evaluation_is_refused_by_name(catalog: Catalog) -> None:
    cases: list[tuple[str, dict[str, Any]]] = [
        ("prompts", {"prompts": []}),
        ("prompts", {"prompts": [Prompt(str(number)) for number in range(3_334)], "repeats": 1}),
        ("models", {"choices": []}),
        ("models", {"choices": [Choice("cogview-4")] * 41}),
        ("models", {"choices": [Choice("gpt-image-1-5"), Choice("gpt-image-1.5-official")]}),
        ("model", {"choices": [Choice("no-such-model")]}),
        ("repeats", {"repeats": 0}),
        ("repeats", {"repeats": 11}),
        ("repeats", {"repeats": "2"}),
        ("prompt", {"shared": {"prompt": "A kite"}}),
        ("count", {"shared": {"count": 2}}),
        ("shared", {"shared": ["16:9"]}),
        ("shape", {"shared": {"shape": "wide"}}),
    ]
    for field, arguments in cases:
        with pytest.raises(InputError) as error:
            built(catalog, **arguments)
        assert error.value.field == field, arguments


def test_a_budget_pays_for_whole_rows(catalog: Catalog) -> None:
    """A row is 4 + 14 + 25 credits, and 14 + 25 for the prompt that cogview-4 skips."""
    matrix = built(catalog)
    for credits, rows, spent, jobs in ((0, 0, 0, 0), (42.9, 0, 0, 0), (43, 1, 43, 3), (100, 2, 82, 5), (999, 6, 250, 16)):
        affordable = within_budget(matrix, credits)
        assert (affordable.paid_rows, affordable.credits, len(affordable.cells)) == (rows, spent, jobs)
        assert affordable.rows == 6
        assert all(cell.request for cell in affordable.cells)


def test_the_duration_is_bounded_by_the_slowest_model_and_by_what_runs_at_once(catalog: Catalog) -> None:
    """4, 6 and 6 jobs; the catalog says 5.5 s for the first two models and 10 s for the third."""
    cells = built(catalog).cells

    assert expected_seconds(cells, {}, per_model=4, at_once=100) == 20
    assert expected_seconds(cells, {}, per_model=4, at_once=1) == 4 * 5.5 + 6 * 5.5 + 6 * 10
    assert expected_seconds(cells, {"cogview-4": 100}, per_model=1, at_once=100) == 400
    assert expected_seconds([], {}, 4, 100) == 0
    request = cells[0].request
    assert request
    silent = replace(cells[0], request=replace(request, model=request.model.model_copy(update={"seconds": None})))
    assert expected_seconds([silent], {}, 4, 100) is None


@pytest.mark.slow
def test_ten_thousand_cells_are_planned_in_seconds(catalog: Catalog) -> None:
    prompts = [Prompt(f"A kite, number {number}") for number in range(500)]
    choices = [Choice(model.id) for model in catalog.models[:10]]
    begun = time.process_time()
    matrix = built(catalog, prompts, choices)

    assert len(matrix.cells) == 10_000
    assert time.process_time() - begun < 20
