"""The search for a model: each word must be a prefix of one of the model's words. assets/picker.js does the same."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from components.catalog.models import Model
from components.views.models.purposes import PURPOSES
from components.views.models.search_words import MESSAGES, ORDER_MESSAGES, ORDER_WORDS, PURPOSE_WORDS, STOP_WORDS

SEPARATORS = re.compile(r"[\s,;!?\"'()]+")
LONGEST_SHOWN = 40  # letters of a word that nothing is found by
ALL_PURPOSE_WORDS = frozenset(" ".join(PURPOSE_WORDS.values()).split())
COLUMN_BY_WORD = {word: column for column, words in ORDER_WORDS.items() for word in words.split()}
MESSAGE_BY_WORD = {word: message for words, message in MESSAGES.items() for word in words.split()}
IGNORED_WORDS = (*STOP_WORDS.split(), *COLUMN_BY_WORD)


def words_of(text: str) -> list[str]:
    """The words of a search, in lower case."""
    return [word for word in SEPARATORS.split(text.lower()) if word]


def search_text(model: Model) -> str:
    """The words that a model is found by: its names, its purposes, and what its page and its settings say."""
    names = (model.name, model.name.replace(" ", ""), model.provider, model.id, *model.aliases, *model.variants)
    settings = (
        text
        for name, field in model.parameters.items()
        for text in (field.title, name, *(field.title_of(value) for value in field.enum or field.examples))
    )
    said = words_of(" ".join((*model.capabilities, *model.use_cases, *settings)))
    purposes = words_of(" ".join(f"{PURPOSES[purpose]} {PURPOSE_WORDS[purpose]}" for purpose in model.good_for))
    own = [word for word in said if word not in ALL_PURPOSE_WORDS]
    own += ["webhook", "callback"] if model.webhook else []
    own += ["input", "upload"] if "image" in model.inputs else []
    return " ".join(dict.fromkeys((*words_of(" ".join(names)), *own, *purposes)))


def has_words(text: str, search: str) -> bool:
    """Whether a model with this :func:`search_text` is found by every word of a search."""
    return all(_has(text, word) or _is_ignored(word) for word in words_of(search))


def matches(model: Model, search: str = "", purpose: str = "") -> bool:
    """Whether a model is good for a purpose ("" for any) and found by a search."""
    return (not purpose or purpose in model.good_for) and has_words(search_text(model), search)


def order_of(search: str) -> str:
    """The column that a search orders by, such as ``Price`` for ``cheapest``; "" for none."""
    return next((COLUMN_BY_WORD[word] for word in words_of(search) if word in COLUMN_BY_WORD), "")


def search_messages(texts: Iterable[str], search: str) -> list[str]:
    """What there is to say of a search: the order, and why a word finds none of the models with these search texts."""
    texts = list(texts)
    messages = [ORDER_MESSAGES[order_of(search)]] if order_of(search) else []
    for word in words_of(search):
        if not any(_has(text, word) for text in texts) and (word in MESSAGE_BY_WORD or not _is_ignored(word)):
            messages.append(MESSAGE_BY_WORD.get(word) or f"Nothing here is about “{word[:LONGEST_SHOWN]}”.")
    return list(dict.fromkeys(messages))


def search_data() -> Mapping[str, Any]:
    """What assets/picker.js needs to search as this module does."""
    return {
        "ignored": IGNORED_WORDS,
        "columns": COLUMN_BY_WORD,
        "orderMessages": ORDER_MESSAGES,
        "messages": MESSAGE_BY_WORD,
    }


def _has(text: str, word: str) -> bool:
    return f" {word}" in f" {text}"


def _is_ignored(word: str) -> bool:
    return any(ignored.startswith(word) for ignored in IGNORED_WORDS)
