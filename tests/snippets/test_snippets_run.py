"""Every program, run unedited against the sandbox: one POST with exactly the request's body, and the files."""

from __future__ import annotations

import io
import random
import subprocess
from collections.abc import Iterator

import pytest
from PIL import Image

from components.catalog.models import Catalog
from components.catalog.requests import Request, build_request
from components.snippets import LANGUAGES, write_snippet
from tests.snippets import KEY, Ran, Recorder, need, recorded_sandbox, run, run_all, written

SMALL = {"image_size": "64x64"}
CONTROL = "".join(map(chr, [*range(32), *range(127, 160)]))
HOSTILE = {
    "quotes": "it's \"quoted\", it''s \"\" '\"'\"' \\' \\\" ''' \"\"\" // /* */ <!-- --> # --",
    "shell": '$HOME ${HOME} $(id) `id` $((1+1)) $$ $? !! !word "!x" !$ ; rm -rf / & | > x < y * ? ~ #',
    "templates": "`${x}` ${process.exit(3)} {x} {{x}} {0} %s %d %% %(x)s </script> @BODY@ @KEY@ @CREATE@ @POLL@ @@BODY@@ @X@",
    "lines": "first\nsecond\r\nthird\n\n\ttabbed\nJSON\nb\n  JSON\nJSON",
    "control": f"a{CONTROL}b",
    "backslash": "\\n \\u0041 \\x41 \\0 \\\\ ends with \\",
    "emoji": "🦊 👩‍👩‍👧‍👦 🏳️‍🌈 e\u0301 狐 \U0010ffff \ue000 right\u202eleft\u2066x\u2069 שועל \u061c \u2028line\u2029\u0085\ufeff\u200b",
    "long": "A fox, and another fox; \"both\" at 100 % of ${their} `speed`. " * 80 + "x" * 8,
    "json": '{"data":{"url":"https://example.invalid/a.png","images":["https://example.invalid/b.png"]}}',
    "address": "https://example.invalid/only-an-address.png",
    "bang": "wow! yes!! ok!no !=x !(y) (!z)\n!at the start\n!\n\"!\"",
}  # fmt: skip


@pytest.fixture(scope="module")
def server(catalog: Catalog) -> Iterator[Recorder]:
    with recorded_sandbox(catalog) as recorder:
        yield recorder


@pytest.fixture
def ledger(server: Recorder) -> Recorder:
    """The sandbox with nothing on record."""
    server.seen.clear()
    return server


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    need(request.param)
    return str(request.param)


def program(catalog: Catalog, server: Recorder, request: Request, language: str) -> str:
    return write_snippet(request, server.address, catalog.endpoint, language)


def formats(ran: Ran) -> list[str]:
    """What the files really are, by their content."""
    return [
        "svg" if data.lstrip()[:4] in (b"<svg", b"<?xm") else str(Image.open(io.BytesIO(data)).format).lower()
        for _, data in sorted(ran.files.items())
    ]


def ended_well(ran: Ran, count: int = 1) -> None:
    assert (ran.status, ran.err) == (0, "")
    assert len(ran.files) == count
    assert all(data for data in ran.files.values())
    assert [line for line in ran.out.splitlines() if not line.startswith("Saved ")] == []
    assert sorted(line.removeprefix("Saved ") for line in ran.out.splitlines()) == sorted(ran.files)


def test_every_models_example_makes_its_picture(language: str, catalog: Catalog, ledger: Recorder) -> None:
    """Eleven programs, eleven POSTs, each with the request's body to the letter, and the key on both routes only."""
    asked = [build_request(catalog, model.id, model.example) for model in catalog.models]

    ran = run_all(language, [program(catalog, ledger, request, language) for request in asked])

    for one in ran:
        ended_well(one)
        assert formats(one) == [one.endings[0]]
    assert ledger.bodies == written([request.body for request in asked])
    for seen in ledger.seen:
        expected = None if seen.path.startswith("/files/") else f"Bearer {KEY}"
        assert seen.headers.get("authorization") == expected
    assert {one.headers["content-type"] for one in ledger.posts} == {"application/json"}


def test_a_hostile_prompt_arrives_as_it_was_typed(language: str, catalog: Catalog, ledger: Recorder) -> None:
    """Quotes, shell and template syntax, control characters, end marks, our own placeholders: all only text."""
    asked = [build_request(catalog, "recraft-v4", {"prompt": prompt} | SMALL) for prompt in HOSTILE.values()]

    ran = run_all(language, [program(catalog, ledger, request, language) for request in asked])

    assert ledger.bodies == written([request.body for request in asked])
    for one in ran:
        ended_well(one)


def test_random_text_arrives_as_it_was_typed(language: str, catalog: Catalog, ledger: Recorder) -> None:
    """What nobody thought of, in the prompt and in a free text beside it."""
    chance = random.Random(41)
    signs = [*"'\"`$\\!%{}()@#&;|<>*?~=\n\r\t\0 ab", "JSON", "@BODY@", "🦊", "\u202e", "\u2028", "\\u0021", "${", "'''"]
    texts = ["a" + "".join(chance.choices(signs, k=500)) for _ in range(3)]
    given = [{"prompt": one, "negative_prompt": one[::-1], "model": "imagen4-fast"} for one in texts]
    asked = [build_request(catalog, "imagen-4", one | {"prompt": one["prompt"] + "#sandbox:credits"}) for one in given]

    ran = run_all(language, [program(catalog, ledger, request, language) for request in asked])

    assert ledger.bodies == written([request.body for request in asked])
    assert all(one.status == 1 and "Insufficient credits" in one.err for one in ran)


def test_all_pictures_of_a_task_are_saved_with_their_endings(language: str, catalog: Catalog, ledger: Recorder) -> None:
    """Several in one task, a vector drawing, and each file format that can be asked for."""
    wanted = [
        ("kling-image-o1", {"num_images": 3}, ["png"] * 3),
        ("imagen-4", {"num_images": 2}, ["png"] * 2),
        ("recraft-v4", {"model": "recraft-v4-text-to-vector"}, ["svg"]),
        *(("ideogram-v4", {"output_format": form}, [form]) for form in ("png", "jpeg", "webp")),
    ]
    asked = [build_request(catalog, model, {"prompt": "a fox"} | given) for model, given, _ in wanted]

    ran = run_all(language, [program(catalog, ledger, request, language) for request in asked])

    for one, (_, _, endings) in zip(ran, wanted, strict=True):
        ended_well(one, len(endings))
        assert one.endings == formats(one) == endings
        stems = {name.rpartition("-")[0] for name in one.files}
        assert len(stems) == 1
        assert sorted(name.rpartition("-")[2][0] for name in one.files) == [str(n + 1) for n in range(len(endings))]
    assert len(ledger.posts) == len(asked)


def test_an_input_picture_that_the_reply_repeats_is_not_downloaded(
    language: str, catalog: Catalog, ledger: Recorder
) -> None:
    """The sandbox repeats the request in every answer; the file at the input's address is never asked for."""
    given = [
        ("kling-image-o1", {"images": [f"{ledger.address}/examples/flux-2?own", "https://example.invalid/in!put.png"]}),
        ("ideogram-v3", {"image": f"{ledger.address}/examples/flux-2?own", "mask_image": "https://example.invalid/m.png"}),
        ("flux-2", {"input_urls": [f"{ledger.address}/examples/flux-2?own"]}),
    ]
    asked = [build_request(catalog, model, {"prompt": "a fox"} | fields) for model, fields in given]

    ran = run_all(language, [program(catalog, ledger, request, language) for request in asked])

    for one in ran:
        ended_well(one)
    assert ledger.paths("own") == []
    assert len(ledger.paths("/files/")) == len(asked)


@pytest.mark.parametrize("key", ["", None], ids=["empty", "unset"])
def test_without_the_key_nothing_is_sent(key: str | None, language: str, catalog: Catalog, ledger: Recorder) -> None:
    """The message names the variable."""
    text = program(catalog, ledger, build_request(catalog, "flux-2", {"prompt": "a fox"}), language)

    ran = run(language, text, API_IN_ONE_KEY=key)

    assert ran.status != 0
    assert "API_IN_ONE_KEY" in ran.err
    assert (ledger.seen, ran.files) == ([], {})


REHEARSALS = {
    "key": "Invalid API key",
    "credits": "Insufficient credits",
    "moderation": "content policy",
    "rate": "Too many requests",
    "upstream": "Internal error",
    "broken": "task_id",
    "failed": "The model crashed",
    "moderated-later": "Blocked by the safety system",
    "empty": "completed",
    "gone": "404",
}


def test_a_failure_ends_the_program_with_the_services_own_words(language: str, catalog: Catalog, ledger: Recorder) -> None:
    """Exit status 1 for whatever the service says, nothing saved, nothing sent twice; a poll that fails is no failure."""
    prompts = [f"a {language} #sandbox:{name}" for name in [*REHEARSALS, "blip"]]
    asked = [build_request(catalog, "recraft-v4", {"prompt": prompt} | SMALL) for prompt in prompts]

    *failed, blip = run_all(language, [program(catalog, ledger, request, language) for request in asked])

    ended_well(blip)
    for (name, words), one in zip(REHEARSALS.items(), failed, strict=True):
        assert one.status != 0, name
        assert words in one.err, name
        assert not any(one.files.values()), name
        if name != "gone":  # the download is left to curl and httpx, whose own status and words are shown
            assert one.status == 1, name
            assert "Traceback" not in one.err, name
            assert len(one.err) < 1000, name
    assert ledger.bodies == written([request.body for request in asked])


def test_pasted_into_a_terminal_no_word_is_taken_for_history(catalog: Catalog, ledger: Recorder) -> None:
    """An interactive bash expands !word; it stays open after the program has failed."""
    prompts = [HOSTILE["bang"], HOSTILE["shell"], HOSTILE["quotes"]]
    asked = [build_request(catalog, "recraft-v4", {"prompt": f"{text} #sandbox:credits"}) for text in prompts]
    texts = [program(catalog, ledger, request, "curl") for request in asked]

    done = subprocess.run(
        ["bash", "--norc", "--noprofile", "-i"],
        input="\n".join(["export API_IN_ONE_KEY=x", *texts, "echo still here"]).encode(),
        capture_output=True,
        timeout=60,
        check=False,
        start_new_session=True,
    )

    assert ledger.bodies == written([request.body for request in asked])
    assert done.stdout.decode().splitlines()[-1] == "still here"
    assert b"event not found" not in done.stderr
