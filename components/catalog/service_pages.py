"""What the service's public pages say of every model, each statement with the page that it comes from."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue, PlainValidator

from components.catalog.parameters import Closed


def _check_page_date(value: Any) -> Any:
    if not isinstance(value, date) and value != "unknown":
        raise ValueError("must be a date such as 2026-02-24, or unknown")
    return value


PageDate = Annotated[date | Literal["unknown"], PlainValidator(_check_page_date)]  # one fault instead of one a type


class ExampleReply(Closed):
    """An example of a reply: the body that ``source`` shows; ``note`` says where that is not quite so."""

    source: str = Field(min_length=1)
    body: dict[str, JsonValue]
    title: str = ""
    note: str = ""


class Statement(Closed):
    """What ``source`` says, in our words."""

    title: str = Field(min_length=1)
    text: str = Field(min_length=1)
    source: str = Field(min_length=1)


class ErrorReply(Closed):
    """One way in which a request fails. ``type`` is the word in the reply.

    A row without a ``source`` is our reading of the HTTP status; ``charge`` is our reading in every row.
    """

    status: str = Field(min_length=1)
    type: str = ""
    meaning: str = Field(min_length=1)
    charge: str = Field(min_length=1)
    source: str = ""


class ServicePages(Closed):
    """``checked_on`` is the day on which copies of the pages were read, ``source_dated`` the pages' own date."""

    checked_on: date | None = None
    source_dated: PageDate = "unknown"
    highlights: tuple[Statement, ...] = ()
    flow: tuple[Statement, ...] = ()
    billing: tuple[Statement, ...] = ()
    task_replies: tuple[ExampleReply, ...] = ()
    error_reply: ExampleReply | None = None
    errors: tuple[ErrorReply, ...] = ()
    contradictions: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def sources(self) -> tuple[str, ...]:
        """The pages that the statements come from, each once."""
        statements = [item.source for item in (*self.highlights, *self.flow, *self.billing)]
        replies = [item.source for item in (*self.task_replies, self.error_reply) if item]
        return tuple(dict.fromkeys(statements + replies + [item.source for item in self.errors if item.source]))
