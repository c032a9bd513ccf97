"""The command that the console runs, and what it prints."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from reinventure.console import pages
from reinventure.console.command_run import Run
from reinventure.console.frame import page
from reinventure.console.markup import element as e
from reinventure.console.served import served

NAME = ""
PATH = pages.COMMAND


def show(request: Request) -> Response:
    """Return the page."""
    run = served(request).command.shown()
    command = " ".join(("reinventure", *run.arguments))
    return page(
        request,
        "Command",
        e(
            "section",
            e(
                "h1",
                e("code", command) if run.arguments else "No command has run yet",
                data_command="name",
            ),
            e("p", ending(run), class_="lead", data_command="ending", aria_live="polite"),
            e("ol", (e("li", line) for line in run.lines), class_="output", data_command="lines"),
            e(
                "p",
                e("a", "Differences", href="/differences"),
                e("a", "Failures", href=pages.FAILURES),
                class_="row",
            ),
        ),
        current=PATH,
        scripts=["command.js"],
    )


def ending(run: Run) -> str:
    """Return how the command ended, or that it runs."""
    if not run.arguments:
        return "What is changed from here is done by the command, whose output is shown here."
    if run.status is None:
        return "Running."
    return "Done." if run.status == 0 else f"It ended with exit code {run.status}."


routes = [Route(PATH, show)]
