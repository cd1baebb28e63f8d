"""Where the models and samples are that are too large for the repository."""
import os
import pathlib
import sys


def data_folder():
    """shared/data beside the repository, or below SY_SHARED; ends the test as skipped where there is none."""
    if "SY_SHARED" in os.environ:
        data = pathlib.Path(os.environ["SY_SHARED"]) / "data"
        if not (data / "models").is_dir():
            sys.exit(f"SY_SHARED: there are no models in {data}/models")
        return data
    for parent in pathlib.Path(__file__).resolve().parents:
        if (parent / "shared/data/models").is_dir():
            return parent / "shared/data"
    print("skipped: no models; set SY_SHARED to the folder that holds data/models")
    sys.exit(77)
