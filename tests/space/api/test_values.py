"""No function of the page is called with what its fields cannot hold, whatever a stranger sends."""

import json

import gradio as gr
import httpx
import pytest

from space.api.values import NOT_HELD, can_hold

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        (gr.Number(), [None, 1, -2.5], ["rain", [], {}, True, NAN, INF]),
        (gr.Slider(0, 1), [0.5], ["rain", NAN]),
        (gr.Textbox(), ["", "rain", None], [1, [], {"a": 1}]),
        (gr.Checkbox(), [True, False], ["x", 1, []]),
        (gr.Dropdown(["a"]), ["a", None], [["a"], {}, 3, True]),
        (gr.Dropdown(["a"], multiselect=True), [["a"], []], ["a", [[]], {}]),
        (gr.Radio(["a"], value="a"), ["a"], [None]),
        (gr.Radio(["a"]), ["a", None], []),
    ],
    ids=lambda one: type(one).__name__ if isinstance(one, gr.components.Component) else "",
)
def test_a_field_holds_what_a_person_can_put_into_it(field, good, bad):
    assert [can_hold(field, value) for value in good] == [True] * len(good)
    assert [can_hold(field, value) for value in bad] == [False] * len(bad)


def functions(served):
    """{name of a function of ours: its number and fields} of those that answer at once."""
    found = {}
    for number, one in served.page.fns.items():
        if one.fn is not None and not one.queue and one.inputs:
            found[getattr(one.fn, "__name__", "?")] = (number, one.inputs)
    return found


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("show_example", "rain"),
        ("show_example", [[]]),
        ("show_example", INF),
        ("show_action", None),
        ("show_action", "no such"),
        ("_choose", 1),
    ],
)
def test_hostile_values_are_refused_and_reach_no_function(served, capfd, name, value):
    number, fields = functions(served)[name]
    body = {"data": [value] * len(fields), "fn_index": number, "session_hash": "hostile"}
    sent = {"content": json.dumps(body), "headers": {"content-type": "application/json"}, "timeout": 60}
    answer = httpx.post(f"{served.url}gradio_api/run/predict", **sent)
    assert answer.status_code in (200, 500)
    said = capfd.readouterr().err
    assert "Traceback" not in said


def test_a_value_that_no_field_holds_gets_a_sentence(served):
    number, _ = functions(served)["show_example"]
    body = {"data": ["rain"], "fn_index": number, "session_hash": "hostile"}
    assert NOT_HELD in httpx.post(f"{served.url}gradio_api/run/predict", json=body, timeout=60).text
