"""Plain values -> words and escaped HTML: no Gradio and no HTTP here, so that everything is tested without a page.

``words`` has labels, states, prices and units, ``account`` who pays and what was spent, ``links`` routes and links,
``queries/`` the query string of each tab. ``job``, ``history``, ``comparison`` and ``evaluation/`` are
the HTML of their tabs, ``actions`` the buttons of a result, ``models/`` and ``tables`` the price list and what forms show of
a model, ``integration`` the Integrate tab. ``report`` is the report of a comparison, ``recipe`` what a downloaded picture says
of itself, ``exports/`` the data files. Templates escape every value.
"""
