"""Which model is best on a team's own prompts, what it costs, and how sure that is. Pure logic: nothing is sent or stored.

- ``prompts``: prompt sets from text, and the set that ships; ``prompt_files``: from CSV and JSONL files.
- ``matrix``: prompts x columns x repeats -> cells with requests, costs and idempotency keys.
- ``ballots``: one vote, and what it says about each pair; ``screens``: which pictures a voter sees next, how many are left.
- ``bradley_terry``: strengths from pairs; ``ranking``: order, intervals, tiers; ``agreement``: voters and positions.
- ``checks``: what can be seen without a person; ``text_check``: expected text read from a picture; ``scorers``: a team's own.
- ``decision``: preference against price and time, and the sentence that sums it up.
"""
