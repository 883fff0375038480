"""The history as HTML: entries, details, downloads and what it all cost."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from components.catalog.models import Catalog
from components.catalog.requests import build_request
from components.errors import Problem
from components.jobs.job import HistoryEntry, Job, JobState
from components.jobs.store.groups import HistoryGroup, HistoryGroups, HistoryOrder
from components.jobs.store.spend import ChargeDifference, DaySpend
from components.views import history
from components.views.queries.history import HistoryFilters
from components.views.words import STATE_WORDS
from tests.catalog.renamed import catalog_with_renamed
from tests.jobs.conftest import NOON, make_job
from tests.views.conftest import retired_catalog
from tests.views.html import HOSTILE, PICTURE, parse_inert, without_signature

VIEWS = ("gallery", "table")
TEXTS = (HOSTILE, "שלום \u202eevil\u202c مرحبا", "\"double\" 'single' \\ </button></textarea> & &amp;", "ä🦊<b>" * 1_500)
DAY_S = 86_400


def past(catalog: Catalog, **changes: Any) -> Job:
    """A job of Flux 2 that is done."""
    request = build_request(catalog, "flux-2", {"prompt": changes.pop("prompt", "a kite")})
    done: dict[str, Any] = {
        "model": "flux-2", "body": request.body, "prompt": request.prompt, "state": JobState.DONE, "task_id": "n41",
        "credits": 5.0, "usd": 0.05, "finished_at": NOON + 4.2, "pictures": (PICTURE,),
    }  # fmt: skip
    return make_job(**done | changes)


def groups_of(*entries: HistoryEntry, total: int = 0) -> HistoryGroups:
    """Each entry as a group of its own, on the first page of ``total`` jobs."""
    groups = tuple(HistoryGroup(f"job/{entry.job.id}", 1, (entry,)) for entry in entries)
    return HistoryGroups(1, groups, total or len(groups), total or len(groups))


def listed(catalog: Catalog, *entries: HistoryEntry, view: str = "gallery") -> str:
    return history.show_groups(catalog, groups_of(*entries), HistoryOrder(), view)


def test_no_text_becomes_a_tag_or_is_lost(catalog: Catalog) -> None:
    """Prompt, note, problem, task id, model and settings come from strangers."""
    for text in TEXTS:
        problem = Problem("failed", text, text, text, text)
        changes = {"state": JobState.FAILED, "pictures": (), "problem": problem, "task_id": text}
        job = replace(past(catalog), **changes, prompt=text, model=text, body={"prompt": text, "size": text, text: [text]})
        entry = HistoryEntry(job, note=f"#a {text}")
        for view in VIEWS:
            page = parse_inert(listed(catalog, entry, view=view))
            assert text in page.values("title")
            assert "auto" in page.values("dir")
        detail = parse_inert(history.show_detail(catalog, entry))
        assert text in detail.texts
        assert text in detail.values("data-copy")


def test_every_state_is_an_entry_with_its_word_and_its_price(catalog: Catalog) -> None:
    for state in JobState:
        problem = Problem("failed", "The model crashed.", "", "", "") if state is JobState.FAILED else None
        job = past(catalog, state=state, problem=problem, pictures=(), task_id=None)
        for view in VIEWS:
            text = parse_inert(listed(catalog, HistoryEntry(job), view=view)).text
            assert STATE_WORDS[state] in text
            assert ("The model crashed." in text) == (state is JobState.FAILED)
            assert ("not charged" in text) == (state in (JobState.FAILED, JobState.STOPPED, JobState.NEEDS_KEY))


def test_an_entry_shows_its_thumbnail_and_a_drawing_is_marked_and_free(catalog: Catalog) -> None:
    for view in VIEWS:
        page = parse_inert(listed(catalog, HistoryEntry(past(catalog, charged=7.0)), view=view))
        assert page.values("src") == [f"pictures/{PICTURE.name}/small"]
        assert "7 credits · $0.07" in page.text
        assert "sandbox" not in page.text
        drawn = parse_inert(listed(catalog, HistoryEntry(past(catalog, payer="sandbox")), view=view)).text
        assert "sandbox" in drawn
        assert "free" in drawn
    assert history.show_groups(catalog, HistoryGroups(1), HistoryOrder(), "gallery") == ""


def test_words_with_a_hash_in_a_note_are_tags(catalog: Catalog) -> None:
    page = parse_inert(listed(catalog, HistoryEntry(past(catalog), note="for #Fox-2, #logo #logo # no-tag")))
    assert page.values("data-tag") == ["#Fox-2", "#logo"]


def test_a_model_that_is_gone_or_retired_says_so_in_the_details(catalog: Catalog) -> None:
    assert "is no longer offered" in history.show_detail(catalog, HistoryEntry(past(catalog, model="gone")))
    assert "is no longer offered" in history.show_detail(retired_catalog("flux-2"), HistoryEntry(past(catalog)))
    assert "is no longer offered" not in history.show_detail(catalog, HistoryEntry(past(catalog)))


def test_a_group_is_a_line_with_its_count_and_shows_its_jobs_once_it_is_open(catalog: Catalog) -> None:
    """A comparison by its prompt and pictures, failures by their reason; a box is ticked when all that is shown is."""
    problem = Problem("failed", "The model crashed.", "", "", "")
    compared = tuple(HistoryEntry(past(catalog, id=f"c{at}", comparison_id="c")) for at in range(2))
    failed = tuple(
        HistoryEntry(past(catalog, id=f"f{at}", state=JobState.FAILED, problem=problem, pictures=(), prompt="why"))
        for at in range(2)
    )
    groups = HistoryGroup("comparison/c", 11, compared, failed=3), HistoryGroup("failed/1", 12, failed, failed=12)
    page = HistoryGroups(1, groups, 2, 23)
    for view in VIEWS:
        closed = parse_inert(history.show_groups(catalog, page, HistoryOrder(), view, (), ("f0", "f1", "c0")))
        assert closed.values("data-group") == ["comparison/c", "failed/1"]
        assert closed.values("aria-expanded") == ["false", "false"]
        assert closed.values("data-select") == ["comparison/c", "failed/1"]
        assert closed.values("aria-checked") == ["false", "true"]
        assert ("Comparison · 11 requests, 3 failed" in closed.text, "12 failed" in closed.text) == (True, True)
        assert ("The model crashed." in closed.text, "why" in closed.text) == (True, False)
        assert closed.values("src") == [f"pictures/{PICTURE.name}/small"] * 2
        opened = parse_inert(history.show_groups(catalog, page, HistoryOrder(), view, ("failed/1",)))
        assert opened.values("aria-expanded") == ["false", "true"]
        assert list(dict.fromkeys(opened.values("data-entry"))) == ["f0", "f1"]


def test_the_same_buttons_sort_cards_and_table_and_say_how(catalog: Catalog) -> None:
    page = HistoryGroups(1, (HistoryGroup("job/j", 1, (HistoryEntry(past(catalog)),)),), 1, 1)
    cards, table = (
        parse_inert(history.show_groups(catalog, page, HistoryOrder("price", descending=False), view)) for view in VIEWS
    )

    for shown in (cards, table):
        assert shown.values("data-sort") == ["state", "model", "price", "seconds", "created"]
        assert "Price ↑" in shown.text
    assert table.values("aria-sort") == ["ascending"]
    assert "Price ↑ , ascending" in cards.text
    assert cards.values("aria-pressed")[:5] == ["false", "false", "true", "false", "false"]


def test_pages_are_the_first_the_last_and_those_around_this_one() -> None:
    def numbers(page: int, total: int) -> list[str]:
        return parse_inert(history.show_pages(HistoryGroups(page, (), total, total))).values("data-page")

    assert numbers(1, 24) == []
    assert numbers(1, 25) == ["0", "1", "2", "2"]
    assert numbers(5, 240) == ["4", "1", "4", "5", "6", "10", "6"]
    assert parse_inert(history.show_pages(HistoryGroups(5, (), 240, 240))).text == "‹ 1 … 4 5 6 … 10 ›"
    assert history.count_text(HistoryGroups(1, (), 3, 5_000)) == "5,000 requests"
    assert history.count_text(HistoryGroups(1)) == ""


def test_a_deletion_says_what_is_left() -> None:
    assert history.deleted_text(1, 0) == "1 request deleted."
    assert history.deleted_text(3, 1) == "3 requests deleted. 1 is still going: stop first, then delete."
    assert history.deleted_text(0, 2) == "2 are still going: stop first, then delete."


def test_a_page_links_to_its_pictures_all_pictures_and_all_data_that_match(catalog: Catalog) -> None:
    """Pictures up to a number of requests; beyond it, as the words say, of the newest of them."""
    made = (past(catalog, id="j1"), past(catalog, id="j2", pictures=()), past(catalog, id="j3", pictures=(PICTURE,) * 2))
    jobs = tuple(map(HistoryEntry, made))
    filters = HistoryFilters(text="a <b> & c", starred=True)
    query = "?text=a+%3Cb%3E+%26+c&starred=1"
    page_link, all_link, data = (
        "files.zip?job=j1&job=j3",
        f"history.zip{query}",
        [f"history.csv{query}", f"history.json{query}"],
    )

    for total, links, text in (
        (3, [page_link], "Download the 3 pictures on this page (ZIP)"),
        (30, [page_link, all_link], "or the pictures of all 30 requests (ZIP)"),
        (1_234, [page_link, all_link], "or the pictures of the newest 200 requests (ZIP)"),
    ):
        page = parse_inert(history.download_links(groups_of(*jobs, total=total), filters))
        assert [without_signature(link) for link in page.values("href")] == [*links, *data]
        assert text in page.text
        assert f"All {total:,} requests as data" in page.text
    page = parse_inert(history.download_links(groups_of(jobs[1]), filters))
    assert [without_signature(link) for link in page.values("href")] == data
    assert history.download_links(HistoryGroups(1), filters) == ""


def test_what_a_renamed_model_cost_under_both_ids_is_one_bar() -> None:
    today = NOON // DAY_S * DAY_S
    spent = [DaySpend(today, "flux-2", "host", 1, 5.0), DaySpend(today, "flux-two", "host", 1, 15.0)]

    html = history.show_spend(catalog_with_renamed("flux-2", "flux-two"), spent, today + 60)

    assert [style for style in parse_inert(html).values("style") if "width" in style] == ["width:100.0%"]


def test_the_spend_is_a_chart_and_a_table(catalog: Catalog) -> None:
    """Bars as high as the numbers say; a price that is not known counts for nothing."""
    today = NOON // DAY_S * DAY_S
    spent = [
        DaySpend(today, "flux-2", "host", 3, 15.0),
        DaySpend(today, "gone<b>", "visitor", 1, 5.0),
        DaySpend(today - 29 * DAY_S, "flux-2", "host", 1, 10.0),
        DaySpend(today, "flux-2", "host", 1, float("inf")),
    ]
    html = history.show_spend(catalog, spent, today + 60)
    styles = parse_inert(html).values("style")

    assert [style for style in styles if "height" in style] == ["height:50.0%", *["height:0.0%"] * 28, "height:100.0%"]
    assert [style for style in styles if "width" in style] == ["width:100.0%", "width:20.0%"]
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in re.findall(r"<tr>(.*?)</tr>", html)]
    assert cells[1][1:] == ["Flux 2", "the host&#39;s key", "3", "15", "$0.15"]
    assert cells[2][1:] == ["gone&lt;b&gt;", "your key", "1", "5", "$0.05"]
    assert cells[4][4:] == ["not known", "—"]
    assert cells[-1] == ["6", "30", "$0.30"]
    differences = [ChargeDifference("flux-2", 3, 5.0, 6.5)]
    shown_text = parse_inert(history.show_spend(catalog, spent, today + 60, differences)).text
    assert "Charged differently from the price list" in shown_text
    assert "Flux 2 3 5 credits 6.5 credits" in shown_text
    assert history.spend_begins(today + 60) == today - 29 * DAY_S
    assert "Nothing was spent" in parse_inert(history.show_spend(catalog, [], today)).text
