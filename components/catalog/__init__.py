"""The models of ``catalog.yaml``: their parameters, their prices, and which requests are valid.

Import a name from the module that defines it:

- ``models``: the types of the catalog (``Catalog``, ``Model``, ``PriceRule``, ...).
- ``service_pages``: what the service's pages say of every model, for the Integrate tab.
- ``parameters``: ``Parameter``, ``Role``, and ``Kind`` with what depends on it.
- ``loading``: ``load_catalog``; ``python -m components.catalog FILE`` checks a file.
- ``rules``: the checks of a catalog that span more than one key.
- ``requests``: parameter values -> ``Request``, or errors that name the field.
- ``forms``: ``check_form``: problems, request and cost of a form in one pass; ``form_settings`` and ``keep_values``: what
  a form is filled with.
- ``shared_form``: one form by role -> the parameters of each model.
- ``prices``: price of a request, tiers, the price list, the what-if.
- ``shapes``: ratios and pixel sizes.
"""
