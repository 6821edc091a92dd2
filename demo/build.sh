#!/usr/bin/env bash
# Build the demo repository again from specs/ and metadata/. Needs rpmbuild (Debian: rpm) and
# createrepo_c (in .venv). The same sources give the same bytes on the same version of rpm.
set -euo pipefail
cd "$(dirname "$0")"
PATH=$PWD/../.venv/bin:$PATH
export SOURCE_DATE_EPOCH=1767225600 TZ=UTC LC_ALL=C.UTF-8

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
new=$work/repository
mkdir -p "$new/Packages" "$new/SRPMS"
cp -r specs metadata "$work"
find "$work" -type f -exec touch --date=@$SOURCE_DATE_EPOCH {} +

build() {
    local what=$1 name=$2 version=$3
    shift 3
    rpmbuild --quiet "-b$what" \
        --define "v $version" "$@" \
        --define "_topdir $work/topdir" \
        --define "_rpmdir $new/Packages" --define "_srcrpmdir $new/SRPMS" \
        --define "_build_name_fmt %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm" \
        --define "_buildhost demo.example.org" \
        --define "use_source_date_epoch_as_buildtime 1" \
        --define "clamp_mtime_to_source_date_epoch 1" \
        --define "_binary_payload w9.gzdio" --define "_source_payload w9.gzdio" \
        "$work/specs/$name.spec"
}

for version in 1.0 1.1; do build b headgate-demo-voice $version; done
for version in 1.0 2.0; do build b headgate-demo-cow $version; done
for version in 1.0 1.1; do build b headgate-demo-dog $version; done
for name in cat owl duck farm; do build b headgate-demo-$name 1.0; done
for stream in 1 2; do
    build b headgate-demo-choir $stream.0 \
        --define "stream $stream" --define "context c${stream}a${stream}b${stream}c${stream}"
done
# A source package holds its spec with this path in it; nothing is built there.
build s headgate-demo-cow 2.0 --define "_buildrootdir /buildroot"

find "$new" -type f -exec touch --date=@$SOURCE_DATE_EPOCH {} +
createrepo_c --quiet --no-database --general-compress-type=gz \
    --revision=$SOURCE_DATE_EPOCH --set-timestamp-to-revision \
    --groupfile="$work/metadata/comps.xml" "$new"
# createrepo_c lists comps as it is and compressed; modifyrepo_c adds what it does not know.
modifyrepo_c --mdtype=updateinfo --compress-type=gz "$work/metadata/updateinfo.xml" "$new/repodata" >/dev/null
modifyrepo_c --mdtype=modules --compress-type=gz "$work/metadata/modules.yaml" "$new/repodata" >/dev/null
sed -i "s|<timestamp>.*</timestamp>|<timestamp>$SOURCE_DATE_EPOCH</timestamp>|" "$new/repodata/repomd.xml"

rm -rf repository
mv "$new" repository
du -sh repository
