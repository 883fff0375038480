"""Prompts that are hard to quote."""

from __future__ import annotations

CONTROL = "".join(map(chr, [*range(32), *range(127, 160)]))
HOSTILE = {
    "quotes": "it's \"quoted\", it''s \"\" '\"'\"' \\' \\\" ''' \"\"\" // /* */ <!-- --> # --",
    "shell": '$HOME ${HOME} $(id) `id` $((1+1)) $$ $? !! !word "!x" !$ ; rm -rf / & | > x < y * ? ~ #',
    "templates": "`${x}` ${process.exit(3)} {x} {{x}} {0} %s %d %% %(x)s </script> @BODY@ @KEY@ @CREATE@ @STATUS@ @@BODY@@ @X@",
    "lines": "first\nsecond\r\nthird\n\n\ttabbed\nJSON\nb\n  JSON\nJSON",
    "control": f"a{CONTROL}b",
    "backslash": "\\n \\u0041 \\x41 \\0 \\\\ ends with \\",
    "emoji": "🦊 👩‍👩‍👧‍👦 🏳️‍🌈 e\u0301 狐 \U0010ffff \ue000 right\u202eleft\u2066x\u2069 שועל \u061c \u2028line\u2029\u0085\ufeff\u200b",
    "long": "A fox, and another fox; \"both\" at 100 % of ${their} `speed`. " * 80 + "x" * 8,
    "json": '{"data":{"url":"https://example.invalid/a.png","images":["https://example.invalid/b.png"]}}',
    "address": "https://example.invalid/only-an-address.png",
    "bang": "wow! yes!! ok!no !=x !(y) (!z)\n!at the start\n!\n\"!\"",
}  # fmt: skip
