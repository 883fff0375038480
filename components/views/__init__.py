"""Plain values -> words and escaped HTML: no Gradio and no HTTP here, so that everything is tested without a page.

``words`` has labels, states, prices and units, ``account`` who pays and what was spent, ``links`` routes and links,
``queries`` and ``compare_query`` the query string of each tab, ``models`` and ``tables`` the price list and what forms show
of a model, ``job``, ``history`` and ``comparison`` the HTML of their tabs, ``report`` the report of a
comparison, ``integration`` the Integrate tab, ``recipe`` what a downloaded picture says of itself. Templates escape every value.
"""
