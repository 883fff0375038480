"""A form that is being filled in: its problems, its request and its cost come from one check."""

from __future__ import annotations

from components.catalog.forms import check_form
from components.catalog.models import Catalog
from components.catalog.prices import Cost, price
from components.catalog.requests import build_request, find_problems


def test_a_valid_form_is_a_request_with_its_price(catalog: Catalog) -> None:
    for model in catalog.models:
        form = check_form(catalog, model, model.example)

        assert (form.problems, form.request) == ((), build_request(catalog, model.id, model.example))
        assert form.request is not None
        assert form.cost == price(catalog, form.request)


def test_a_form_with_problems_is_no_request_and_its_valid_part_is_priced(catalog: Catalog) -> None:
    cases = [
        ("flux-2", {"type": "flex", "resolution": "2K"}, {"prompt"}, Cost(24, 0.24)),
        ("flux-2", {"prompt": "a fox", "type": "flex", "resolution": "8K"}, {"resolution"}, Cost(14, 0.14)),
        ("imagen-4", {"prompt": "a fox", "num_images": "many"}, {"num_images"}, Cost(8, 0.08)),
        ("imagen-4", {"prompt": "", "num_images": 3, "seed": "x"}, {"prompt", "seed"}, Cost(24, 0.24)),
        ("kling-image-o1", {"prompt": "a fox", "type": "ai-multi-shot", "size": "9"}, {"size"}, Cost(16, 0.16)),
        ("hunyuan-image-3", {"prompt": "a fox", "type": "edit"}, {"images"}, Cost(25, 0.25)),
        ("seedream-4-5", {"prompt": "a fox", "image_urls": "no list"}, {"image_urls"}, Cost(12, 0.12)),
    ]
    for name, parameters, wrong, cost in cases:
        model = catalog.find(name)
        assert model is not None
        form = check_form(catalog, model, parameters)

        assert [problem.what for problem in form.problems] == [item.what for item in find_problems(model, parameters)]
        assert ({problem.field for problem in form.problems}, form.request, form.cost) == (wrong, None, cost)
