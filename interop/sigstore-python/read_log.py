# SPDX-License-Identifier: Apache-2.0
"""Reads an entry of a Rekor v1 log three ways with the client in sigstore-python, which its command
line has no command for, and prints the index that each finds, as a JSON list.

Usage: read_log.py URL UUID INDEX, of a hashedrekord entry that is not the log's first
"""

import json
import sys

import rekor_types
from sigstore._internal.rekor.client import RekorClient

url, uuid, index = sys.argv[1:]
entries = RekorClient(url).log.entries
by_uuid = entries.get(uuid=uuid)
by_index = entries.get(log_index=int(index))
entry = rekor_types.Hashedrekord.model_validate(json.loads(by_uuid._inner.canonicalized_body))
by_content = entries.retrieve.post(entry)
found = [by_uuid, by_index, by_content]
print(json.dumps([None if one is None else int(one._inner.log_index) for one in found]))
