"""Blind votes, and what follows from them.

- ``ballots``: one vote, and what it says about each pair of pictures.
- ``screens``: which pictures a voter sees next, and about how many more screens settle the winner.
- ``bradley_terry``: strengths from pairs; ``ranking``: order, intervals, tiers and the chance of being the best.
- ``influence``: about how few votes would change the first place.
- ``service``: screens, pictures and votes for whoever knows the link.
- ``agreement``: whether voters agree, whether the position on screen decides, and who beats whom.
"""
