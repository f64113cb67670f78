"""Options that several commands share, each said once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from secondlook.faces.packs.runtime import Provider
from secondlook.gallery import Environment, KeyFile, Keyring, KeySource

GALLERY_HELP = "The gallery's folder, or its postgresql://USER@HOST/DATABASE."
GalleryAt = Annotated[str, typer.Option("--gallery", "-g", help=GALLERY_HELP, show_default=False)]
KeyFilePath = Annotated[
    Path | None,
    typer.Option(
        "--key-file",
        help="File that holds the gallery's key; keep it outside the gallery. Default: one that Second Look keeps.",
    ),
]
KeyFrom = Annotated[
    str | None,
    typer.Option(
        "--key-from",
        help="Where the gallery's key is instead of in a file: [b]environment[/b] (SECONDLOOK_KEY) or [b]keyring[/b].",
    ),
]
PackName = Annotated[str | None, typer.Option("--pack", help="Recogniser pack of a new gallery. Default: the best.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print no progress, only results and problems.")]
Threads = Annotated[int, typer.Option("--threads", min=0, help="Processor threads for models; 0 = all cores.")]
ProviderName = Annotated[Provider, typer.Option("--provider", help="Where models run; the choice is printed.")]
Megapixels = Annotated[
    float, typer.Option("--max-megapixels", min=0.01, help="Refuse pictures larger than this (megapixels).")
]


def key_source(key_file: Path | None, key_from: str | None) -> KeySource | None:
    """What the options say about the key; None: what the gallery remembers."""
    if key_file is not None and key_from is not None:
        raise typer.BadParameter("give --key-file or --key-from, not both")
    if key_file is not None:
        return KeyFile(key_file)
    if key_from is None:
        return None
    kinds: dict[str, KeySource] = {"environment": Environment(), "keyring": Keyring()}
    if key_from not in kinds:
        raise typer.BadParameter("--key-from is 'environment' or 'keyring'")
    return kinds[key_from]
