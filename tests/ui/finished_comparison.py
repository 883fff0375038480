"""A finished comparison, with jobs and pictures of the sandbox."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from components.comparisons.comparison import Comparison
from components.comparisons.plan import Choice
from components.playground import Playground, visitor_id

SECRET = "ann-of-the-comparisons-0123456789"
ANN = visitor_id(SECRET)
KEY = "sk-canary-of-a-comparison-77"


async def run_comparison(
    playground: Playground, *models: str | Choice, samples: int = 1, paid: bool = True, **shared: Any
) -> Comparison:
    """Run a comparison of Ann's until it ends; ``paid`` with her own key, else as drawings of the sandbox."""
    account = replace(playground.accounts.sandbox, payer="visitor", key=KEY) if paid else playground.accounts.sandbox
    choices = [model if isinstance(model, Choice) else Choice(model) for model in models]
    comparison = await playground.comparisons.start(choices, {"prompt": "a red kite", **shared}, samples, account, ANN)
    for card in comparison.cards:
        if card.job:
            await playground.jobs.settled(card.job, ANN)
    return comparison
