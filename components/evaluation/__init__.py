"""Which model is best on a team's own prompts, what it costs, and how sure that is.

- ``prompts``: prompt sets from text; ``prompt_files``: from CSV and JSONL files, and the set that ships.
- ``matrix``: prompts x columns x repeats -> cells with requests, costs and idempotency keys.
- ``evaluation``: the record; ``service``: what other packages call; ``runner``: sends the jobs; ``store``: the database.
- ``voting``: ballots, which pictures a voter sees next, and the ranking with intervals; its ``service`` is for voters.
- ``checks``: what can be seen without a person, and a team's own scorers; ``text_check``: expected text in a picture;
  ``checking``: runs them on each delivered picture.
- ``results``: votes, prices and checks put together; ``decision``: preference against price and time, and the sentence
  that sums it up; ``shares``: a share of cases with its interval.
- ``archive``: an evaluation as a ZIP, and back.
"""
