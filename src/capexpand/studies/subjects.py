"""The subject of a study: a case, one of its variants, or the case of a run folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from capexpand.case.loading import load_case
from capexpand.case.schema import Case
from capexpand.errors import CaseError, Problem, RunError
from capexpand.runs.folder import MANIFEST, read_manifest


@dataclass(frozen=True, slots=True)
class Subject:
    """A case and the name by which a reader knows it.

    Args:
        label: folder of the case, with its variant.
        case: as loaded.
        folder: the run that keeps it, if it came from one.
    """

    label: str
    case: Case
    folder: Path | None = None


def read_subject(written: Path | str | Case, variant: str | None = None) -> Subject:
    """Read a case file or folder, ``FOLDER:VARIANT``, a run folder, or take a loaded case.

    Args:
        variant: to be applied to a case; a run holds one variant already.

    Raises:
        CaseError: the case is wrong, or a variant is asked of what has none.
        RunError: a run folder was changed or cannot be read.
    """
    if isinstance(written, Case):
        if variant not in (None, written.provenance.variant):
            message = "is loaded already; load it with this variant"
            raise CaseError([Problem(message, file=written.provenance.path)])
        return Subject(label_of(written), written)
    path, named = path_and_variant(str(written))
    if named is not None and variant is not None:
        raise CaseError([Problem(f"{written}: names a variant, and so does --variant; name one")])
    chosen = named if named is not None else variant
    if (path / MANIFEST).is_file():
        return _of_run(path, chosen)
    case = load_case(path, chosen)
    return Subject(label_of(case), case)


def path_and_variant(written: str) -> tuple[Path, str | None]:
    """Split ``FOLDER:VARIANT``; a path that exists is a path, colon or not."""
    path, colon, variant = written.rpartition(":")
    if not colon or Path(written).exists() or not path or not variant or "/" in variant:
        return Path(written), None
    return Path(path), variant


def _of_run(folder: Path, variant: str | None) -> Subject:
    manifest = read_manifest(folder)
    if variant is not None:
        message = f"{folder}: a run holds one variant; name the case's own folder to take '{variant}'"
        raise CaseError([Problem(message)])
    if not (folder / "case" / "case.yaml").is_file():
        raise RunError(f"{folder}: is not a single-case run; pass case files or run folders")
    label = str(manifest.get("case") or folder.name)
    kept = manifest.get("variant")
    return Subject(f"{label}:{kept}" if kept else label, load_case(folder / "case"), folder)


def label_of(case: Case) -> str:
    """Return the folder of a case, or the stem of its file, with its variant."""
    path = case.provenance.path.absolute()
    name = path.parent.name if path.name == "case.yaml" else path.stem
    return name if case.provenance.variant is None else f"{name}:{case.provenance.variant}"
