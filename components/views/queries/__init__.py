"""The query strings of the tabs, written and read: one module a tab, ``query`` for all. Opening an address spends nothing.

What is too long for an address is left out when it is written; what is unknown, not offered or not legal is left out
when it is read.
"""
