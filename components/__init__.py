"""The whole product: which models there are, how they are called, what became of each request, and the page.

The table says which packages a package may import (its own modules always); ``tests/test_architecture.py`` reads
it and enforces it.

    errors       -
    keys         errors
    proxies      -
    transport    -
    settings     keys proxies errors
    catalog      errors
    api          errors transport
    pictures     errors transport
    snippets     catalog errors
    sandbox      catalog keys errors
    jobs         api catalog pictures errors
    comparisons  jobs catalog api pictures errors
    evaluation   comparisons jobs catalog api pictures errors
    playground   evaluation comparisons jobs snippets catalog api keys errors
    views        playground evaluation comparisons jobs pictures snippets catalog api errors
    web          views playground evaluation comparisons jobs pictures catalog api settings errors
    ui           views playground evaluation comparisons jobs pictures snippets catalog errors

Only ``app.py``, a package's ``__main__`` and the tests import everything: that is where the parts meet.
A library is imported in one place:

    gradio             ui
    fastapi            web sandbox
    httpx2             transport api pictures sandbox
    socksio            api
    yaml               catalog
    jsonschema         catalog
    pandas             views
    PIL                sandbox pictures
    resvg_py           pictures
    numpy              sandbox evaluation
    rapidocr           evaluation
    jinja2             views
    pygments           views
    sqlalchemy         jobs.store comparisons.store comparisons.samples evaluation.store
    alembic            jobs.store
    filelock           jobs.store
    fsspec             pictures
    prometheus_client  jobs.metrics
"""
