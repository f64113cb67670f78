"""What it would take, and first of all what it would be worth: error rates at that size, then cores, memory, nodes, money."""

from secondlook.plan.asked import Asked, Desk, Footage, Node, Prices, Question, Recogniser
from secondlook.plan.costs import UnitCosts
from secondlook.plan.costs_file import load_costs
from secondlook.plan.planning import Plan, planned
from secondlook.plan.support import LARGEST_FPIR, Support

__all__ = [
    "LARGEST_FPIR",
    "Asked",
    "Desk",
    "Footage",
    "Node",
    "Plan",
    "Prices",
    "Question",
    "Recogniser",
    "Support",
    "UnitCosts",
    "load_costs",
    "planned",
]
