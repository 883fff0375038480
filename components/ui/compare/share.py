"""What can be done with a comparison that is there: two pictures in a slider, a report, a ZIP, a public address."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from components.comparisons.comparison import Comparison
from components.errors import PlaygroundError
from components.jobs.job import Job
from components.playground import Playground, Visit
from components.ui.events import LATEST, QUIET, Updates
from components.ui.slider_copies import COPIES
from components.views.comparison import name_of
from components.views.links import archive_link, link, published_path, report_link
from components.views.templates import render
from components.views.words import plain


@dataclass(frozen=True)
class Extras:
    """``batch`` holds the id of the comparison that is shown, ``shown`` turns it into updates of ``parts``.

    ``anew`` makes of such updates those for another comparison than before, of which nothing is chosen yet.
    ``sides`` hold the names of the two pictures in the slider, or None.
    Each of ``changes`` is an event after which more or less can be done with the comparison.
    """

    batch: gr.State
    parts: frozenset[Any]
    shown: Callable[[Comparison, Mapping[str, Job]], Updates]
    anew: Callable[[Updates], Updates]
    changes: tuple[Any, ...]
    sides: tuple[gr.Dropdown, gr.Dropdown]


def build_extras(playground: Playground, visit: gr.State) -> Extras:
    """Build and wire the part below the cards."""
    comparisons = playground.comparisons
    batch = gr.State("")
    with gr.Accordion("Two beside each other", open=False, visible=False, elem_id="beside") as fold:
        with gr.Row():
            left = gr.Dropdown([], label="Left", elem_id="slider-left")
            right = gr.Dropdown([], label="Right", elem_id="slider-right")
        slider = gr.ImageSlider(
            label="Two results",
            type="filepath",
            interactive=False,
            elem_id="slider",
            show_label=False,
            buttons=["fullscreen"],
        )
    with gr.Row(elem_id="compare-share", visible=False) as share:
        links = gr.HTML(elem_id="compare-links")
        publish = gr.Button("Publish", size="sm", elem_id="publish-button", min_width=120)
        revoke = gr.Button("Unpublish", size="sm", visible=False, elem_id="revoke-button", min_width=120)
    public = gr.HTML(elem_id="compare-public")
    parts = frozenset({fold, left, right, slider, share, links, publish, revoke, public})

    def shown(now: Comparison, jobs: Mapping[str, Job]) -> Updates:
        over = [(card, job) for card in now.cards if (job := jobs.get(card.job)) and job.pictures]
        going = any(not job.settled for job in jobs.values())
        choices = [
            (f"{number}. {name_of(playground, card)}" + (f" ({place})" if len(job.pictures) > 1 else ""), name)
            for number, (card, job) in enumerate(over, 1)
            for place, name in enumerate(_raster(job), 1)
        ]
        ready = bool(over) and not going
        return {
            fold: gr.update(visible=len(choices) > 1),
            left: gr.update(choices=choices),
            right: gr.update(choices=choices),
            share: gr.update(visible=ready),
            links: render(
                "compare_links",
                report=report_link(now.id),
                archive=archive_link(job.id for _, job in over) if over else "",
            ),
            publish: gr.update(visible=ready and not now.token),
            revoke: gr.update(visible=bool(now.token)),
            public: render("public", address=link(published_path(now.token)) if now.token else ""),
        }

    def anew(updates: Updates) -> Updates:
        # A choice that stays behind is refused by the dropdown that it is no choice of any more.
        if fold not in updates:
            return updates
        emptied = {side: {**updates[side], "value": None} for side in (left, right)}
        return {**updates, **emptied, fold: {**updates[fold], "open": False}, slider: None}

    async def drawn(batch_id: str, now: Visit) -> list[list[str]]:
        """What the slider can show of each card. Raises PlaygroundError."""
        found = await comparisons.find(batch_id, now.visitor)
        jobs = await comparisons.jobs(found)
        return [_raster(jobs[card.job]) for card in found.cards if card.job in jobs]

    async def beside(first: str | None, second: str | None, batch_id: str, now: Visit) -> Updates:
        """Two pictures of this comparison, whatever their sizes."""
        try:
            mine = {name for names in await drawn(batch_id, now) for name in names}
        except PlaygroundError:
            return {slider: gr.skip()}
        if first not in mine or second not in mine:
            return {slider: gr.skip()}
        return {slider: await pair(str(first), str(second))}

    async def unfolded(first: str | None, second: str | None, batch_id: str, now: Visit) -> Updates:
        """Something to look at at once: two pictures, of two cards where there are two, until others are chosen."""
        if first or second:
            return {slider: gr.skip()}
        try:
            cards = await drawn(batch_id, now)
        except PlaygroundError:
            return {slider: gr.skip()}
        names = list(
            dict.fromkeys([name for names in cards for name in names[:1]] + [name for names in cards for name in names])
        )
        if len(names) < 2:
            return {slider: gr.skip()}
        return {left: names[0], right: names[1], slider: await pair(*names[:2])}

    async def pair(*names: str) -> Any:
        paths = [await COPIES.get(playground.jobs.pictures, name) for name in names]
        return tuple(paths) if all(paths) else gr.skip()

    async def opened(batch_id: str, now: Visit) -> Updates:
        return await _shared(comparisons.publish(batch_id, now.visitor))

    async def closed(batch_id: str, now: Visit) -> Updates:
        return await _shared(comparisons.revoke(batch_id, now.visitor))

    async def _shared(change: Any) -> Updates:
        try:
            after = await change
        except PlaygroundError as error:
            return {public: render("note", text=plain(error))}
        return {
            publish: gr.update(visible=not after.token),
            revoke: gr.update(visible=bool(after.token)),
            public: render("public", address=link(published_path(after.token)) if after.token else ""),
        }

    gr.on([left.input, right.input], beside, [left, right, batch, visit], [slider], **LATEST)
    fold.expand(unfolded, [left, right, batch, visit], [left, right, slider], **QUIET)
    changes = (
        publish.click(opened, [batch, visit], [publish, revoke, public], **QUIET),
        revoke.click(closed, [batch, visit], [publish, revoke, public], **QUIET),
    )
    return Extras(batch, parts, shown, anew, changes, (left, right))


def _raster(job: Job) -> list[str]:
    """The names of those of its pictures that the slider can show."""
    return [picture.name for picture in job.pictures if picture.format != "svg"]
