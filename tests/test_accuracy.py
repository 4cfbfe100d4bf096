import pytest

from benchmarks import accuracy, accuracy_devices
from benchmarks.result import Bound, Result


def result(ours):
    misses = [{"is": "tv", "said": "", "times": 3, "example": "Roku/9"}]
    return Result(
        name="type", unit="%", ours=ours, promises=(Bound("ours", 90, at_least=True),), details={"misses": misses}
    )


@pytest.mark.parametrize(("ours", "code"), [(90.0, 0), (89.9, 1)])
def test_a_missed_promise_is_the_exit_code_and_misses_can_be_listed(monkeypatch, capsys, ours, code):
    monkeypatch.setattr(accuracy_devices, "run", lambda: [result(ours)])
    monkeypatch.setattr(accuracy.accuracy_bots, "run", list)
    assert accuracy.main(["--misses"]) == code
    assert "3  tv, said nothing: Roku/9" in capsys.readouterr().out


def test_a_case_is_asked_with_its_headers_or_with_the_parameter_of_a_script():
    cases = [case for case in accuracy_devices.human_cases() if case.headers or case.query]
    by_header = next(case for case in cases if case.headers)
    by_parameter = next(case for case in cases if case.query)
    assert all(name.startswith("sec-ch-") for name in by_header.headers)
    assert by_parameter.query.startswith("hints=")
    assert accuracy_devices.answer(by_header)
    assert accuracy_devices.answer(by_parameter)


def test_names_are_made_the_same_once():
    assert not accuracy_devices.SAME_NAME.keys() & set(accuracy_devices.SAME_NAME.values())
