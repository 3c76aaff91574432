"""Names that the daemon gives out."""

from cutaway.models.docker.identity import Identities


def test_there_are_always_names() -> None:
    """Two words are a thousand names; more containers have a digit, or an id."""
    identities, taken = Identities(1), set[str]()
    for _ in range(12_000):
        name = identities.name(taken)
        assert name not in taken
        taken.add(name)
    assert any(name[-1].isdigit() and "_" in name for name in taken) and any("_" not in name for name in taken)
