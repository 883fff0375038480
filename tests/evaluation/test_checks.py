"""What can be seen of a result without a person, in real files."""

from __future__ import annotations

import importlib
import io
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from components.evaluation.checks import (
    Fingerprint,
    blank_finding,
    check_delivery,
    fingerprint,
    load_scorers,
    near_duplicates,
    run_scorers,
    slow_finding,
)
from components.pictures.stored import StoredPicture


def saved(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def scene(left: int = 200, color: str = "#c03020") -> Image.Image:
    image = Image.linear_gradient("L").resize((640, 480)).convert("RGB")
    ImageDraw.Draw(image).ellipse((left, 120, left + 200, 320), fill=color)
    return image


def with_shadow() -> Image.Image:
    """The scene with a part that is a little darker: alike on average, and not the same picture."""
    image = scene()
    part = (500, 330, 620, 450)
    image.paste(image.crop(part).point(lambda level: level - 45), part)
    return image


def fingerprint_of(content: bytes) -> Fingerprint:
    checked = fingerprint(content)
    assert checked
    return checked


def test_the_delivered_picture_is_compared_with_the_request() -> None:
    cases = [
        ("3:2", "", 1024, 1024, ["asked 3:2, got 1:1"]),
        ("3:2", "", 1536, 1024, []),
        ("16:9", "", 1344, 768, []),  # 1.6 % off
        ("1024*768", "", 512, 384, ["asked 1024*768, got 512 × 384"]),
        ("1024*768", "", 1024, 768, []),
        ("auto", "", 7, 999, []),
        ("1:1", "jpg", 64, 64, ["asked jpeg, got png"]),
        ("1:1", "png", 64, 64, []),
        ("1:1", "", 0, 0, []),  # an SVG that states no size
    ]
    for shape, kind, width, height, expected in cases:
        picture = StoredPicture("a.png", width, height, "png", 1, "")
        assert [finding.text for finding in check_delivery(picture, shape, kind)] == expected, (shape, width, height)


def test_a_black_a_white_and_a_transparent_picture_are_blank_and_a_small_mark_is_not() -> None:
    noisy = Image.effect_noise((256, 256), 2).convert("RGB")
    marked = Image.new("RGB", (640, 480), "white")
    ImageDraw.Draw(marked).rectangle((300, 200, 340, 240), fill="black")
    cut_out = Image.new("RGBA", (640, 480), (0, 0, 0, 0))  # a black mark on a transparent ground
    ImageDraw.Draw(cut_out).rectangle((300, 200, 340, 240), fill="black")
    hidden = scene()
    hidden.putalpha(0)  # a picture that nobody sees
    blank = [hidden, Image.new("RGB", (64, 64)), Image.new("RGBA", (64, 64), (9, 9, 9, 0)), noisy, Image.new("P", (9, 9), 3)]

    assert all(blank_finding(fingerprint_of(saved(image))) for image in blank)
    assert not any(
        blank_finding(fingerprint_of(saved(image))) for image in (marked, cut_out, scene(), Image.linear_gradient("L"))
    )


def test_what_cannot_be_decoded_has_no_fingerprint() -> None:
    assert fingerprint(b"<svg xmlns='http://www.w3.org/2000/svg'/>") is None
    assert fingerprint(saved(scene())[:500]) is None
    assert fingerprint(b"") is None


def test_the_same_picture_saved_again_is_a_near_duplicate_and_another_one_is_not() -> None:
    repeats = {
        "a": fingerprint_of(saved(scene())),
        "a as jpeg": fingerprint_of(saved(scene(), "JPEG", quality=60)),
        "a small": fingerprint_of(saved(scene().resize((300, 225)), "WEBP", quality=60)),
        "moved": fingerprint_of(saved(scene(300))),
        "with a shadow": fingerprint_of(saved(with_shadow())),
        "blue": fingerprint_of(saved(scene(color="#2040c0"))),
        "black": fingerprint_of(saved(Image.new("RGB", (64, 64)))),
        "black again": fingerprint_of(saved(Image.new("RGB", (64, 64)))),
    }
    assert near_duplicates(repeats) == {
        "a": ["a as jpeg", "a small"],
        "a as jpeg": ["a", "a small"],
        "a small": ["a", "a as jpeg"],
    }


def test_a_job_is_slow_at_twice_the_usual_time_and_five_seconds_more() -> None:
    assert [bool(slow_finding(seconds, usual)) for seconds, usual in ((21, 10), (20, 10), (8, 3), (9, 3), (99, None))] == [
        True,
        False,
        False,
        True,
        False,
    ]
    assert slow_finding(21, 10)[0].text == "slow: 21 s, usually 10 s"


def test_scorers_of_installed_packages_are_found_and_one_that_fails_costs_no_other_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real distribution on the path, as pip leaves it."""
    (tmp_path / "team_scorers.py").write_text(
        "def size(picture, job):\n    return {'bytes': len(picture), 'job': job, 'ok': True, 'list': [1]}\n"
        "def broken(picture, job):\n    raise ValueError('no weights')\n"
    )
    info = tmp_path / "team_scorers-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: team-scorers\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[image_playground.scorers]\nteam = team_scorers:size\nworse = team_scorers:broken\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()

    assert run_scorers(load_scorers(), b"abc", "j1") == {
        "team.bytes": 3,
        "team.job": "j1",
        "team.ok": True,
        "team.list": "[1]",
        "worse.error": "ValueError: no weights",
    }
    sys.modules.pop("team_scorers")
