"""A damaged file of a run is one sentence with the place in it, never a traceback."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model_card import __main__ as command
from tests.model_card.test_adapter_card import RESULTS, RUN

SAMPLES = [{"prompt": "an owl", "seed": 0, "tag": tag, "file": f"{tag}-0.wav"} for tag in ("before", "after")]
FILES = {"run.json": RUN, "samples/samples.json": SAMPLES, "results.json": RESULTS}
ANYTHING = (None, True, -1, 1e300, "", "x", [], {}, [None], {"": None})


def written(folder, **texts):
    """The exit code of the command on a run whose files hold these texts."""
    for name, content in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(texts.get(name, json.dumps(content)), encoding="utf-8", errors="surrogatepass")
    return command.main([str(folder), "--results", str(folder / "results.json")])


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("text", ["", "{", "[" * 20_000, "null", "7", '{"settings": {}}', '"\\ud800"', "\x00", "NaN"])
def test_a_file_that_is_something_else_ends_with_4(tmp_path, capsys, name, text):
    assert written(tmp_path, **{name: text}) == 4
    assert name.split("/")[-1] in capsys.readouterr().err


def places(content, path=()):
    """All places in a JSON content."""
    yield path
    if isinstance(content, dict | list):
        for key, value in content.items() if isinstance(content, dict) else enumerate(content):
            yield from places(value, (*path, key))


def changed(content, path, value, drop):
    if not path:
        return value
    copy = dict(content) if isinstance(content, dict) else list(content)
    if drop and len(path) == 1:
        del copy[path[0]]
    else:
        copy[path[0]] = changed(copy[path[0]], path[1:], value, drop)
    return copy


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_whatever_is_changed_in_a_file_the_card_is_written_or_refused(tmp_path, data):
    name = data.draw(st.sampled_from(list(FILES)))
    path = data.draw(st.sampled_from(list(places(FILES[name]))))
    text = json.dumps(changed(FILES[name], path, data.draw(st.sampled_from(ANYTHING)), data.draw(st.booleans())))
    assert written(tmp_path, **{name: text}) in (0, 4)
