"""The comparison and the form that an address or a list names."""

from __future__ import annotations

from dataclasses import replace

import gradio as gr

from components.catalog.parameters import Role
from components.catalog.prices import price_list
from components.comparisons.comparison import Comparison
from components.errors import DatabaseUnavailable, NotFound
from components.jobs.job import HistoryEntry
from components.playground import Playground, Visit
from components.ui.compare.display import CompareTab, show_comparison, show_draft
from components.ui.events import Updates, sent
from components.views.comparison import ORDERS, show_earlier_comparisons
from components.views.models.facts import CHEAPEST, cheapest
from components.views.queries.compare import (
    SOURCE,
    ComparisonDraft,
    PublishedSource,
    comparison_id_of,
    draft_of,
    read_compare_query,
    requested_settings,
    settings_title,
)
from components.views.queries.query import Query, first_value

EARLIER = 20


def default_draft(playground: Playground) -> ComparisonDraft:
    """What the form opens with: the prompt of the first model's example, and the models that are good for the same."""
    first = playground.catalog.first
    prompt = str(first.example.get(first.by_role(Role.PROMPT) or "", ""))
    purpose = first.good_for[0] if first.good_for else ""
    suited = [row.model.id for row in price_list(playground.catalog) if purpose and purpose in row.model.good_for]
    return ComparisonDraft(tuple(suited[:CHEAPEST] or cheapest(playground.catalog)), {"prompt": prompt})


async def open_compare(tab: CompareTab, query: Query, visit: Visit) -> Updates:
    """Updates of ``tab.parts``: the form that the address asks for, and the comparison that it names, else the newest.

    What is too long for an address is found in the published comparison that the address names, or in the
    visitor's own that it was used for.
    """
    draft = default_draft(tab.playground)
    named, source = await _named_comparison(tab, query, visit), PublishedSource()
    if first_value(query, "tab") == "compare":
        draft = read_compare_query(tab.playground.catalog, query, draft)
        source = await _published_source(tab, first_value(query, SOURCE))
        own = draft_of(named[0]) if named else draft
        if source.shared:
            draft = replace(draft, shared={**source.shared, **draft.shared})
        elif "prompt" not in query and ("models" not in query or draft.models == own.models):
            draft = own
    requested = requested_settings(draft)
    made = named is not None and requested == requested_settings(draft_of(named[0]))
    return {
        **tab.form.show(draft),
        tab.form.lock: False,
        tab.source: source,
        **(await show_comparison(tab, *named, ORDERS[0], visit, fresh=True) if named else {}),
        tab.order: gr.update(value=ORDERS[0], visible=bool(named)),
        **await show_draft(tab, draft, source, visit),
        # Open where the address asks for some, but not above the cards that were made with them.
        tab.form.settings: gr.update(label=settings_title(draft), open=bool(requested) and not made),
        **await show_earlier(tab, visit, named[0].id if named else ""),
    }


async def _named_comparison(
    tab: CompareTab, query: Query, visit: Visit
) -> tuple[Comparison, dict[str, HistoryEntry]] | None:
    named, comparisons = comparison_id_of(query), tab.playground.comparisons
    try:
        if not named and (newest := await comparisons.newest(visit.visitor)):
            named = newest.id
        return await comparisons.with_entries(named, visit.visitor) if named else None
    except (NotFound, DatabaseUnavailable):
        return None


async def _published_source(tab: CompareTab, token: str) -> PublishedSource:
    """The form of a published comparison, without its visitor's input images; None once it is unpublished."""
    try:
        comparison, _ = await tab.playground.comparisons.published(token)
    except (NotFound, DatabaseUnavailable):
        return PublishedSource(token)
    return PublishedSource(token, {role: value for role, value in draft_of(comparison).shared.items() if role != "images"})


async def show_earlier(tab: CompareTab, visit: Visit, shown: str) -> Updates:
    """The list of this visitor's comparisons; nothing while the database is unavailable."""
    try:
        earlier = await tab.playground.comparisons.recent(visit.visitor, EARLIER)
    except DatabaseUnavailable:
        return {tab.earlier: gr.skip()}
    return {tab.earlier: show_earlier_comparisons(earlier, shown)}


async def open_listed(tab: CompareTab, given: Updates, event: gr.EventData) -> Updates:
    """The comparison of the list that was clicked, with its form."""
    query = {"tab": ["compare"], "comparison": [sent(event, "comparison")]}
    return await open_compare(tab, query, given[tab.header.visit])


async def list_anew(tab: CompareTab, given: Updates) -> Updates:
    """The list after another comparison was started."""
    return await show_earlier(tab, given[tab.header.visit], given[tab.share.comparison])
