"""A job from the click to the stored picture: at most one POST, nothing paid is lost.

Start at ``transitions`` for the states, ``service`` for what others call, ``worker`` for sending and polling,
``recovery`` for what happens after a crash, and ``store`` for the database.
"""
