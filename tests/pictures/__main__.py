"""Draw the terminals that the README shows: `python -m tests.pictures`."""

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import boto3

from reinventure.aws import deployed_catalog as deployed
from reinventure.contract import CATALOG
from reinventure.local import background_process as background
from reinventure.local import cloud as clouds
from reinventure.local.deployment import start_and_deploy
from reinventure.progress import Steps
from tests.pictures import command_scenes, demo_recording
from tests.pictures.demo_recording import ROOT

FOLDER = ROOT / "docs" / "pictures"


def main() -> int:
    """Draw all of them. Return 1 if the demonstration failed."""
    background.end_with_this_process()
    recording = demo_recording.record()
    if recording.code:
        print("\n".join(row.plain for row in recording.rows), file=sys.stderr)
        return 1
    _save("demo", recording.picture(moving=True))
    _save("demo-still", recording.picture(moving=False))
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        with Steps() as steps:
            cloud = start_and_deploy(folder / "cloud", steps)
        try:
            os.environ.pop("AWS_PROFILE", None)
            os.environ.update(cloud.environment)
            catalog = deployed.find(boto3.Session(region_name=clouds.REGION), CATALOG)
            with command_scenes.filled(catalog):
                for name, scene in command_scenes.scenes(cloud, catalog, folder).items():
                    _save(name, scene.picture)
        finally:
            clouds.stop(cloud.directory)
    return 0


def _save(name: str, picture: str) -> None:
    file = FOLDER / f"{name}.svg"
    file.write_text(picture, encoding="utf-8")
    print(f"{file.relative_to(ROOT)}: {len(picture.encode()) / 1000:.0f} kB")


if __name__ == "__main__":
    sys.exit(main())
