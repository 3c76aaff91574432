"""A stage from data, and its mistakes."""

from __future__ import annotations

import pytest

from cutaway.sim.trace import Trace
from cutaway.visuals.stage_data import StageError, stage_from


def test_a_scene_says_what_it_wants_otherwise(traces: list[Trace]) -> None:
    stage = stage_from({
        "title": {"ko": "한 요청, 세 길", "en": "One request, three ways"},
        "captions": [{"at": "1.5 ms", "text": "later"}, {"at": 0, "text": {"ko": "먼저", "en": "first"}, "speed": 1e-5}],
        "columns": {"VM": {"second": "QEMU", "name": "guest"}},
        "floors": {"server": {"second": "nginx 1.27"}},
        "parts": {"firewall": {"floor": "host", "after": "nat", "match": [["host kernel", ["nftables"]]]}},
        "costs": {"bridge": {"value": "0.5 us", "source": "measured"}},
        "by_request": False, "request": [0, 1, 2],
    }, traces)  # fmt: skip
    assert [cue.at_ns for cue in stage.cues] == [0, 1_500_000] and stage.cues[0].caption.ko == "먼저"
    assert stage.columns[1].second == "QEMU" and stage.columns[1].name.ko == "guest"
    assert stage.part_of(stage.columns[2], "host kernel", "nftables rule") == next(part for part in stage.parts if part.key == "firewall")
    assert stage.costs["bridge"].source == "measured" and stage.request == (0, 1, 2) and not stage.by_request


@pytest.mark.parametrize(("data", "sentence"), [
    ({"captons": []}, "the scene is 'captons'; expected one of title, place, captions, columns, floors, parts, costs, by_request, request. "
                      "Did you mean 'captions'?"),
    ({"captions": [{"at": "soon"}]}, "captions[0].at is 'soon'; expected a time such as 1.5 ms."),
    ({"captions": [{"at": 1, "text": {"fr": "non"}}]}, "captions[0].text is '{'fr': 'non'}'; expected a text, or texts under ko and en."),
    ({"captions": [{"at": 1, "speed": -1}]}, "captions[0].speed is '-1'; expected simulated seconds a second, such as 2e-5."),
    ({"columns": {"VMM": {}}}, "columns is 'VMM'; expected one of bare metal, VM, container. Did you mean 'VM'?"),
    ({"columns": {"VM": {"hue": "red"}}}, "columns.VM.hue is 'red'; expected one of bare, vm, container."),
    ({"parts": {"x": {"floor": "attic"}}}, "parts.x.floor is 'attic'; expected one of server, guest, hypervisor, host, hardware, client."),
    ({"title": 5}, "title is '5'; expected keys with values."),
])  # fmt: skip
def test_a_mistake_is_one_sentence(traces: list[Trace], data: dict[str, object], sentence: str) -> None:
    with pytest.raises(StageError) as caught:
        stage_from(data, traces)
    assert str(caught.value) == sentence
