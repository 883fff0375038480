"""What anyone can ask the product for, with plain values.

``Playground`` has what depends on who pays, and leads to jobs, history, comparisons and evaluations, which the page,
the endpoints and the routes call too; ``accounts`` says who can pay, ``visits`` who asks and with which key,
``spending`` what was spent, ``plain_values`` and ``evaluation_values`` what the public endpoints take and return.
"""

from components.playground.playground import Playground as Playground
from components.playground.visits import KEY_HEADER as KEY_HEADER
from components.playground.visits import VISITOR_HEADER as VISITOR_HEADER
from components.playground.visits import Visit as Visit
from components.playground.visits import visitor_id as visitor_id
