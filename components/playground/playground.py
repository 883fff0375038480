"""Operations that depend on who pays: prices and checks of a form, and everything that is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from components.api import Account
from components.catalog.forms import CheckedForm, check_form
from components.catalog.models import Catalog, Model
from components.catalog.prices import Cost, price
from components.catalog.requests import Request, build_request
from components.comparisons.comparison import Comparison
from components.comparisons.plan import Choice, ComparisonPlan, fit_to_budget, plan_retries, total_cost
from components.comparisons.service import ComparisonService
from components.errors import DatabaseUnavailable, KeyRefused
from components.evaluation.evaluation import Draft, Evaluation
from components.evaluation.service import EvaluationService
from components.jobs.budgets import Budget
from components.jobs.job import Job, idempotency_key_of
from components.jobs.service import JobService
from components.jobs.store.history import HistoryStore
from components.playground.accounts import Accounts
from components.playground.key_checks import KeyCheck, KeyChecks
from components.playground.preparation import unreachable_picture, with_new_seed
from components.playground.visits import Visit
from components.snippets import write_snippet


@dataclass(frozen=True)
class Playground:
    """The playground of this installation, shared by all visitors.

    For operations that cost nothing, call ``jobs``, ``history``, ``comparisons`` or ``evaluations`` with the visitor's id.

    Attributes:
        sandbox_url: how a visitor reaches the sandbox.
        notices: sentences about this installation that every visitor should know.
        storage_note: how long results are kept.
        uploads_refused: why no picture can be uploaded here; "" where one can.
        public_address: where strangers reach this page, without a trailing slash; "" where it is not set.
        own_address: how this process reaches itself.
        drawings_version: changes when the sandbox draws differently.
    """

    catalog: Catalog
    jobs: JobService
    accounts: Accounts
    sandbox_url: str
    comparisons: ComparisonService
    evaluations: EvaluationService
    key_checks: KeyChecks
    notices: tuple[str, ...] = ()
    storage_note: str = ""
    uploads_refused: str = ""
    public_address: str = ""
    own_address: str = ""
    drawings_version: str = ""

    @property
    def history(self) -> HistoryStore:
        """The jobs of each visitor in groups, and what is done with several of them at once."""
        return self.jobs.store.history

    # -- who pays -------------------------------------------------------------------------------

    def account(self, visit: Visit) -> Account:
        """Who pays for this visit: the visitor's own key, else the host's, else the sandbox."""
        return self.accounts.of_visitor(visit.key)

    def paying_account(self, visit: Visit) -> Account:
        """Who pays for what is sent now. Raises KeyRefused if the visit's page shows another payer.

        A page that was open across a restart, or for very long, still shows a key that this process no longer holds.
        """
        account = self.account(visit)
        if visit.shown_payer not in ("", account.payer):
            if visit.shown_payer == "visitor":
                raise KeyRefused("This page no longer holds the key that it shows.", next_step="Enter your key again.")
            raise KeyRefused("Another key pays for this page now.", next_step="Reload the page.")
        return account

    async def enter_key(self, visit: Visit, typed: str) -> Visit:
        """The visit with this key; jobs of the visitor that wait for it continue. Raises KeyRefused."""
        entered = visit.with_key(typed)
        if entered.key:
            await self.jobs.recovery.key_given(entered.visitor, self.account(entered))
            await self.evaluations.key_given(entered.visitor, self.account(entered))
        return entered

    async def check_key(self, visit: Visit) -> KeyCheck | None:
        """What the service says of the visitor's own key; None without one. Nothing is charged."""
        return await self.key_checks.check(self.account(visit)) if visit.key else None

    async def forget_key(self, visit: Visit) -> Visit:
        """The visit without a key; the visitor's jobs that need it wait for it."""
        await self.evaluations.forget_key(visit.visitor)
        await self.jobs.recovery.forget_key(visit.visitor)
        return replace(visit, key="")

    # -- requests, before they are sent ---------------------------------------------------------

    def request(self, model: str, parameters: Any, *, prompt_needed: bool = True) -> Request:
        """The validated request. Raises InputError naming the field."""
        return build_request(self.catalog, model, parameters, prompt_needed=prompt_needed)

    def estimate(self, model: str, parameters: Any) -> Cost:
        """What a request costs; the prompt may be missing. Raises InputError naming the field."""
        return price(self.catalog, self.request(model, parameters, prompt_needed=False))

    def origin(self, called_at: str) -> str:
        """This application's address without a trailing slash: the public one, else the one that the caller used.

        A proxy may hide the scheme and host that the caller used.
        """
        return self.public_address or called_at.rstrip("/")

    def picture_base(self, visit: Visit) -> str:
        """The base address at which the service or the sandbox can fetch our pictures; "" if the service cannot reach us."""
        return self.public_address or (self.own_address if self.account(visit).payer == "sandbox" else "")

    def check_form(self, model: Model, parameters: Mapping[str, Any], visit: Visit) -> CheckedForm:
        """What is wrong with an unfinished form, what it would send, and what that costs."""
        checked = check_form(self.catalog, model, parameters)
        unreachable = unreachable_picture(checked.draft, self.account(visit), self.own_address)
        return replace(checked, problems=(*checked.problems, unreachable)) if unreachable else checked

    async def budget(self, visit: Visit) -> Budget:
        """What the next requests of this visit may cost, to be shown; without caps while the database does not answer."""
        try:
            return await self.jobs.budget(self.account(visit), visit.visitor)
        except DatabaseUnavailable:
            return Budget()

    def snippet(
        self,
        request: Request,
        visit: Visit,
        language: str = "curl",
        task_id: str | None = None,
        *,
        at_service: bool = False,
    ) -> str:
        """The code that makes this request as this visit would, for a task that exists already with its id.

        ``at_service``: to the service, also where this visit uses the sandbox.

        Raises:
            InputError: there is no such language.
        """
        account = self.accounts.service if at_service else self.account(visit)
        base = self.sandbox_url if account.payer == "sandbox" else account.base_url
        return write_snippet(request, base, self.catalog.endpoint, language, task_id=task_id)

    # -- jobs -----------------------------------------------------------------------------------

    async def generate(
        self, model: str, parameters: Any, visit: Visit, *, deduplicate: bool = False, new_seed: bool = False
    ) -> Job:
        """Send a request and return its job at once.

        ``deduplicate``: while the same request of this visitor is active, return its job instead. ``new_seed``: draw
        the seed of a model that takes one; requests that differ in nothing but a drawn seed are the same.
        Raises InputError, KeyRefused, CapReached, DatabaseUnavailable; nothing was sent then.
        """
        account = self.paying_account(visit)
        request = self.request(model, parameters)
        if unreachable := unreachable_picture(request, account, self.own_address):
            raise unreachable
        request, same = with_new_seed(request) if new_seed else (request, request)
        key = idempotency_key_of(same, account, visit.visitor) if deduplicate else None
        return await self.jobs.submit(request, account, visit.visitor, idempotency_key=key)

    async def resubmit(self, job_id: str, visit: Visit) -> Job:
        """Send the request of an uncertain job again; any other job is returned as it is. Raises as :meth:`generate`."""
        return await self.jobs.resubmit(job_id, self.paying_account(visit), visit.visitor)

    async def check_again(self, job_id: str, visit: Visit) -> Job:
        """Continue a job that is overdue, stopped or unreadable, or needs its key. Sends no new request. Raises NotFound."""
        return await self.jobs.check_again(job_id, self.account(visit), visit.visitor)

    async def attach(self, job_id: str, task_id: str, visit: Visit) -> Job:
        """Follow the task of an uncertain job, by the id that the service's dashboard shows. Sends no new request.

        Raises NotFound, InvalidState, InputError, ServiceError.
        """
        return await self.jobs.attach(job_id, task_id, self.account(visit), visit.visitor)

    async def resume_late(self, visit: Visit) -> None:
        """Look again for results that were late at their host when this visitor's jobs were given up."""
        with suppress(DatabaseUnavailable):
            for job in await self.jobs.store.unfinished(visit.visitor):
                if job.late:
                    await self.check_again(job.id, visit)

    # -- comparisons ----------------------------------------------------------------------------

    async def fit_comparison(self, planned: ComparisonPlan, visit: Visit) -> ComparisonPlan:
        """The plan with the requests that :meth:`compare` would send: those that fit the caps, in their order."""
        budget = await self.budget(visit)
        cards = tuple(fit_to_budget(planned.cards, budget))
        return ComparisonPlan(cards, total_cost(self.catalog, cards), budget.left)

    async def compare(
        self,
        choices: Sequence[Choice],
        shared: Mapping[str, Any],
        samples: int,
        visit: Visit,
        idempotency_key: str = "",
        *,
        new_seed: bool = False,
    ) -> Comparison:
        """Send every request of a comparison that fits the caps.

        ``idempotency_key``: every further call of this visitor with it returns the same comparison and sends nothing.
        ``new_seed``: where the form has no seed, draw one for all models that take one.
        Raises InputError, KeyRefused, DatabaseUnavailable; nothing was sent then.
        """
        account = self.paying_account(visit)
        return await self.comparisons.start(
            choices, shared, samples, account, visit.visitor, idempotency_key, new_seed=new_seed
        )

    async def pin_samples(self, comparison_id: str, key: str) -> None:
        """Show the pictures of a comparison on the cards of its models, to every visitor; "" shows drawings again.

        Raises KeyRefused unless ``key`` is the host's, NotFound, InvalidState, DatabaseUnavailable.
        """
        if not self.accounts.is_host(key):
            raise KeyRefused("Only the host of this page can choose its samples.", next_step="Use the host's key.")
        if comparison_id:
            await self.comparisons.pin(comparison_id)
        else:
            await self.comparisons.samples.remove()

    async def plan_retries(self, comparison: Comparison, jobs: Mapping[str, Job], visit: Visit) -> ComparisonPlan:
        """What :meth:`retry` would send, and what does not fit the caps."""
        again = tuple(plan_retries(self.catalog, comparison, jobs).values())
        return await self.fit_comparison(ComparisonPlan(again, total_cost(self.catalog, again)), visit)

    async def retry(self, comparison_id: str, visit: Visit) -> Comparison:
        """Send again what failed, as far as it fits the caps. Raises NotFound, InvalidState, KeyRefused, CapReached."""
        return await self.comparisons.retry(comparison_id, self.paying_account(visit), visit.visitor)

    async def add_models(self, comparison_id: str, choices: Sequence[Choice], visit: Visit) -> Comparison:
        """Add a card for each choice. Raises NotFound, InvalidState, InputError, KeyRefused."""
        return await self.comparisons.add(comparison_id, choices, self.paying_account(visit), visit.visitor)

    # -- evaluations ----------------------------------------------------------------------------

    async def evaluate(self, draft: Draft, visit: Visit, idempotency_key: str = "") -> Evaluation:
        """Start an evaluation. ``idempotency_key`` as in :meth:`compare`.

        Raises InputError, KeyRefused, DatabaseUnavailable; nothing was sent then.
        """
        return await self.evaluations.start(draft, self.paying_account(visit), visit.visitor, idempotency_key)

    async def resume_evaluation(self, evaluation_id: str, visit: Visit, budget: float | None = None) -> Evaluation:
        """Send what is still to be sent, within another budget if one is given. Raises NotFound, KeyRefused, InputError."""
        return await self.evaluations.resume(evaluation_id, self.paying_account(visit), visit.visitor, budget)

    async def retry_evaluation(self, evaluation_id: str, visit: Visit) -> Evaluation:
        """Send again what failed. Raises NotFound, KeyRefused."""
        return await self.evaluations.retry_failed(evaluation_id, self.paying_account(visit), visit.visitor)
