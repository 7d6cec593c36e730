"""The Dockerfile and the compose file, as their programs would read them."""

import re
import shlex
import stat
import tomllib

import pytest
import yaml

from qbitrr import __version__
from qbitrr.config import load_text, runnable_arrs, runnable_qbits
from tests.unit.docs.pages import ROOT

DOCKER = ROOT / "packaging" / "docker"


# -- Dockerfile ---------------------------------------------------------------------------------------------------


def instructions():
    """Instruction and argument of each line, in the order of the file."""
    lines = [line for line in (DOCKER / "Dockerfile").read_text().splitlines() if not line.lstrip().startswith("#")]
    text = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [(name, argument) for name, _, argument in (line.partition(" ") for line in text.splitlines() if line)]


def last_stage():
    found = instructions()
    start = max(position for position, (name, _) in enumerate(found) if name == "FROM")
    return found[start:]


def arguments(name, among=None):
    return [argument for instruction, argument in among or instructions() if instruction == name]


def environment():
    (text,) = arguments("ENV", last_stage())
    return dict(entry.split("=", 1) for entry in shlex.split(text))


def test_the_base_has_a_version_and_is_small():
    (base,) = arguments("ARG")
    _, tag = base.split(":")
    assert "slim" in tag
    assert re.match(r"3\.\d+-", tag)
    assert {argument.split()[0] for argument in arguments("FROM")} == {"${BASE}"}


def test_what_the_image_can_be_asked_for_is_declared():
    assert arguments("VOLUME") == ["/config"]
    assert arguments("EXPOSE") == [environment()["QBITRR_WEBUI_PORT"]]
    assert arguments("STOPSIGNAL") == ["SIGTERM"]
    assert (arguments("ENTRYPOINT"), arguments("CMD")) == (['["qbitrr"]'], ['["run"]'])
    (health,) = arguments("HEALTHCHECK")
    assert health.endswith('CMD ["qbitrr-healthcheck"]')


def test_it_runs_as_another_user_than_root_unless_told_how():
    assert (environment()["PUID"], environment()["PGID"]) == ("1000", "1000")
    assert "exec setpriv --reuid" in (DOCKER / "entrypoint").read_text()


def test_packages_are_installed_without_leaving_their_lists():
    (packages,) = [run for run in arguments("RUN") if "apt-get" in run]
    assert "--no-install-recommends" in packages
    assert "rm -rf /var/lib/apt/lists" in packages
    assert " ffmpeg " in packages


def test_everything_that_is_copied_exists_and_is_sent_to_the_engine():
    ignored = (DOCKER / "Dockerfile.dockerignore").read_text().splitlines()
    for argument in arguments("COPY"):
        *sources, _ = [word for word in argument.split() if not word.startswith("--")]
        if "--from=" not in argument:
            assert all((ROOT / source).exists() and f"!{source}" in ignored for source in sources)


def test_the_extras_exist():
    extras = re.search(r"'\.\[([\w,]+)\]'", (DOCKER / "Dockerfile").read_text()).group(1).split(",")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert set(extras) <= set(project["optional-dependencies"])


@pytest.mark.parametrize("name", ["entrypoint", "healthcheck"])
def test_the_scripts_can_be_started(name):
    assert (DOCKER / name).stat().st_mode & stat.S_IXOTH


# -- compose.yaml -------------------------------------------------------------------------------------------------


SERVICES = yaml.safe_load((DOCKER / "compose.yaml").read_text())["services"]
ARRS = ("radarr", "sonarr", "lidarr")
FILLED_IN = {"RADARR_API_KEY": "a", "SONARR_API_KEY": "b", "LIDARR_API_KEY": "c", "QBITTORRENT_PASSWORD": "d"}


def interpolated(value, variables):
    """Source of the syntax: "Interpolation" of the Compose Specification."""

    def replacement(match):
        name, sign, rest = match.groups()
        if sign == "?" and not variables.get(name):
            raise LookupError(name)
        return variables.get(name) or rest

    return re.sub(r"\$\{(\w+):([?-])([^}]*)\}", replacement, str(value))


def mounts(service):
    pairs = (interpolated(volume, {}).split(":") for volume in SERVICES[service]["volumes"])
    return {place: folder for folder, place in pairs}


def qbitrr_environment(variables):
    return {name: interpolated(value, variables) for name, value in SERVICES["qbitrr"]["environment"].items()}


def test_the_whole_stack_is_there():
    assert set(SERVICES) == {"qbittorrent", *ARRS, "seerr", "qbitrr"}


@pytest.mark.parametrize("service", SERVICES)
def test_every_image_has_a_version_and_its_index_is_up_to_the_engine(service):
    image, _, tag = interpolated(SERVICES[service]["image"], {}).partition(":")
    assert re.match(r"v?\d+\.\d+\.\d+$", tag)
    assert "." not in image


def test_our_version_is_the_present_one():
    assert interpolated(SERVICES["qbitrr"]["image"], {}) == f"qbitrr:{__version__}"


def test_downloads_and_media_are_one_mount_with_one_path_everywhere():
    sharing = {service: mounts(service).get("/data") for service in ("qbittorrent", *ARRS, "qbitrr")}
    assert set(sharing.values()) == {"./data"}
    assert not [place for service in sharing for place in mounts(service) if place.startswith("/data/")]


def test_all_files_have_one_owner():
    for service in ("qbittorrent", *ARRS, "qbitrr"):
        owner = SERVICES[service]["environment"]
        assert (owner["PUID"], owner["PGID"]) == ("${PUID:-1000}", "${PGID:-1000}")


def test_pages_are_published_on_this_machine_only():
    ports = [port for service in SERVICES.values() for port in service["ports"] if "6881" not in port]
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_with_the_keys_filled_in_all_workers_run():
    loaded = load_text("", qbitrr_environment(FILLED_IN))
    assert not loaded.warnings
    assert not loaded.incomplete
    assert [qbit.url for qbit in runnable_qbits(loaded.config)] == ["http://qbittorrent:8080"]
    assert {arr.category: arr.uri for arr in runnable_arrs(loaded.config)} == {
        "radarr": "http://radarr:7878",
        "sonarr": "http://sonarr:8989",
        "lidarr": "http://lidarr:8686",
    }


@pytest.mark.parametrize("arr", ARRS)
def test_an_arr_does_not_start_without_a_key(arr):
    """An Arr that is given an empty one would have it."""
    value = SERVICES[arr]["environment"][f"{arr.upper()}__AUTH__APIKEY"]
    with pytest.raises(LookupError, match=f"{arr.upper()}_API_KEY"):
        interpolated(value, {})
    assert (
        interpolated(value, FILLED_IN)
        == qbitrr_environment(FILLED_IN)[
            next(
                name for name in SERVICES["qbitrr"]["environment"] if re.match(f"QBITRR_{arr.upper()}_.*_API_KEY", name)
            )
        ]
    )


def test_it_is_stopped_no_sooner_than_it_can_stop():
    (seconds,) = re.findall(r"^TimeoutStopSec=(\d+)$", (ROOT / "systemd" / "qbitrr.service").read_text(), re.MULTILINE)
    assert SERVICES["qbitrr"]["stop_grace_period"] == f"{seconds}s"
