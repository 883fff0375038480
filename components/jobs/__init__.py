"""Jobs: the record of each request, from its submission to its stored pictures; at most one POST, nothing paid is lost.

Open ``job`` for the record, ``transitions`` for its states, ``service`` for what other packages call, ``worker`` for
sending, ``polling`` for what follows, ``results`` for the pictures and the deletion of jobs, ``callbacks`` for
their secrets and how far they are trusted, ``recovery`` for jobs that continue: after a crash, at a callback, with a key;
``active`` for what is in memory, ``pacing`` and ``budgets`` for limits, ``metrics`` for what an operator sees, ``store`` for
the database: the schema of the whole product, and what is removed with a job.
"""
