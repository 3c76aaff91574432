"""Busy loops beside the server."""

from cutaway.models.neighbours import HogPart, hogs


def test_each_hog_is_a_container_of_its_own() -> None:
    fittings = hogs(HogPart(count=2, cpu_shares=512), (0, 1), first=3)
    assert {thread.layer for thread in fittings.threads} == {"neighbours"}
    assert [thread.name for thread in fittings.threads] == ["hog 3", "hog 4"] and {thread.kind for thread in fittings.threads} == {"hog"}
    assert [(group.name, group.weight) for group in fittings.groups] == [("hog 3 group", 512), ("hog 4 group", 512)]


def test_or_none_has_a_group() -> None:
    fittings = hogs(HogPart(group="none", cpus=(1,)), (0,), first=0)
    assert fittings.groups == () and fittings.threads[0].group == "" and fittings.threads[0].cpus == ("cpu1",)
