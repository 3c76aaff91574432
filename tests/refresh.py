"""Writes anew what the shipped scenarios come to and what the documentation's commands print.

    python -m tests.refresh

After a change that moves them on purpose: look at the difference, and give the reason in CHANGELOG.md.
"""

from tests import examples, goldens

if __name__ == "__main__":
    for changed in (*goldens.refresh(), *examples.refresh()):
        print(changed.relative_to(examples.ROOT))
