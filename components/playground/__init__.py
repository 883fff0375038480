"""What anyone can ask the product for, plain values in and records out. The page and the endpoints are thin skins over it.

``playground`` holds the operations, ``visits`` who asks and with which key, ``plain_values`` what the public
endpoints take and return.
"""

from components.playground.playground import Playground as Playground
from components.playground.visits import KEY_HEADER as KEY_HEADER
from components.playground.visits import SHORTEST_VISITOR as SHORTEST_VISITOR
from components.playground.visits import VISITOR_HEADER as VISITOR_HEADER
from components.playground.visits import Visit as Visit
from components.playground.visits import visitor_id as visitor_id
