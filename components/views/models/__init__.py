"""What the page says of the models before one is used.

``facts`` words a model's price, times and inputs; ``purposes`` names what models are good for and what a search for one
finds; ``cards`` shows a model as a card with a picture, and holds the panel that models are chosen from.
"""

from components.views.models.facts import CHEAPEST as CHEAPEST
from components.views.models.facts import cheapest as cheapest
from components.views.models.facts import credits_range as credits_range
from components.views.models.facts import inputs_text as inputs_text
from components.views.models.facts import price_range as price_range
from components.views.models.facts import upload_control as upload_control
