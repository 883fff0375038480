"""Routes of comparisons: the report is its visitor's alone; a published page shows nothing of the visitor and can be revoked."""

from __future__ import annotations

import base64
import io
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
from PIL import Image

from components.catalog.models import Catalog
from components.comparisons.plan import Choice
from components.playground import Playground
from components.playground.visits import COOKIE
from components.views.queries.compare import ComparisonDraft, read_compare_query
from components.web.published import NO_COMPARISON, NOT_PUBLISHED
from tests.jobs.scripted_upstream import png
from tests.ui.finished_comparison import ANN, KEY, SECRET, run_comparison
from tests.views.html import ReportPage
from tests.web.conftest import serve_playground

COOKIES = {"Cookie": f"{COOKIE}={SECRET}"}
NOTE = "only-for-the-eyes-of-ann"
FACE = "https://private.example/face-of-ann.png?signature=0123456789"
HOSTILE = (
    "<script>alert(1)</script> \"'> ${alert(1)} {{7*7}} \u202e\u05e9 </style></title><meta http-equiv=refresh content=0>"
)


async def published(playground: Playground, *models: str | Choice, **shared: object) -> str:
    """The token of a comparison of Ann's that everybody may read."""
    comparison = await run_comparison(playground, *models, **shared)  # type: ignore[arg-type]
    return str((await playground.comparisons.publish(comparison.id, ANN)).token)


async def test_links_lead_to_the_public_address_with_its_prefix(playground: Playground, tmp_path: Path) -> None:
    """A proxy hides the scheme and removes the prefix; another site follows only what is written in the page."""
    token = await published(playground, "cogview-4")
    public = "https://playground.example/play"
    host = {"Host": "playground.example"}
    async with serve_playground(replace(playground, public_address=public), tmp_path / "uploads", **host) as behind:
        page = ReportPage((await behind.get(f"/c/{token}")).text)
        missing = ReportPage((await behind.get("/c/none")).text)
        missing_picture = ReportPage((await behind.get("/c/none/1/1")).text)
        picture = await behind.get(f"/c/{page.all('img')[0]['src']}")

    assert page.meta("og:image") == f"{public}/c/{token}/preview.png"
    assert page.meta("og:url") == f"{public}/c/{token}"
    assert picture.status_code == 200
    for shown, address in ((page, f"c/{token}"), (missing, "c/none"), (missing_picture, "c/none/1/1")):
        links = [str(httpx2.URL(f"{public}/{address}").join(tag["href"])) for tag in shown.all("a")]
        assert links
        assert [link for link in links if not link.startswith(f"{public}/")] == []


async def test_the_report_is_a_download_for_its_own_visitor(playground: Playground, http_client: httpx2.AsyncClient) -> None:
    comparison = await run_comparison(playground, "cogview-4")
    answer = await http_client.get(f"/comparisons/{comparison.id}/report.html", headers=COOKIES)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-disposition"].startswith('attachment; filename="comparison-20')
    assert answer.headers["content-disposition"].endswith('-a-red-kite.html"')
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert len(ReportPage(answer.text).all("img")) == 1


async def test_another_visitors_report_gets_the_same_answer_as_none(
    playground: Playground, http_client: httpx2.AsyncClient
) -> None:
    """Published or not; a visitor's id is no secret."""
    comparison = await run_comparison(playground, "cogview-4")
    await playground.comparisons.publish(comparison.id, ANN)
    unknown = await http_client.get("/comparisons/nothing/report.html", headers=COOKIES)
    cookies = ("", f"{COOKIE}=bob-of-the-comparisons-0123456789", f"{COOKIE}=", f"{COOKIE}={ANN}")
    for cookie in cookies:
        foreign = await http_client.get(f"/comparisons/{comparison.id}/report.html", headers={"Cookie": cookie})
        assert (foreign.status_code, foreign.content) == (unknown.status_code, unknown.content), cookie

    assert unknown.status_code == 404
    assert NO_COMPARISON in unknown.text


async def test_a_published_page_shows_pictures_recipe_prices_and_times(
    playground: Playground, http_client: httpx2.AsyncClient
) -> None:
    token = await published(playground, "cogview-4", "imagen-4", shape="3:2", seed=42)
    comparison, jobs = await playground.comparisons.published(token)
    page = ReportPage((await http_client.get(f"/c/{token}")).text)

    page.assert_inert()
    for expected in (
        "a red kite",
        "3:2",
        "42",
        "CogView 4",
        "Google",
        "3:2 \u2192 size 1248*832 (not listed by the service)",
        "1248*832",
    ):
        assert expected in page.text
    for job in jobs.values():
        assert f"{job.credits:g} credits · ${job.usd:.2f} · {job.seconds(0):.1f} s" in page.text
    for number, picture in enumerate(page.all("img"), 1):
        answer = await http_client.get(f"/c/{picture['src'].removeprefix('/c/')}")
        stored = jobs[comparison.cards[number - 1].job].pictures[0]
        file = await playground.jobs.pictures.read(stored.name)
        assert isinstance(file, Path)
        assert answer.content == file.read_bytes()
        assert answer.headers["content-type"] == "image/png"
    assert len(page.all("img")) == 2


async def test_nothing_of_the_visitor_is_published(playground: Playground, http_client: httpx2.AsyncClient) -> None:
    """Neither who they are, nor what they wrote beside it, nor which pictures they used, nor how to ask for more."""
    token = await published(
        playground, "flux-2", "gpt-image-1.5-official", Choice("seedream-4-5"), images=[FACE], prompt="a kite"
    )
    comparison, jobs = await playground.comparisons.published(token)
    for job in jobs.values():
        await playground.jobs.note(job.id, ANN, NOTE)
    answers = [await http_client.get(f"/c/{token}{path}") for path in ("", "/1/1", "/2/1", "/3/1", "/preview.png", "/9/9")]
    seen = b"".join(answer.content + str(answer.headers.multi_items()).encode() for answer in answers)

    tasks, stored = [job.task_id for job in jobs.values()], [job.pictures[0].name for job in jobs.values()]
    private = [ANN, SECRET, KEY, NOTE, FACE, "private.example", comparison.id, *jobs, *tasks, *stored, "visitor"]
    assert len(tasks) == 3
    assert [word for word in private if str(word).encode() in seen] == []
    assert "1 picture, not shown here" in answers[0].text
    assert not [answer for answer in answers if "set-cookie" in answer.headers]


async def test_the_reason_of_a_failure_is_not_published(playground: Playground, http_client: httpx2.AsyncClient) -> None:
    """It may name an account; that the card failed is shown."""
    token = await published(playground, "cogview-4", prompt="a kite #sandbox:failed")
    _, jobs = await playground.comparisons.published(token)
    page = ReportPage((await http_client.get(f"/c/{token}")).text)

    assert [job.problem.what for job in jobs.values() if job.problem and job.problem.what in page.text] == []
    assert "Failed" in page.text
    assert "No picture was made." in page.text


async def test_the_page_runs_no_script_and_is_not_cached_or_indexed(
    playground: Playground, http_client: httpx2.AsyncClient
) -> None:
    token = await published(playground, "cogview-4")
    answer = await http_client.get(f"/c/{token}")

    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-robots-tag"] == "noindex"
    assert ReportPage(answer.text).meta("robots") == "noindex"
    picture = await http_client.get(f"/c/{token}/1/1")
    assert picture.headers["cache-control"] == "no-store"
    assert "sandbox" in picture.headers["content-security-policy"]
    assert (await http_client.head(f"/c/{token}")).status_code == 200
    assert (await http_client.post(f"/c/{token}")).status_code == 405


async def test_a_revoked_comparison_is_gone_with_its_pictures_and_its_address(
    playground: Playground, http_client: httpx2.AsyncClient
) -> None:
    """It then answers like an unknown one. Published again it has another address."""
    token = await published(playground, "cogview-4")
    comparison, _ = await playground.comparisons.published(token)
    paths = ("", "/1/1", "/preview.png")
    assert [(await http_client.get(f"/c/{token}{path}")).status_code for path in paths] == [200, 200, 200]

    await playground.comparisons.unpublish(comparison.id, ANN)
    for path in paths:
        gone, never = await http_client.get(f"/c/{token}{path}"), await http_client.get(f"/c/never{path}")
        assert (gone.status_code, gone.content) == (404, never.content)
        assert NOT_PUBLISHED in gone.text
    again = (await playground.comparisons.publish(comparison.id, ANN)).token
    assert again != token
    assert (await http_client.get(f"/c/{token}")).status_code == 404
    assert (await http_client.get(f"/c/{again}")).status_code == 200


async def test_a_picture_that_is_not_there_is_not_found(playground: Playground, http_client: httpx2.AsyncClient) -> None:
    token = await published(playground, "cogview-4")
    for path in ("/0/1", "/1/0", "/2/1", "/1/2", "/-1/1", "/1/-1", "/x/1", "/1/\u0662", "/99999/1", "/1/1e0"):
        assert (await http_client.get(f"/c/{token}{path}")).status_code == 404, path


async def test_a_removed_picture_is_gone_from_the_page_too(playground: Playground, http_client: httpx2.AsyncClient) -> None:
    token = await published(playground, "cogview-4", "flux-2")
    comparison, _ = await playground.comparisons.published(token)
    await playground.jobs.remover.remove(comparison.cards[0].job)

    page = ReportPage((await http_client.get(f"/c/{token}")).text)
    assert len(page.all("img")) == 1
    assert [text for text in ("CogView", "Deleted", "No picture") if text in page.text] == []
    assert [(await http_client.get(f"/c/{token}/{number}/1")).status_code for number in (1, 2)] == [200, 404]


async def test_other_sites_can_preview_a_link_to_it(playground: Playground, http_client: httpx2.AsyncClient) -> None:
    """An absolute address, of the size that sites ask for."""
    token = await published(playground, "cogview-4", "flux-2", prompt=HOSTILE)
    page = ReportPage((await http_client.get(f"/c/{token}")).text)
    image = page.meta("og:image")
    answer = await http_client.get(image)

    assert image == f"{http_client.base_url}/c/{token}/preview.png".replace("//c", "/c")
    assert page.meta("og:url") == image.removesuffix("/preview.png")
    assert page.meta("og:title").startswith("Two pictures by two models, $0.04 to $0.05 per request, ")
    assert page.meta("og:description").removesuffix("…") == HOSTILE[:69].rstrip()
    assert page.meta("twitter:card") == "summary_large_image"
    assert answer.headers["content-type"] == "image/png"
    with Image.open(io.BytesIO(answer.content)) as preview:
        assert (preview.format, preview.size) == ("PNG", (1200, 630))
        assert (page.meta("og:image:width"), page.meta("og:image:height")) == ("1200", "630")
    page.assert_inert()
    assert HOSTILE in page.texts


async def test_the_preview_shows_each_picture_whole_and_no_vector(
    playground: Playground, http_client: httpx2.AsyncClient
) -> None:
    token = await published(playground, "cogview-4", "flux-2", Choice("recraft-v4", {"model": "recraft-v4-text-to-vector"}))
    comparison, _ = await playground.comparisons.published(token)
    for number, shade in enumerate((10, 250)):
        address = "data:;base64," + base64.b64encode(png(300, 300, shade)).decode()
        stored = await playground.jobs.pictures.keep(address, playground.accounts.sandbox.base_url)
        await playground.jobs.store.apply(
            comparison.cards[number].job, lambda job, stored=stored: replace(job, pictures=(stored,))
        )

    with Image.open(io.BytesIO((await http_client.get(f"/c/{token}/preview.png")).content)) as preview:
        assert [preview.getpixel(number) for number in ((40, 315), (585, 315), (615, 315), (1160, 315))] == [
            (10, 40, 200), (10, 40, 200), (250, 40, 200), (250, 40, 200)
        ]  # fmt: skip
        assert [preview.getpixel(number) for number in ((5, 5), (600, 315), (1195, 625))] == [(250, 250, 249)] * 3


async def test_each_comparison_has_a_preview_of_its_own(playground: Playground, http_client: httpx2.AsyncClient) -> None:
    """Also once they are remembered."""
    tokens = [await published(playground, "cogview-4"), await published(playground, "flux-2")]
    first, second, *again = [(await http_client.get(f"/c/{token}/preview.png")).content for token in tokens * 2]

    assert first != second
    assert again == [first, second]


async def test_without_a_picture_there_is_no_preview(playground: Playground, http_client: httpx2.AsyncClient) -> None:
    token = await published(playground, Choice("recraft-v4", {"model": "recraft-v4-text-to-vector"}))
    page = ReportPage((await http_client.get(f"/c/{token}")).text)

    assert [tag for tag in page.all("meta") if tag.get("property") == "og:image"] == []
    assert page.meta("twitter:card") == "summary"
    assert (await http_client.get(f"/c/{token}/preview.png")).status_code == 404
    assert (await http_client.get(f"/c/{token}/1/1")).headers["content-type"] == "image/svg+xml"


async def test_the_link_into_the_playground_fills_the_same_form_and_takes_no_pictures_along(
    playground: Playground, http_client: httpx2.AsyncClient, catalog: Catalog
) -> None:
    flex = Choice("flux-2", {"type": "flex", "input_urls": [FACE]})
    token = await published(playground, "gpt-image-1.5-official", flex, prompt=HOSTILE, shape="3:2", seed=7, images=[FACE])
    (link,) = [
        tag["href"]
        for tag in ReportPage((await http_client.get(f"/c/{token}")).text).all("a")
        if tag.get("class") == "button"
    ]
    address = urlsplit(str(http_client.base_url.join(f"/c/{token}").join(link)))
    query = parse_qs(address.query)

    assert (address.path, query["tab"]) == ("/", ["compare"])
    draft = read_compare_query(catalog, query, ComparisonDraft((), {}))
    assert draft.shared == {"prompt": HOSTILE, "shape": "3:2", "seed": 7}
    assert draft.choices(catalog) == [Choice("gpt-image-1.5-official"), Choice("flux-2", {"type": "flex"})]


async def test_a_database_that_fails_is_not_reported_as_a_missing_comparison(
    playground: Playground, http_client: httpx2.AsyncClient, tmp_path: Path
) -> None:
    token = await published(playground, "cogview-4")
    comparison, _ = await playground.comparisons.published(token)
    with closing(sqlite3.connect(tmp_path / "playground.db")) as beside:
        beside.execute("ALTER TABLE comparisons RENAME TO away")

    for path in (f"/c/{token}", f"/c/{token}/1/1", f"/comparisons/{comparison.id}/report.html"):
        assert (await http_client.get(path, headers=COOKIES)).status_code == 503
