"""The functions log at the level of the setting `log_level`."""

import pytest

from tests.stacks.assemblies import Assemblies
from tests.stacks.conftest import read
from tests.stacks.test_tracing import SETTINGS, STACKS, functions


@pytest.mark.parametrize(("settings", "level"), [({}, "INFO"), ({"log_level": "debug"}, "DEBUG")])
@pytest.mark.parametrize("stack", STACKS)
def test_each_function_logs_in_json_at_the_level_of_the_setting(
    assemblies: Assemblies, stack: str, settings: dict[str, str], level: str
) -> None:
    found = functions(read(assemblies.catalog(**settings, **SETTINGS), stack))
    assert found
    for function in found.values():
        logging = function["LoggingConfig"]
        assert (logging["LogFormat"], logging["ApplicationLogLevel"]) == ("JSON", level)


def test_a_product_logs_at_info(assemblies: Assemblies) -> None:
    [path] = assemblies.everything().glob("*.product.template.json")
    assert '"DEBUG"' not in path.read_text()
