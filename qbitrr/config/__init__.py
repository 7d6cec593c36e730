"""Configuration: the file, read, checked, explained, changed and kept.

    model/      every key, section by section               key         what one key says about itself
    load        file -> old names -> environment -> model -> checks, all problems at once
      legacy  environment  tables  values  defaults  checks  messages
    change      a change of the text, checked               dotted_keys edits by dotted name
    edit        edits that keep comments (tomlkit)          diff        differences of two documents
    history     earlier versions                            example     the commented first file
    translation a file of the older program, key by key     older_program what its keys mean that differs
    redact      secrets stay out of logs and answers        address     URLs and host names

Only `edit` needs tomlkit. Workers get their part of the model as MessagePack and never read the file.
"""

from qbitrr.config.load import Loaded, load_document, load_file, load_text
from qbitrr.config.model import Arr, Config, QBit, Settings, WebUI, runnable_arrs, runnable_qbits

__all__ = [
    "Arr",
    "Config",
    "Loaded",
    "QBit",
    "Settings",
    "WebUI",
    "load_document",
    "load_file",
    "load_text",
    "runnable_arrs",
    "runnable_qbits",
]
