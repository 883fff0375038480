"""The Evaluate tab in a browser: from prompts to a ranking with mouse and keyboard, and a file of prompts with its columns."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Page, Response, expect

from components.catalog.models import Catalog
from tests.browser.conftest import OpenPage, Playground
from tests.evaluation.test_voting import contains_name

SCREENS = 20  # the number of votes that are ranked
# Votes as the page does, without its pictures.
VOTE_WITHOUT_PICTURES = """async (count) => {
  const { address } = document.querySelector(".vote").dataset;
  const headers = { "X-Playground-Visitor": localStorage.getItem("playground-voter"), "Content-Type": "application/json" };
  const { dataset, value } = document.querySelector(".question");
  const ask = async (path, options) => {
    const answer = await fetch(`${address}/${path}&voter=Ann+%26+Co`, { headers, ...options });
    if (!answer.ok) throw new Error(await answer.text());
    return answer.json();
  };
  for (let votes = 0; votes < count; votes++) {
    const { id } = await ask(`screen?question=${value ?? dataset.value}`);
    const body = JSON.stringify({ verdict: "best", seconds: 1, best: 1, worst: 2 });
    await ask(`${id}?`, { method: "POST", body });
  }
}"""


def vote(page: Page) -> None:
    """One screen by keyboard: best, worst where there are more than two, and the next one."""
    shown = page.locator(".choice")
    expect(shown.first).to_be_visible()
    expect(page.locator(".choice .label")).to_have_count(0)
    page.keyboard.press("1")
    if shown.count() > 2:
        page.keyboard.press("2")
    expect(page.locator(".choice .label").first).to_be_visible()
    page.keyboard.press("Space")


def names_sent(catalog: Catalog, page: Page, received: list[Response]) -> set[str]:
    """The names of models that the voting page shows or has received: in its document, addresses, headers and bytes."""
    seen = [page.content(), *(f"{one.url} {one.all_headers()}" for one in received)]
    seen += [one.body().decode("latin-1") for one in received]
    names = {name for model in catalog.models for name in (model.id, model.name, model.provider, *model.variants)}
    return {name for name in names if any(contains_name(name, text) for text in seen)}


def test_a_first_visitor_gets_from_prompts_to_a_ranking(
    catalog: Catalog, open_page: OpenPage, app: Playground, tmp_path: Path
) -> None:
    """Nothing is sent before the one click on the button that names the total; a reload brings everything back."""
    page, sent = open_page(f"{app.address}/?tab=evaluate"), len(app.jobs)
    expect(page.locator("#evaluate-example-set")).to_be_visible()
    _a_file_of_prompts_is_read_with_its_columns_on_screen(page, tmp_path)
    start = page.locator("#evaluate-start")
    expect(start).to_be_disabled()
    page.locator("#evaluate-prompts textarea").fill("A {red|blue} kite\nA boat\nA fox #sandbox:failed")
    expect(start).to_have_text("Start · 16 jobs · 80 credits · $0.80")
    assert len(app.jobs) == sent
    start.click()
    progress = page.locator(".progress-slot")
    expect(progress).to_contain_text("16 of 16 jobs")
    expect(progress).to_contain_text("Failed 4")
    assert len(app.jobs) == sent + 16
    expect(page.locator(".matrix [data-letter=d] img")).to_have_count(12)
    expect(progress.get_by_role("button", name="Retry 4 that failed · 20 credits")).to_be_visible()

    _cells_and_rows_open(page)
    page.locator(".voter-name").fill("Ann & Co")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy the link for Ann & Co").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    _a_voter_sees_names_after_a_vote_and_can_take_it_back(page, catalog)
    ranking = page.locator(".results-slot")
    expect(ranking).to_contain_text(f"3 prompts, 1 voter, {SCREENS} votes")
    ranking.get_by_text("1 voter", exact=True).click()
    expect(ranking.locator(".voters tbody tr")).to_have_text(re.compile(rf"Ann & Co\s*{SCREENS}\s*0"))
    expect(ranking.locator(".decision-chart .point")).to_have_count(4)
    page.reload()
    expect(page.locator(".results-slot .decision-chart .point")).to_have_count(4)


def _cells_and_rows_open(page: Page) -> None:
    page.locator('.matrix [data-at="0"]').click()
    box = page.locator(".evaluation-box")
    expect(box.locator(".card")).to_have_count(1)
    expect(box).to_contain_text("1024 × 1024 PNG")
    page.keyboard.press("Escape")
    page.locator('.matrix [data-row="1"]').click()
    expect(box.locator(".card")).to_have_count(4)
    page.keyboard.press("Escape")


def _a_voter_sees_names_after_a_vote_and_can_take_it_back(page: Page, catalog: Catalog) -> None:
    """Before a vote the voting page has received no name of a model; an answer that is taken back is asked again."""
    received: list[Response] = []
    page.context.on("response", lambda one: received.append(one) if "/vote/" in one.url else None)
    ballot = page.context.new_page()
    none_yet = {"json": {"id": "", "meter": ""}}
    ballot.route("**/screen?*", lambda route: route.fulfill(**none_yet), times=1)
    ballot.goto(page.evaluate("navigator.clipboard.readText()"))
    expect(ballot.locator(".who")).to_have_text("Voting as Ann & Co")
    expect(ballot.locator(".choice")).to_have_count(4)
    expect(ballot.locator(".choice img")).to_have_count(4)
    assert len(received) == 7  # the page, no screen yet, a screen and its four pictures
    assert names_sent(catalog, ballot, received) == set()
    vote(ballot)
    expect(ballot.locator(".meter")).to_have_text(re.compile("^1 vote "))
    # An answer that is taken back takes the next screen back too, whose pictures could still be on their way.
    expect(ballot.locator(".choice .label").first).not_to_be_visible()
    expect(ballot.locator(".choice img")).to_have_count(4)
    ballot.wait_for_function("[...document.querySelectorAll('.choice img')].every((picture) => picture.complete)")
    ballot.keyboard.press("u")
    expect(ballot.locator(".hint")).to_have_text("Your last answer was undone. Answer again.")
    expect(ballot.locator(".meter")).to_have_text(re.compile("^0 votes "))
    for _ in range(2):
        vote(ballot)
    ballot.evaluate(VOTE_WITHOUT_PICTURES, SCREENS - 2)
    ballot.close()


def _a_file_of_prompts_is_read_with_its_columns_on_screen(page: Page, tmp_path: Path) -> None:
    """A wrong file says what is wrong and starts nothing; another column is chosen and read at once."""
    choose = page.locator("#evaluate-file input[type=file]").first
    wrong, right = tmp_path / "wrong.csv", tmp_path / "prompts.csv"
    wrong.write_text("", encoding="utf-8")
    choose.set_input_files(wrong)
    expect(page.locator("#evaluate-file")).to_contain_text("the file is empty")
    right.write_text('scene;topic\n"A kite,\nred";sky\nA boat \u201cNora\u201d 🛶;sea\n', encoding="utf-8-sig")
    choose.set_input_files(right)
    expect(page.locator("#evaluate-file")).to_contain_text("no column seems to hold the prompts")
    expect(page.locator("#evaluate-start")).to_be_disabled()
    page.locator('#evaluate-file [data-part="prompt"]').select_option("scene")
    expect(page.locator("#evaluate-set")).to_contain_text("2 prompts from prompts.csv")
    expect(page.locator("#evaluate-start")).to_contain_text("8 jobs")
    page.locator("#evaluate-write").click()
    expect(page.locator("#evaluate-prompts textarea")).to_be_visible()
    expect(page.locator("#evaluate-start")).to_be_disabled()
