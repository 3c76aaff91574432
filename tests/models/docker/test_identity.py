"""Names that the daemon gives out."""

from cutaway.models.docker.identity import Identities


def test_names_do_not_run_out() -> None:
    """Two words are a thousand names; more containers have a digit, or none, and the daemon takes the id."""
    identities, taken, without = Identities(1), set[str](), 0
    for _ in range(12_000):
        name = identities.name(taken)
        assert name not in taken
        without += not name
        taken |= {name} - {""}
    assert any(name[-1].isdigit() for name in taken) and 0 < without < 6_000
