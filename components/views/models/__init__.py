"""What the page says of the models before one is used.

``facts`` words a model's price, times and inputs, ``limits`` what its schema allows, ``purposes`` what it is good for;
``search`` finds models by words, which are in ``search_words``; ``price_list`` is the table and the scatter; ``cards`` shows
a model as a card with a picture, and holds the panel that models are chosen from.
"""
