"""A console of a catalog on moto, without a server: requests go to the application itself."""

from collections.abc import Callable

import pytest

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.console import comparison_state, served
from reinventure.console.application import application
from reinventure.console.served import Served, serve
from reinventure.local import fault_control
from tests.unit.cli.conftest import catalog, run, session
from tests.unit.console.asgi_browser import PORT, TOKEN, Browser

__all__ = ["catalog", "run", "session"]

Console = Callable[..., Browser]


@pytest.fixture
def here(catalog: DeployedCatalog, monkeypatch: pytest.MonkeyPatch) -> Served:
    """What the pages of a console on the local cloud share. No difference goes by itself here."""
    monkeypatch.setattr(comparison_state, "PAUSES", ())
    return serve(catalog, None, None, local=True, read_only=False)


@pytest.fixture
def breakable(catalog: DeployedCatalog, monkeypatch: pytest.MonkeyPatch) -> Served:
    """The same, of a cloud that can be broken: moto's is taken for one on this machine."""
    for module in (fault_control, served):
        monkeypatch.setattr(module, "is_local_cloud", lambda _: True)
    return serve(catalog, None, None, local=True, read_only=False)


@pytest.fixture
def browser(here: Served) -> Browser:
    """A browser that has opened the console on the local cloud."""
    return opened(here)


def opened(here: Served) -> Browser:
    """Return a browser that has opened the console of `here` by its address."""
    browser = Browser(application(here, port=PORT, token=TOKEN))
    assert browser.get(f"/?token={TOKEN}").status == 303
    return browser
