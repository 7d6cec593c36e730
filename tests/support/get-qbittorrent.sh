#!/bin/sh
# get-qbittorrent.sh SUITE DEST   e.g. get-qbittorrent.sh trixie-backports .cache/qbittorrent/5.3.0
#
# Unpacks qbittorrent-nox of a Debian suite into DEST, with every library it needs (its own C library too), and puts the
# launcher DEST/qbittorrent-nox beside them. Runs without root and leaves the system's packages alone: apt downloads for
# an empty system of its own, and the launcher uses the loader of that system. DEST appears only when the program runs;
# nothing is done when it does already.
set -eu
suite=$1 dest=$2
release=${suite%-backports}

fail() {
    echo "qbittorrent-nox of Debian $suite: $*" >&2
    exit 1
}

runs() { "$1/qbittorrent-nox" --version >/dev/null 2>&1; }

runs "$dest" && exit 0

"$(dirname "$0")/../../.ci/debian-packages" ca-certificates debian-archive-keyring
# shellcheck disable=SC2016  # apt's own placeholder
mirror=$(apt-get indextargets --format '$(REPO_URI)' | grep -m 1 '/debian/*$') || fail "apt knows no Debian mirror"
echo "fetching qbittorrent-nox of Debian $suite ..."

mkdir -p "$(dirname "$dest")"
work=$(mktemp -d "$(dirname "$dest")/.fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
mkdir -p "$work/apt/lists/partial" "$work/apt/archives/partial" "$work/apt/none" "$work/root"
: >"$work/apt/status"
for s in $(printf '%s\n' "$release" "$suite" | sort -u); do
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg target=Packages] $mirror $s main"
done >"$work/apt/sources.list"

apt() {
    apt-get -qq \
        -o Dir::State="$work/apt" -o Dir::State::status="$work/apt/status" \
        -o Dir::Cache="$work/apt" -o Dir::Cache::archives="$work/apt/archives" \
        -o Dir::Etc::sourcelist="$work/apt/sources.list" -o Dir::Etc::sourceparts="$work/apt/none" \
        -o Dir::Etc::preferences="$work/apt/none" -o Dir::Etc::preferencesparts="$work/apt/none" \
        -o APT::Architectures="$(dpkg --print-architecture)" -o APT::Sandbox::User= \
        -o APT::Install-Recommends=false -o APT::Update::Error-Mode=any -o Debug::NoLocking=true "$@"
}
apt update || fail "no package lists from $mirror"
apt --target-release "$suite" --download-only --yes install qbittorrent-nox || fail "no download from $mirror"
for deb in "$work"/apt/archives/*.deb; do
    dpkg-deb --extract "$deb" "$work/root" || fail "cannot unpack $(basename "$deb")"
done
rm -rf "$work/root/usr/share" # documentation, and scripts that a linter would find

loader=$(cd "$work/root" && find . -path '*-linux-gnu*/ld-linux*.so.*' | head -n 1)
[ -n "$loader" ] || fail "its C library has no loader"
triple=$(basename "$(dirname "$loader")")
cat >"$work/root/qbittorrent-nox" <<LAUNCHER
#!/bin/sh
here=\$(cd "\$(dirname "\$0")" && pwd)
lib=\$here/usr/lib/$triple
export QT_PLUGIN_PATH="\$lib/qt6/plugins:\$lib/qt5/plugins"
exec "\$here/$loader" --library-path "\$lib:\$lib/libproxy:\$here/lib/$triple" "\$here/usr/bin/qbittorrent-nox" "\$@"
LAUNCHER
chmod +x "$work/root/qbittorrent-nox"
"$work/root/qbittorrent-nox" --version || fail "unpacked, but it does not run"

rm -rf "$dest"
# another run may have been faster: its result is as good
mv -T "$work/root" "$dest" 2>/dev/null || runs "$dest" || fail "cannot move it to $dest"
