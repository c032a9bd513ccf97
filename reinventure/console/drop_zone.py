"""The drop zone of a folder: buttons that choose files, and the list of what is uploaded."""

from reinventure.console import upload_route
from reinventure.console.markup import Element
from reinventure.console.markup import element as e
from reinventure.console.place import Place, folder_text
from reinventure.console.served import Served
from reinventure.console.upload import MAX_BYTES, PART_BYTES


def drop_zone(here: Served, at: Place) -> Element:
    """Return the drop zone of the folder `at`, which `drop_zone.js` brings to life.

    Against an account it has the question that is asked before anything is sent.
    """
    if here.read_only:
        return e(
            "section",
            e("h2", "Upload"),
            e("p", "The console was started with --read-only.", class_="empty"),
            class_="drop",
        )
    return e(
        "section",
        e(
            "div",
            e("h2", "Upload"),
            e("p", "Drop files and folders anywhere on this page.", class_="soft"),
            e("label", "Choose files", e("input", type="file", multiple=True), class_="button"),
            e(
                "label",
                "Choose a folder",
                e("input", type="file", multiple=True, webkitdirectory=True),
                class_="button",
            ),
            class_="row heading",
        ),
        e(
            "div",
            e("p", data_upload="told", role="status"),
            e("button", "Overwrite all", type="button", data_upload="overwrite", hidden=True),
            e("button", "Cancel all", type="button", data_upload="cancel", hidden=True),
            e("button", "Clear", type="button", data_upload="clear", hidden=True),
            class_="row",
        ),
        e("ol", data_upload="files", class_="files", aria_label="Uploads"),
        e(
            "template",
            e(
                "li",
                e("a", class_="key"),
                e("span", class_="number soft", data_file="size"),
                e("progress", max=1),
                e("span", data_file="state"),
                e("button", "Overwrite", type="button", data_file="overwrite", hidden=True),
                e("button", "Try again", type="button", data_file="again", hidden=True),
                e("button", "Cancel", type="button", data_file="cancel"),
            ),
        ),
        None if here.local else _question(here, at),
        class_="drop",
        data_drop=upload_route.PATH,
        data_bucket=at.bucket,
        data_folder=folder_text(at.folder),
        data_max=MAX_BYTES,
        data_part=PART_BYTES,
    )


def _question(here: Served, at: Place) -> Element:
    return e(
        "dialog",
        e("h2", data_upload="question", id="upload-question"),
        e(
            "p",
            f"This changes account {here.catalog.account} in region {here.catalog.region}: bucket ",
            e("bdi", f"{at.bucket}/{at.folder}", class_="key"),
            ".",
        ),
        e(
            "form",
            e("button", "Upload", value="yes", class_="danger"),
            e("button", "Cancel", value="no"),
            method="dialog",
            class_="row",
        ),
        aria_labelledby="upload-question",
    )
