"""What the user wants: the configuration file, read, checked, explained and kept.

    keys          what one key says about itself          model/        every key, section by section
    load          file -> old names -> environment -> model -> cross-checks, all errors at once
      legacy  environment  read  forms  defaults  crosscheck  completeness
    location      data folder and config.toml             example       the commented first file
    edit          changes that keep comments (tomlkit)    private_file  atomic writing
    redact        secrets stay out of logs and answers    check         the report of `qbitrr check`

Only `edit` needs tomlkit. Workers get their part of the model as msgpack and never see the file.
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
