"""What the page says of the models before one is used.

``facts`` words a model's price, times and inputs; ``purposes`` names what models are good for and what a search for one
finds; ``cards`` shows a model as a card with a picture, and holds the panel that models are chosen from.
"""
