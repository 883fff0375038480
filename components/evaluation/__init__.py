"""Which model is best on a team's own prompts, what it costs, and how sure that is. Nothing here sends or stores anything.

- ``prompts``: prompt sets from text; ``prompt_files``: from CSV and JSONL files, and the set that ships.
- ``matrix``: prompts x columns x repeats -> cells with requests, costs and idempotency keys.
- ``voting``: ballots, which pictures a voter sees next, and the ranking with intervals.
- ``checks``: what can be seen without a person, and a team's own scorers; ``text_check``: expected text in a picture.
- ``shares``: a share of cases with its interval.
- ``decision``: preference against price and time, and the sentence that sums it up.
"""
