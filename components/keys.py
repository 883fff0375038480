"""An API key as people paste it: into the page's box, a header, or the environment."""

from __future__ import annotations

import re

from components.errors import KeyRefused

LONGEST_KEY = 500
SURROUNDING = " \t\r\n\"'`“”‘’,;\u200b\ufeff"  # quotes of any kind, separators, and what cannot be seen
PREFIX = re.compile(r"(export\s+)?API_IN_ONE_KEY\s*[=:]|(x-api-in-one-key|authorization)\s*:|bearer(\s|:|$)", re.I)
MASKED = re.compile(r"\*\*|•|…|\.\.\.")
# With a key that ends with this the sandbox leaves the model's name out of its drawings, so that they can be voted on blind.
UNNAMED_SANDBOX = "-unnamed"
COPY_WHOLE_KEY = "Copy the whole key; the service may show it only when it is created."


def clean_key(typed: str) -> str:
    """The key in a text, without spaces, quotes, the variable's or header's name and ``Bearer`` around it; "" for none.

    Raises KeyRefused for a key that is cut short by asterisks or dots, and for text that no HTTP header could carry.
    """
    key = typed.strip(SURROUNDING)
    while prefix := PREFIX.match(key):
        key = key[prefix.end() :].strip(SURROUNDING)
    if MASKED.search(key):
        raise KeyRefused(
            "This is the short form of a key, with signs in place of its middle or end.", next_step=COPY_WHOLE_KEY
        )
    if len(key) > LONGEST_KEY or not key.isascii() or not key.isprintable() or " " in key:
        raise KeyRefused("This is not an API key: a key is one word of ASCII letters, digits and punctuation.")
    return key
