"""Threshold goals without `for`: which states a goal may be in at the end, from the numbers alone."""

from fractions import Fraction

from .decode import MICROS
from .recount import Recount


def _measured(metric, fields, measures):
    """`measure:NAME` or `cost_per:NAME`."""
    what, name = metric.split(":", 1)
    unit = MICROS if next(measure.kind for measure in measures if measure.name == name) is not None else 1
    n = Fraction(int(fields["measure:" + name]), unit)
    if what == "measure":
        return n
    return Fraction(int(fields["cost_micros"]), MICROS) / n if n else None


def _value(metric, fields, measures):
    """The metric exactly, not as its 6 digits; None where undefined."""
    if ":" in metric:
        return _measured(metric, fields, measures)
    number = {name: int(fields[name]) for name in
              ("impressions", "clicks", "orders", "conversions_micro", "cost_micros", "revenue_micros", "value_micros")}
    cost, value = number["cost_micros"], number["value_micros"]
    conversions = Fraction(number["conversions_micro"], MICROS)
    if metric in ("cost", "revenue", "value"):
        return Fraction(number[metric + "_micros"], MICROS)
    if metric in ("orders", "clicks", "impressions"):
        return Fraction(number[metric])
    above, below = {
        "roi": (value - cost, cost), "roas": (value, cost), "cpa": (Fraction(cost, MICROS), conversions),
        "cpc": (Fraction(cost, MICROS), number["clicks"]), "ctr": (number["clicks"], number["impressions"]),
        "cpm": (Fraction(cost, MICROS) * 1000, number["impressions"]), "cvr": (conversions, number["clicks"]),
    }[metric]
    return Fraction(above) / below if below else None


def states(counted: Recount, campaign, goal, as_of_ms=None):
    """The states that are possible at the end. More than one where the past decides: a firing goal goes on while
    there is too little to judge, and between its bound and `recover`."""
    assert goal.for_ms == 0 and goal.keep_ms == 0
    fields = counted.fields(campaign, goal.window, as_of_ms)
    value = _value(goal.metric, fields, counted.rules.measures)
    if value is None or int(fields["cost_micros"]) < goal.min_cost or int(fields["orders"]) < goal.min_orders:
        return {"insufficient", "firing"}
    bound, recover = Fraction(goal.bound, MICROS), Fraction(goal.recover, MICROS)
    breach = value < bound if goal.at_least else value > bound
    if breach:
        return {"firing"}
    recovered = value >= recover if goal.at_least else value <= recover
    return {"ok"} if recovered else {"ok", "firing"}

