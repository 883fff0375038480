"""What the sandbox's own pictures promise: format, size, sameness, difference and text of any kind."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from components.sandbox import lettering
from components.sandbox.pictures import Drawing, draw

MODELS = [
    "cogview-4",
    "flux-2",
    "grok-imagine",
    "kling-image-o1",
    "ideogram-v3",
    "imagen-4",
    "gpt-image-1.5-official",
    "recraft-v4",
    "ideogram-v4",
    "seedream-4-5",
    "hunyuan-image-3",
    "some-model-of-tomorrow",
]
ODD_TEXTS = {
    "empty": "",
    "quotes and newlines": "a \"quoted\"\n'prompt' & <tags> ]]>",
    "emoji": "a cat 😀👩‍🚀🏽 ☀️",
    "right to left": "مرحبا بالعالم and שלום",
    "cjk": "東京の夜、ネオン",
    "lone surrogates and controls": "\ud800a\udfff\x00b\x1b\u202e\ufffe",
    "ten thousand letters": "x" * 10_000,
    "ten thousand words": "word " * 10_000,
    "combining marks alone": "\u0301\u0947\u200d",
}
PLAIN = Drawing("cogview-4", "CogView 4", "a quiet harbour", {"quality": "hd"}, 256, 192, "png")


def pixels(drawing: Drawing) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(draw(drawing).data)).convert("RGB"), np.int16)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("size", [(64, 64), (300, 200), (200, 301), (4096, 64), (64, 4096)])
def test_a_picture_has_exactly_the_size_asked_for(model: str, size: tuple[int, int]) -> None:
    picture = draw(replace(PLAIN, model=model, width=size[0], height=size[1], inputs=("https://example.org/a.png",)))
    assert Image.open(io.BytesIO(picture.data)).size == size == (picture.width, picture.height)


@pytest.mark.parametrize(
    ("name", "media_type", "extension"),
    [("png", "image/png", "png"), ("jpeg", "image/jpeg", "jpg"), ("webp", "image/webp", "webp")],
)
def test_a_picture_has_the_format_asked_for(name: str, media_type: str, extension: str) -> None:
    picture = draw(replace(PLAIN, format=name))
    assert (picture.media_type, picture.extension) == (media_type, extension)
    assert Image.open(io.BytesIO(picture.data)).format == name.upper()


@pytest.mark.parametrize("change", [{"format": "gif"}, {"width": 63}, {"height": 4097}])
def test_a_format_or_a_size_that_is_not_known_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="picture"):
        draw(replace(PLAIN, **change))


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("text", ODD_TEXTS.values(), ids=ODD_TEXTS)
def test_any_prompt_can_be_drawn_by_every_model(model: str, text: str) -> None:
    assert draw(replace(PLAIN, model=model, prompt=text, negative=text, style=text)).data


@pytest.mark.parametrize("text", ODD_TEXTS.values(), ids=ODD_TEXTS)
def test_any_prompt_gives_a_well_formed_svg_without_scripts_or_references(text: str) -> None:
    picture = draw(replace(PLAIN, model="recraft-v4", prompt=text, name=text, format="svg", inputs=("a",)))
    root = ElementTree.fromstring(picture.data)
    assert (root.get("width"), root.get("height"), root.get("viewBox")) == ("256", "192", "0 0 256 192")
    assert {element.tag.split("}")[1] for element in root.iter()} <= {"svg", "title", "rect", "path", "circle", "text"}
    assert not {name for element in root.iter() for name in element.attrib if "href" in name or name[:2] == "on"}
    assert "sandbox" in "".join(root.itertext())


def test_equal_drawings_give_equal_bytes_in_another_process() -> None:
    code = (
        "import hashlib;from components.sandbox.pictures import *;"
        "print([hashlib.sha256(draw(Drawing(m,'n','a sea',{'b':1,'a':[2]},200,160,'png',inputs=('u',))).data).hexdigest()"
        f" for m in {list(MODELS)!r}])"
    )
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": str(root)}
    told = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    here = [
        hashlib.sha256(draw(Drawing(m, "n", "a sea", {"a": [2], "b": 1}, 200, 160, "png", inputs=("u",))).data)
        for m in MODELS
    ]
    assert told.stdout.strip() == str([each.hexdigest() for each in here])


def test_pictures_drawn_at_the_same_time_are_those_drawn_alone() -> None:
    drawings = [replace(PLAIN, model=model, index=index) for model in MODELS for index in range(2)]
    with ThreadPoolExecutor(8) as pool:
        assert [picture.data for picture in pool.map(draw, drawings)] == [draw(each).data for each in drawings]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    "change",
    [
        {"negative": "people"},
        {"style": "watercolour"},
        {"seed": 1},
        {"index": 1},
        {"detail": 0},
        {"detail": 2},
        {"inputs": ("https://example.org/a.png",)},
        {"settings": {"quality": "standard"}},
    ],
    ids=lambda change: "-".join(map(str, change)),
)
def test_a_change_of_any_field_can_be_seen(model: str, change: dict[str, object]) -> None:
    difference = np.abs(pixels(replace(PLAIN, model=model)) - pixels(replace(PLAIN, model=model, **change)))
    assert (difference.max(axis=2) > 8).mean() > 0.004


def test_no_two_models_draw_alike() -> None:
    drawn = [pixels(replace(PLAIN, model=model, name="x")) for model in MODELS[:-1]]
    pairs = [(a, b) for number, a in enumerate(drawn) for b in drawn[:number]]
    assert all(np.abs(a - b).mean() > 8 for a, b in pairs)


def test_two_edits_of_one_picture_show_the_same_original() -> None:
    first, second = (
        pixels(replace(PLAIN, model=model, prompt=prompt, inputs=("https://example.org/a.png", other)))
        for model, prompt, other in (("cogview-4", "make it snow", "b"), ("imagen-4", "at night", "c"))
    )
    side, away = round(192 * 0.2), round(192 * 0.085)
    inset = np.s_[away : away + side, 256 - side - away : 256 - away]
    assert (first[inset] == second[inset]).all()


def test_the_words_of_the_prompt_choose_the_colours() -> None:
    red, _, blue = pixels(replace(PLAIN, prompt="the ocean")).mean(axis=(0, 1))
    assert blue > red
    red, _, blue = pixels(replace(PLAIN, prompt="the desert")).mean(axis=(0, 1))
    assert red > blue


@pytest.mark.parametrize("model", MODELS)
def test_every_picture_carries_a_legible_mark_in_its_lower_right_corner(model: str) -> None:
    for prompt in ("the ocean", "neon night", "snow", "coffee"):
        corner = pixels(replace(PLAIN, model=model, prompt=prompt, width=512, height=512))[460:, 330:].mean(axis=2)
        low, high = np.percentile(corner, (0.5, 99.5))
        assert high - low > 70, prompt


def test_characters_without_a_glyph_are_left_out_instead_of_drawn_as_boxes() -> None:
    assert lettering.drawable("fine \U0001318f\ue000 text") == "fine text"


def test_long_text_is_cut_with_an_ellipsis_that_fits() -> None:
    lines = lettering.wrap("word " * 200, 12, 3)
    assert len(lines) == 3
    assert lines[-1].endswith("…")
    assert all(lettering.ems(line) <= 12 for line in lines)
