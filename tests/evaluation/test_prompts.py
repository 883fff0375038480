"""Prompt sets from text: one a line, several lines between fences, alternatives in braces."""

from __future__ import annotations

import pytest

from components.errors import InputError
from components.evaluation.prompts import MOST_PROMPTS, expand, read_text


def test_each_line_is_a_prompt_and_a_fenced_one_keeps_its_lines() -> None:
    text = '\n  A kite \r\n\n"""\nA poster that says\n"Sale" 🎈\n"""\n"Hello" on a sign\n'

    assert [prompt.text for prompt in read_text(text).prompts] == [
        "A kite",
        'A poster that says\n"Sale" 🎈',
        '"Hello" on a sign',
    ]


def test_braces_expand_to_every_combination() -> None:
    cases = {
        "a {red|blue} {cat|dog}": ["a red cat", "a red dog", "a blue cat", "a blue dog"],
        "a {|big }cat": ["a cat", "a big cat"],
        "{x} stays": ["{x} stays"],
        r"\{a\|b\} and a\\b": [r"{a|b} and a\b"],
        r"{a\|b|c\}}": ["a|b", "c}"],
        r"C:\new | one": [r"C:\new | one"],
        "50 % {a|b": None,
        "a } b": None,
        "{a|{b|c}}": None,
        "{1|2|3|4|5|6|7|8|9|0}" * 4: None,
    }
    for text, expected in cases.items():
        if expected is not None:
            assert expand(text) == expected, text
            continue
        with pytest.raises(InputError, match="line 7"):
            expand(text, 7)


def test_an_error_names_the_line_of_the_text() -> None:
    cases = {
        "A kite\n\n{a|{b}}": "line 3 has braces within braces",
        'A kite\n"""\nA cat': "line 2 opens a prompt of several lines",
        "A kite\n{a|c}{b|}\n{a|}{|b}" + "x" * 20_001: "line 3 has a prompt of 20,00",
        "A kite\n{|}": "line 2 has an empty prompt",
        "\n".join(map(str, range(MOST_PROMPTS + 1))): "line 2,001 is one too many",
        " \n": "there is no prompt",
        "x" * 2_000_001: "2,000,001 characters",
    }
    for text, message in cases.items():
        with pytest.raises(InputError, match=message):
            read_text(text)


def test_a_prompt_that_is_there_twice_is_left_out_with_a_notice() -> None:
    prompt_set = read_text("a {red|red} kite\na cat\na cat")

    assert [prompt.text for prompt in prompt_set.prompts] == ["a red kite", "a cat"]
    assert prompt_set.notices == ("2 repeated prompts were left out (lines 1, 3).",)


def test_a_prompts_id_depends_on_its_content_only() -> None:
    kite, cat = read_text("a kite\na cat").prompts

    assert read_text("a cat\na kite").prompts[1].id == kite.id != cat.id
