"""The whole product lives here: what can be run, how it is run, what became of it, and what people see.

A room is a noun. It becomes a folder when it has three files or two implementations. The table says which
rooms a room may import (its own files always); ``tests/test_architecture.py`` reads it and enforces it.

    errors       -
    settings     errors
    catalog      errors
    costs        catalog errors
    api          errors
    snippets     api catalog errors
    sandbox      api.wire catalog costs errors
    jobs         api catalog costs errors
    ui           api catalog costs errors jobs snippets

Nobody imports the sandbox or the settings but ``app.py`` and the tests: that is where parts meet.
A few libraries have one home each:

    gradio             ui
    httpx2             api jobs.fetching jobs.pictures
    yaml               catalog
    jsonschema         catalog
    pandas             ui
    PIL                sandbox jobs.inspection ui.thumbnails
    numpy              sandbox
    jinja2             ui
    fastapi            sandbox jobs.routes ui.downloads ui.files ui.publishing ui.small ui.upload
    sqlalchemy         jobs.batches jobs.database jobs.schema jobs.search jobs.store jobs.transactions jobs.migrations
    alembic            jobs.database jobs.migrations
    filelock           jobs.database
    fsspec             jobs.shelves
    prometheus_client  jobs.metrics
"""
