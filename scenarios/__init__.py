"""What to run: the schema, the loader and the scenario files.

`load` gives a Scenario or raises ScenarioError with one sentence for each mistake; `names` lists the scenarios that are shipped.
Read first: schema.py, then docs/scenarios/index.md.
"""

from cutaway.scenarios.catalogue import names
from cutaway.scenarios.loader import digest, load
from cutaway.scenarios.problems import Problem, ScenarioError
from cutaway.scenarios.schema import Scenario

__all__ = ["Problem", "Scenario", "ScenarioError", "digest", "load", "names"]
