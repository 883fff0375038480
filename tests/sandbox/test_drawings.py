"""The sandbox's drawings: size, format, text of any kind, what stays the same and what every setting changes."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from components.catalog.loading import load_catalog
from components.catalog.models import Catalog, Purpose
from components.catalog.requests import Request, build_request
from components.sandbox.art import lettering, manners, subjects
from components.sandbox.art.canvas import Canvas
from components.sandbox.art.colours import choose_palette
from components.sandbox.art.drawing import draw, picture_format
from components.sandbox.art.manners import Manner, assign_manners

ROOT = Path(__file__).parents[2]
MANNERS = [
    *(manners.hills, manners.silk, manners.cosmos, manners.film, manners.ink, manners.waves, manners.bokeh),
    *(manners.capitals, manners.poster, manners.sphere, manners.flat),
]
ORIGINAL = "https://example.org/a.png"
ODD_TEXTS = {
    "empty": "",
    "quotes and newlines": "a \"quoted\"\n'prompt' & <tags> ]]> <script>alert(1)</script>",
    "emoji": "a cat 😀👩‍🚀🏽 ☀️",
    "right to left": "مرحبا بالعالم and שלום",
    "Chinese and Japanese": "東京の夜、ネオン",
    "controls and noncharacters": "a\x00b\x1b\u202e\ufffe\ue000",
    "ten thousand letters": "x" * 10_000,
    "ten thousand words": "word " * 10_000,
    "combining marks alone": "\u0301\u0947\u200d",
}
MODEL = {  # one model that has every parameter a drawing follows
    "id": "any", "name": "Any model", "provider": "nobody", "inputs": ["text", "image"],
    "source": "https://example.org", "checked_on": "2026-01-01", "price": [{"credits": 1}],
    "parameters": {"type": "object", "required": ["prompt"], "properties": {
        "model": {"enum": ["any-pixels", "any-vector"], "default": "any-pixels"},
        "prompt": {"type": "string", "minLength": 1, "x-role": "prompt"},
        "size": {"type": "string", "examples": ["64x64"], "default": "192x128", "x-role": "shape"},
        "quality": {"enum": ["low", "medium", "high"], "default": "medium", "x-role": "quality"},
        "images": {"type": "array", "items": {"type": "string", "format": "uri"}, "x-role": "images"},
        "seed": {"type": "integer", "x-role": "seed"},
        "negative": {"type": "string", "x-role": "negative"},
        "style": {"enum": ["Auto", "Watercolour"], "default": "Auto"},
        "mode": {"enum": ["a", "b"], "default": "a"},
        "output_format": {"enum": ["png", "jpeg", "webp"], "default": "png"},
    }},
}  # fmt: skip


@pytest.fixture(scope="module")
def one_model(tmp_path_factory: pytest.TempPathFactory, catalog: Catalog) -> Catalog:
    path = tmp_path_factory.mktemp("catalog") / "catalog.yaml"
    path.write_text(json.dumps({"endpoint": catalog.endpoint.model_dump(), "models": [MODEL]}))
    return load_catalog(path)


def request_for(catalog: Catalog, prompt: str = "a quiet harbour", **parameters: Any) -> Request:
    """A request of the one model; an odd prompt or size may be one that the service would refuse."""
    checked = {name: value for name, value in parameters.items() if name != "size"}
    request = build_request(catalog, "any", {"prompt": "a fox", **checked})
    return Request(request.model, {**request.parameters, **parameters, "prompt": prompt})


def pixels(request: Request, manner: Manner, **options: Any) -> np.ndarray:
    content = draw(request, manner, "png", **options)
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"), np.int16)


def test_a_drawing_has_exactly_the_requested_size_in_every_manner(one_model: Catalog) -> None:
    for manner in MANNERS:
        for size in [(64, 64), (200, 301), (800, 64), (64, 800)]:
            request = request_for(one_model, size=f"{size[0]}x{size[1]}", images=[ORIGINAL])
            assert pixels(request, manner).shape == (size[1], size[0], 3), manner


@pytest.mark.parametrize(
    ("parameters", "kind", "size"),
    [
        ({"output_format": "png", "size": "300x200"}, "png", (300, 200)),
        ({"output_format": "jpeg", "size": "1:1"}, "jpeg", (1024, 1024)),
        ({"output_format": "webp", "size": "21:9"}, "webp", (1564, 670)),
        ({"size": "99999x1"}, "png", (2048, 64)),
        ({"size": "4096x3072"}, "png", (2048, 1536)),
        ({"size": "1:100"}, "png", (256, 2048)),
        ({"size": "as you like"}, "png", (1024, 1024)),
    ],
)
def test_the_request_decides_the_format_and_the_size(
    one_model: Catalog, parameters: dict[str, Any], kind: str, size: tuple[int, int]
) -> None:
    request = request_for(one_model, **parameters)

    assert picture_format(request) == kind
    with Image.open(io.BytesIO(draw(request, manners.flat, kind))) as picture:
        assert (picture.format, picture.size) == (kind.upper(), size)


@pytest.mark.parametrize("text", ODD_TEXTS.values(), ids=ODD_TEXTS)
def test_any_text_can_be_drawn_in_every_manner_that_writes_it(one_model: Catalog, text: str) -> None:
    for manner in (manners.film, manners.capitals, manners.poster, manners.sphere, manners.flat):
        assert draw(request_for(one_model, text, negative=text, size="96x64"), manner, "png")


def test_a_vector_variant_gives_a_well_formed_svg_that_can_run_and_load_nothing(one_model: Catalog) -> None:
    assert picture_format(request_for(one_model, model="any-vector")) == "svg"
    for text in [*ODD_TEXTS.values(), "a logo"]:
        root = ElementTree.fromstring(draw(request_for(one_model, text, images=[ORIGINAL]), manners.flat, "svg"))
        assert (root.get("width"), root.get("height"), root.get("viewBox")) == ("192", "128", "0 0 192 128")
        assert {element.tag.split("}")[1] for element in root.iter()} == {"svg", "title", "path", "text"}
        assert not {name for element in root.iter() for name in element.attrib if "href" in name or name[:2] == "on"}
        assert "".join(root.itertext()).count("sandbox · Any model") == 2


@pytest.mark.processes
def test_equal_requests_give_equal_bytes_in_another_process(catalog: Catalog) -> None:
    code = (
        "import hashlib; from pathlib import Path; from components.catalog.loading import load_catalog\n"
        "from components.catalog.requests import build_request\n"
        "from components.sandbox.art.drawing import draw; from components.sandbox.art.manners import assign_manners\n"
        f"catalog = load_catalog(Path({str(ROOT / 'catalog.yaml')!r}))\n"
        "request = build_request(catalog, 'cogview-4', {'prompt': 'a sea', 'size': '200*160'})\n"
        "print([hashlib.sha256(draw(request, m, 'png')).hexdigest() for m in assign_manners(catalog).values()])"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": str(ROOT)}
    elsewhere = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    request = build_request(catalog, "cogview-4", {"size": "200*160", "prompt": "a sea"})
    here = [hashlib.sha256(draw(request, manner, "png")).hexdigest() for manner in assign_manners(catalog).values()]

    assert elsewhere.stdout.strip() == str(here)


def test_drawings_made_at_the_same_time_are_those_made_alone(one_model: Catalog) -> None:
    work = [(request_for(one_model, images=[ORIGINAL]), manner) for manner in MANNERS]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda each: draw(*each, "png"), work))

    assert together == [draw(*each, "png") for each in work]


def test_a_change_of_any_setting_can_be_seen_in_every_manner(one_model: Catalog) -> None:
    changes: list[dict[str, Any]] = [
        *({"negative": "people"}, {"style": "Watercolour"}, {"seed": 1}, {"images": [ORIGINAL]}),
        *({"quality": "low"}, {"quality": "high"}, {"mode": "b"}),
    ]
    for manner in MANNERS:
        before = pixels(request_for(one_model), manner)
        for change in changes:
            difference = np.abs(before - pixels(request_for(one_model, **change), manner))
            assert (difference.max(axis=2) > 8).mean() > 0.004, (manner, change)


def test_pictures_of_one_task_differ_and_a_seed_of_minus_one_is_random(one_model: Catalog) -> None:
    request = request_for(one_model, seed=-1)
    several = [draw(request, manners.hills, "png", index=index, chance=chance) for index in (1, 2) for chance in (1, 2)]
    seeded = request_for(one_model, seed=5)

    assert len(set(several)) == 4
    assert draw(seeded, manners.hills, "png", chance=1) == draw(seeded, manners.hills, "png", chance=2)


def test_a_higher_quality_draws_more_detail(one_model: Catalog) -> None:
    counts = [
        draw(request_for(one_model, quality=quality), manners.flat, "svg").count(b"<path")
        for quality in ("low", "medium", "high")
    ]

    assert all(fewer < more for fewer, more in pairwise(counts))


def test_two_edits_of_one_picture_show_the_same_original(one_model: Catalog) -> None:
    snow = pixels(request_for(one_model, "make it snow", images=[ORIGINAL, "https://example.org/b.png"]), manners.hills)
    night = pixels(request_for(one_model, "at night", images=[ORIGINAL]), manners.bokeh)
    other = pixels(request_for(one_model, "at night", images=["https://example.org/c.png"]), manners.bokeh)
    inset = np.s_[54:74, 168:188]

    assert np.abs(snow[inset] - night[inset]).max() <= 6, "the same but for the grain"
    assert np.abs(other[inset] - night[inset]).max() > 60


def test_the_words_of_the_prompt_choose_the_colours(one_model: Catalog) -> None:
    def warmth(prompt: str, **parameters: Any) -> float:
        red, _, blue = pixels(request_for(one_model, prompt, **parameters), manners.silk).mean(axis=(0, 1))
        return float(red - blue)

    assert warmth("the desert") > 20
    assert warmth("the ocean") < -20
    assert warmth("oceans") < -20, "also in the plural"


def canvas_of(text: str, width: int = 256, height: int = 256) -> Canvas:
    return Canvas(width, height, choose_palette("stone"), np.random.default_rng(1), 1, text)


@pytest.mark.parametrize("noun", sorted(subjects.DRAWN))
def test_every_known_noun_is_drawn_where_the_manner_can_show_it(noun: str) -> None:
    """Also in the plural and in capitals; the scene is wide enough and inside the picture."""
    shown = subjects.stage(canvas_of(f"Two {noun.upper()} at noon"), 240, 200)

    assert subjects.has_subject(f"some {noun}s")
    across = [x for _, points in shown for x, _ in points]
    down = [y for _, points in shown for _, y in points]
    assert max(across) - min(across) > 50
    assert min(down) < 200
    assert max(down) < 270


def test_a_thing_that_the_prompt_names_can_be_seen_in_every_manner() -> None:
    for manner in MANNERS:
        named, other = (np.asarray(manner(canvas_of(text)), np.int16) for text in ("a robot", "a qwert"))
        assert (np.abs(named - other).max(axis=2) > 20).mean() > 0.04, manner
    assert subjects.stage(canvas_of("a qwert of abstract harmony"), 240, 200) == []


def test_a_colour_that_the_prompt_names_is_the_colour_of_what_it_names() -> None:
    red, blue = (choose_palette(f"a {colour} car").accent for colour in ("red", "blue"))

    assert red[0] > red[2]
    assert blue[0] < blue[2]
    assert choose_palette("a red car", "red").accent != red


def test_every_drawing_carries_a_legible_mark_in_its_lower_right_corner(one_model: Catalog) -> None:
    for manner in MANNERS:
        for prompt in ("neon night", "snow"):
            corner = pixels(request_for(one_model, prompt, size="400x400"), manner)[380:, 310:].mean(axis=2)
            low, high = np.percentile(corner, (0.5, 99.5))
            assert high - low > 70, (manner, prompt)


def test_each_model_of_the_catalog_has_a_manner_of_its_own_that_suits_it(catalog: Catalog) -> None:
    assigned = assign_manners(catalog)

    assert len(set(assigned.values())) == len(catalog.models) == len(MANNERS)
    assert assigned["recraft-v4"] is manners.flat
    assert {assigned["ideogram-v3"], assigned["ideogram-v4"]} <= {manners.capitals, manners.poster, manners.sphere}


def test_a_renamed_model_keeps_its_manner_and_an_unknown_one_gets_one(catalog: Catalog) -> None:
    renamed = [model.model_copy(update={"id": f"{model.id}-new"}) for model in catalog.models]
    unknown = catalog.models[0].model_copy(update={"id": "some-model-of-tomorrow", "good_for": ()})
    changed = dict(assign_manners(catalog.model_copy(update={"models": (unknown, *renamed)})))

    assert changed.pop("some-model-of-tomorrow") in MANNERS
    assert list(changed.values()) == list(assign_manners(catalog).values())
    for purpose in Purpose:
        good_for_one = unknown.model_copy(update={"good_for": (purpose,)})
        assert assign_manners(catalog.model_copy(update={"models": (good_for_one,)}))


def test_text_is_drawn_in_letters_that_the_font_has() -> None:
    cases = {
        "a cat 😀👩‍🚀🏽 ☀️": "a cat",
        "fine \U0001318f\ue000 text": "fine I7 text",
        "Crème brûlée, Straße": "Creme brulee, Strasse",
        "東京の夜": "DongJingnoYe",
        "Привет мир": "Privet mir",
        "a\tb\nc\x00d": "a b c d",
        "“Visit Tokyo” – 9 × 3": '"Visit Tokyo" - 9 * 3',
    }
    assert {text: lettering.printable(text) for text in cases} == cases


def test_capitals_break_no_word_that_fits_a_line() -> None:
    text = "A LIGHTHOUSE ON A ROCKY COAST AT DUSK"

    assert " ".join(line for line, _ in lettering.justify(text, 668, 1175)) == text


def test_long_text_is_cut_with_an_ellipsis_that_fits() -> None:
    lines = lettering.wrap("word " * 200, 12, 3)

    assert len(lines) == 3
    assert lines[-1].endswith("…")
    assert all(lettering.ems(line) <= 12 for line in lines)
    assert all(lettering.ems(line) <= 5 for line in lettering.wrap("W" * 99, 5))
    assert lettering.wrap("W", 0.2) == []
