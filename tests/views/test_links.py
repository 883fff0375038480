"""Links work below any path prefix: they are relative to the page that they stand on."""

from __future__ import annotations

from urllib.parse import urljoin

from components.pictures.stored import StoredPicture
from components.views import links
from tests.jobs.conftest import make_job
from tests.views.html import PICTURE, without_signature

PREFIXES = ("http://a.example/", "http://a.example/tools/images/")


def test_every_link_of_the_page_leads_below_its_prefix() -> None:
    job = make_job(id="j1", pictures=(PICTURE,))
    expected = {
        links.picture_link(PICTURE): f"pictures/{PICTURE.name}",
        links.thumbnail_link(PICTURE): f"pictures/{PICTURE.name}/small",
        without_signature(links.download_link(job, 0)): "files/j1/1",
        without_signature(links.archive_link(["j1", "j&2"], "v")): "files.zip?job=j1&job=j%262",
        links.link(links.published_path("t")): "c/t",
        links.link(links.MODELS_CSV): "models.csv",
        links.what_if_link(1000, 50.5): "plans.csv?pictures=1000&budget=50.5",
    }
    for link, target in expected.items():
        for prefix in PREFIXES:
            assert urljoin(f"{prefix}?tab=compare", link) == prefix + target


def test_a_page_below_the_root_leads_back_to_it() -> None:
    for path in ("/c/t", "/c/t/1/2", "/comparisons/c1/report.html", "/"):
        for prefix in PREFIXES:
            link = links.link("?tab=compare", links.depth_of(path))
            assert urljoin(prefix + path[1:], link) == f"{prefix}?tab=compare", path


def test_an_svg_is_its_own_thumbnail() -> None:
    assert links.thumbnail_link(StoredPicture("c.svg", 0, 0, "svg", 1, "")) == "pictures/c.svg"
