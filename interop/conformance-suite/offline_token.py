# SPDX-License-Identifier: Apache-2.0
"""pytest plugin: the suite downloads the identity token to sign with; here it is given by file."""

import os
from pathlib import Path

import urllib3


class _Answer:
    """As much of urllib3's answer as the suite reads."""

    def __init__(self, data: bytes) -> None:
        self.data = data


def _token(*_args: object, **_options: object) -> _Answer:
    return _Answer(Path(os.environ["CHANCERY_CONFORMANCE_TOKEN_FILE"]).read_bytes())


urllib3.request = _token
