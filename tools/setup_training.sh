#!/usr/bin/env bash
# Install what `make train` needs, in an environment of its own: torch, and the fonts that plates are drawn with. Only
# what is missing. Never run on a gate.
set -euo pipefail
cd "$(dirname "$0")/.."
PYTHON=${PYTHON:-python3}
VENV=.venv-training
FONTS=build/training-fonts

# shellcheck source=tools/debian.sh
. tools/debian.sh

has_chinese() { ls /usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc; }
has_dejavu() { ls /usr/share/fonts/truetype/dejavu/DejaVuSansCondensed-Bold.ttf; }
has_liberation() { ls /usr/share/fonts/truetype/liberation/LiberationSans-Bold.ttf; }
has_opendin() { ls /usr/share/fonts/truetype/opendin/OSP-DIN.ttf; }
has_roadgeek() { ls /usr/share/fonts/truetype/roadgeek/RG2014B.ttf; }

need npm "brings fonts with narrow letters" command -v npm
need fonts-noto-cjk "the Chinese characters of plates" has_chinese
need fonts-dejavu-extra "letters and digits of plates" has_dejavu
need fonts-liberation "letters and digits of plates" has_liberation
need fonts-opendin "letters and digits of plates" has_opendin
need fonts-roadgeek "letters and digits of plates" has_roadgeek
install_missing

stamp=$VENV/.installed
wanted=$( { cat training/requirements.lock training/fonts/package-lock.json tools/setup_training.sh
    "$PYTHON" --version; pwd; } | sha256sum | cut -d' ' -f1)
[ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ] || exit 0

[ -x "$VENV/bin/python" ] || { say "making $VENV"; "$PYTHON" -m venv "$VENV"; }
say "installing torch and what it needs (about 1.5 GB on disk, more with a build for graphics cards; some minutes)"
"$VENV/bin/python" -m pip install --quiet --disable-pip-version-check \
    --require-hashes --no-deps -r training/requirements.lock
# Not pinned by hash: each platform has builds of its own. A build for the processor alone is enough.
"$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps "torch>=2.9,<2.14"
mkdir -p "$FONTS"
cp training/fonts/package.json training/fonts/package-lock.json "$FONTS"
npm ci --prefix "$FONTS" --ignore-scripts --no-audit --no-fund --silent
echo "$wanted" >"$stamp"
