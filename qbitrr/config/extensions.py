"""Extensions of the files that an Arr imports, and of what comes with them."""

from __future__ import annotations

VIDEO = frozenset({".3gp", ".asf", ".avi", ".divx", ".f4v", ".flv", ".m2ts", ".m4v", ".mk3d", ".mkv", ".mov", ".mp4"})
VIDEO |= {".mpeg", ".mpg", ".mts", ".ogm", ".ogv", ".rm", ".rmvb", ".ts", ".webm", ".wmv", ".wtv"}
VIDEO |= {".avc", ".bivx", ".dv", ".dvr-ms", ".fli", ".m2v", ".nsv", ".nuv", ".pva", ".qt", ".ty", ".viv", ".vob"}
VIDEO |= {".xvid"}
AUDIO = frozenset({".aac", ".aif", ".aiff", ".alac", ".ape", ".dsf", ".flac", ".m4a", ".m4b", ".mka", ".mp2", ".mp3"})
AUDIO |= {".aifc", ".dff", ".m4p", ".mpc", ".oga", ".ogg", ".opus", ".tta", ".wav", ".wma", ".wv"}
SUBTITLES = (".ass", ".idx", ".smi", ".srt", ".ssa", ".sub", ".sup", ".vtt")
CUE_SHEETS = (".cue",)
INCOMPLETE = (".!qb", ".parts")
"""qBittorrent appends .!qB to what is still incomplete and keeps unwanted pieces in .parts."""
