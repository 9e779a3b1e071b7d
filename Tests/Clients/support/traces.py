"""Files of traces while they are written."""

import json


def activities(file):
    """What a file of traces has by now: nothing where there is none, or where one is being written."""
    try:
        return json.loads(file.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return []
