"""What may be said of replications, of pairs of them, and of one run: intervals, several figures at once, and when to stop.

Of + - * / and sqrt alone, so that an interval has the same bits everywhere. docs/sim/statistics.md gives the reference and the measured
coverage of each method. The start of a run has a file of its own, `sim.warm_up`.
"""

from cutaway.sim.statistics.batch_means import BatchMeans, batch_means
from cutaway.sim.statistics.intervals import Estimate, estimate, p_value, paired_difference
from cutaway.sim.statistics.order_statistics import Interval, quantile_interval
from cutaway.sim.statistics.simultaneous import confidence_of_each, holm
from cutaway.sim.statistics.stopping import RelativePrecision

__all__ = [
    "BatchMeans",
    "Estimate",
    "Interval",
    "RelativePrecision",
    "batch_means",
    "confidence_of_each",
    "estimate",
    "holm",
    "p_value",
    "paired_difference",
    "quantile_interval",
]
