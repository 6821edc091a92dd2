"""What a repository believes of its upstream, over the API, on both databases."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest

from headgate.apis.content import Vouching
from headgate.server.content_types import content_types
from headgate.upstream import AddressRules, DownloadRules
from support.aviary import REED_1, ROOK
from support.content_server import content_server
from support.faulty_upstream import FaultyUpstream
from support.house import House, refused
from support.openpgp import Gnupg, SignedRpms
from support.repositories import YumRepository
from support.rpms import RpmStore
from support.trust_scene import REPOMD, RooksSigned, Scene

DOWNLOADS = DownloadRules(addresses=AddressRules.allowing(["127.0.0.0/8", "::1/128"]))
ROOK_AT = f"Packages/r/{ROOK.filename}"
on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])


@pytest.fixture(scope="module")
def gnupg() -> Iterator[Gnupg]:
    made = Gnupg()
    made.key("vendor")
    made.key("stranger")
    yield made
    made.close()


@pytest.fixture(scope="module")
def signed(gnupg: Gnupg, rpm_store: RpmStore, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository that the vendor has signed; its repomd.xml names no time of its own."""
    store = SignedRpms(gnupg.home / "rpms", rpm_store, gnupg, "vendor")
    return YumRepository(rpms=[ROOK]).write(tmp_path_factory.mktemp("signed") / "it", store)


@pytest.fixture(scope="module")
def unsigned(rpm_store: RpmStore, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One that nobody has signed."""
    repository = YumRepository(rpms=[ROOK, REED_1])
    return repository.write(tmp_path_factory.mktemp("unsigned") / "it", rpm_store)


@pytest.fixture(scope="module")
def mixed(gnupg: Gnupg, rpm_store: RpmStore, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One with a package that the vendor has signed, and one that nobody has."""
    folder = tmp_path_factory.mktemp("mixed") / "it"
    store = RooksSigned(gnupg.home / "rpms", rpm_store, gnupg, "vendor")
    return YumRepository(rpms=[ROOK, REED_1]).write(folder, store)


@pytest.fixture
def scene(house: House, gnupg: Gnupg, tmp_path: Path) -> Iterator[Scene]:
    house.start_worker(DOWNLOADS)
    with ExitStack() as stack:
        upstream = stack.enter_context(FaultyUpstream())
        types = content_types()
        server = stack.enter_context(
            content_server(
                house.control.database,
                house.control.blobs,
                guard=lambda _scope, _path, _stamp: None,
                locks=tmp_path / "locks",
                content_types=types,
                vouching=Vouching(house.workshop().ports, types),
            )
        )
        base = f"http://127.0.0.1:{server.port}"
        content = stack.enter_context(httpx2.Client(base_url=base, trust_env=False))
        yield Scene(house, upstream, content, gnupg)


def test_packages_are_believed_as_far_as_the_policy_says(
    scene: Scene, signed: Path, unsigned: Path
) -> None:
    scene.offer(unsigned)
    scene.make()
    warned = scene.sync()
    before = scene.get(ROOK_AT).status_code
    scene.change(package_signature_policy="enforce")
    at_once = scene.get(ROOK_AT)
    failed = scene.sync()
    scene.offer(signed)
    good = scene.sync()
    after = scene.get(ROOK_AT)
    world = scene.house.world
    key = scene.house.get(f"repositories/{scene.repository}").json()["gpg_key_id"]
    world.put(f"content_credentials/{key}", content=scene.gnupg.public("stranger"))
    untrusted = scene.get(ROOK_AT), scene.sync()
    scene.change(package_signature_policy="off")
    anything = scene.sync()

    assert (warned[0], before) == ("warning", 200)
    assert "2 packages are not signed as the repository asks" in warned[1]
    assert f"{ROOK_AT} is not signed" in warned[1]
    assert (at_once.status_code, failed[0]) == (403, "error")
    assert "Nothing was changed" in failed[1]
    assert "package_signature_policy" in failed[1]
    assert "(vendor)" in failed[1]
    assert (good, after.status_code) == (("success", ""), 200)
    assert untrusted[0].status_code == 403
    assert untrusted[1][0] == "error"
    assert scene.gnupg.fingerprint("vendor")[-16:] in untrusted[1][1]
    assert anything == ("success", "")


def test_metadata_is_believed_as_far_as_the_policy_says(scene: Scene, signed: Path) -> None:
    told: dict[str, tuple[str, str]] = {}
    scene.offer(signed)
    scene.make()
    told["never signed"] = scene.sync()
    scene.change(metadata_signature_policy="enforce")
    told["unsigned"] = scene.sync()
    scene.offer(signed, by="stranger")
    told["strange"] = scene.sync()
    scene.offer(signed, by="vendor")
    scene.upstream.serve(f"/{REPOMD}.asc", b"-----BEGIN PGP SIGNATURE-----\n\nno\n")
    told["broken"] = scene.sync()
    scene.offer(signed, by="vendor")
    told["signed"] = scene.sync()
    scene.change(metadata_signature_policy="warn")
    scene.offer(signed)
    told["no more"] = scene.sync()

    assert {name: result for name, (result, _) in told.items()} == {
        "never signed": "success",
        "unsigned": "error",
        "strange": "error",
        "broken": "error",
        "signed": "success",
        "no more": "warning",
    }
    assert f"{REPOMD} is not signed. Keys allowed:" in told["unsigned"][1]
    assert scene.gnupg.fingerprint("stranger")[-16:] in told["strange"][1]
    assert "not readable" in told["broken"][1]
    assert f"{REPOMD} is not signed" in told["no more"][1]


def test_older_metadata_is_refused_unless_somebody_says_so(scene: Scene, signed: Path) -> None:
    now = int(scene.house.control.clock().timestamp())
    scene.make()
    scene.offer(signed, revision=now - 100)
    first = scene.sync()
    scene.offer(signed, revision=now - 200)
    replayed, forced = scene.sync(), scene.sync(skip_metadata_check=True)
    served = scene.get(REPOMD).status_code
    accepted = scene.sync(accept_older_metadata=True)
    scene.offer(signed, revision=now - 300)
    scene.change(replay_policy="warn")
    warned = scene.sync()
    scene.offer(signed, revision=now + 10**8)  # nothing may poison what comes after
    strange = scene.sync()
    scene.change(replay_policy="enforce")
    scene.offer(signed, revision=now - 100)
    newer = scene.sync()

    assert (first, served) == (("success", ""), 200)
    assert (replayed[0], forced[0]) == ("error", "error")
    assert f"revision {now - 200}" in replayed[1]
    assert "accept_older_metadata" in replayed[1]
    assert (accepted[0], warned[0]) == ("warning", "warning")
    assert (strange[0], newer) == ("success", ("success", ""))


def test_an_upstream_that_stands_still_is_told_of(scene: Scene, signed: Path) -> None:
    now = scene.house.control.clock()
    scene.offer(signed, revision=int(now.timestamp()) - 5 * 86400)
    scene.make(unchanged_warning_days=4)

    first, unchanged = scene.sync(), scene.sync()
    scene.change(unchanged_warning_days=6)

    assert (first[0], unchanged[0]) == ("warning", "warning")
    assert "5 days old, more than the 4" in unchanged[1]
    assert scene.sync() == ("success", "")


def test_a_change_of_the_signing_key_is_served_without_a_sync(scene: Scene, signed: Path) -> None:
    world = scene.house.world
    scene.offer(signed)
    scene.make()
    assert scene.sync() == ("success", "")
    view = world.view("some", scene.repository)
    first_version = world.publish(view)
    key = world.signing_key("Birds")
    told: dict[str, tuple[str | None, ...]] = {"before": (scene.signer(), scene.signer("some"))}

    scene.change(signing_key_id=key)
    scene.settle()
    told["on"] = (scene.signer(), scene.signer("some"))
    second = scene.number_of(world.publish(view, publish_only_if_needed=True))
    told["published"] = (scene.signer(), scene.signer("some"))
    world.post(f"signing_keys/{key}/rotate")
    third = scene.number_of(world.publish(view, publish_only_if_needed=True))  # not waited for
    scene.settle()
    told["rotated"] = (scene.signer(), scene.signer("some"))
    again = scene.house.post(f"content_views/{view}/publish", publish_only_if_needed=True)
    composite = world.view("both", composite=True)
    chosen = [{"content_view_version_id": first_version}]
    world.put(f"content_views/{composite}/content_view_components/add", components=chosen)
    world.publish(composite)
    told["composite"] = (scene.signer("both"),)
    scene.change(signing_key_id=None)
    scene.settle()
    told["off"] = (scene.signer(), scene.signer("some"))

    old, new = told["on"][0], told["rotated"][0]
    assert told == {
        "before": (None, None),
        "on": (old, None),
        "published": (old, old),
        "rotated": (new, new),
        "composite": (new,),
        "off": (None, new),
    }
    assert len({None, old, new}) == 3
    assert (second, third) == ("2.0", "3.0")
    refused(again, 400, "does not need a publish")
    assert scene.sync() == ("success", "")


def test_uploads_are_looked_at_as_the_policy_says(
    scene: Scene, signed: Path, unsigned: Path
) -> None:
    scene.make(package_signature_policy="enforce")

    refused_ = scene.upload(unsigned / ROOK_AT)
    nothing = scene.house.get("packages", repository_id=scene.repository).json()["total"]
    good = scene.upload(signed / ROOK_AT)
    scene.change(package_signature_policy="warn")
    warned = scene.upload(unsigned / f"Packages/r/{REED_1.filename}")
    scene.change(package_signature_policy="off")
    anything = scene.upload(unsigned / f"Packages/r/{REED_1.filename}")

    assert (refused_[0], nothing) == ("error", 0)
    assert f"{ROOK.filename} is not signed. Keys allowed: " in refused_[1]
    assert scene.gnupg.fingerprint("vendor")[-16:] in refused_[1]
    assert "Nothing was added" in refused_[1]
    assert (good, anything) == (("success", ""), ("success", ""))
    assert warned[0] == "warning"
    assert f"{REED_1.filename} is not signed" in warned[1]


def test_one_package_that_is_refused_does_not_keep_the_others_out(
    scene: Scene, mixed: Path
) -> None:
    world = scene.house.world
    scene.offer(mixed)
    scene.make(package_signature_policy="enforce")
    view = world.view("some", scene.repository)
    filtered = world.view("less", scene.repository)
    world.filter(filtered, "no rooks", {"name": "rook"})
    told = {"first": scene.sync()}
    versions = [world.publish(view), world.publish(filtered)]
    refused_at_once = scene.lacking(*versions)
    other = world.mirror("elsewhere", scene.upstream.url)  # has the same bytes, asks for nothing
    told["again"] = scene.sync()
    still = scene.lacking(*versions)
    direct = scene.get(f"Packages/r/{REED_1.filename}").status_code
    explained = {"refused": scene.explained(versions[0], "reed")}
    explained["good"] = scene.explained(versions[0], "rook")
    scene.change(missing_files_policy="strict")
    told["strict"] = scene.sync()
    kept = scene.lacking()
    scene.change(package_signature_policy="warn")
    told["warn"] = scene.sync()

    assert {name: result for name, (result, _) in told.items()} == {
        "first": "warning",
        "again": "warning",
        "strict": "error",
        "warn": "warning",
    }
    assert f"{REED_1.filename} is missing and not offered" in told["first"][1]
    assert "it is not signed. Keys allowed: " in told["first"][1]
    assert refused_at_once == still == [[(REED_1.filename, "untrusted_content")]] * 3
    assert kept == [[(REED_1.filename, "untrusted_content")]]
    assert direct == 403
    assert scene.lacking(*versions) == [[], [], []]
    explained["warned"] = scene.explained(versions[0], "reed")
    scene.change(package_signature_policy="enforce")
    explained["enforced since"] = scene.explained(versions[0], "reed")
    assert explained == {
        "refused": (False, "refused"),
        "good": (True, "not_filtered"),
        "warned": (True, "unverified"),
        "enforced since": (True, "unverified"),
    }
    assert world.show("repositories", other)["content_counts"]["rpm"] == 2
    assert {name: REED_1.name in scene.offered(name) for name in ("some", "less")} == {
        "some": True,
        "less": True,
    }


@on_sqlite
@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"package_signature_policy": "perhaps"}, "package_signature_policy", "must be one of"),
        ({"package_signature_policy": "enforce"}, "package_signature_policy", "without a gpg key"),
        ({"metadata_signature_policy": "enforce"}, "metadata_signature_policy", "without a gpg"),
        ({"unchanged_warning_days": 0}, "unchanged_warning_days", "must be from 1"),
    ],
)
def test_policies_that_nothing_could_meet_are_refused(
    house: House, fields: dict[str, Any], field: str, words: str
) -> None:
    repository = house.world.repository("birds")

    errors = refused(house.put(f"repositories/{repository}", **fields), 422)

    assert words in errors[field][0]


def test_secrets_of_signing_keys_never_leave(house: House, gnupg: Gnupg) -> None:
    made = house.post(
        "signing_keys",
        organization_id=house.organization,
        name="uploaded",
        secret=gnupg.secret("vendor"),
    ).json()
    key = made["id"]
    repository = house.world.repository("birds", signing_key_id=key)
    rotated = house.post(f"signing_keys/{key}/rotate", secret=gnupg.secret("stranger")).json()
    answers = [
        house.get(f"signing_keys/{key}"),
        house.get("signing_keys", organization_id=house.organization),
        house.get(f"signing_keys/{key}/public_key"),
        house.get(f"repositories/{repository}/gpg_key_content"),
    ]
    in_use = house.delete(f"signing_keys/{key}")
    house.put(f"repositories/{repository}", signing_key_id=None)
    freed = house.delete(f"signing_keys/{key}")

    assert made["fingerprint"] == gnupg.fingerprint("vendor")
    assert rotated["fingerprint"] == gnupg.fingerprint("stranger")
    assert all(answer.status_code == 200 for answer in answers)
    assert not any("PRIVATE" in answer.text or "secret" in answer.text for answer in answers)
    # Both are served while hosts go from one to the other.
    assert answers[-1].text.count("BEGIN PGP PUBLIC KEY BLOCK") == 2
    refused(in_use, 409, "signs repositories (birds)")
    assert freed.status_code == 200


@on_sqlite
@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"secret": "no key"}, "no PGP private key block"),
        ({"secret": "x" * (1 << 20) + "x"}, "is larger than"),
        ({"name": None}, "can't be blank"),
    ],
)
def test_keys_that_cannot_sign_are_refused(house: House, body: dict[str, Any], words: str) -> None:
    given = {"organization_id": house.organization, "name": "Birds", **body}

    refused(house.post("signing_keys", **given), 422, words)
