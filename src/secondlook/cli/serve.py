from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from secondlook.cli.console import out
from secondlook.cli.options import KeyFilePath, KeyFrom, Threads, key_source
from secondlook.errors import ExtraMissing


def serve(
    data: Annotated[Path, typer.Option("--data", help="The service's folder; made where there is none.")] = Path(
        "secondlook-data"
    ),
    host: Annotated[str, typer.Option("--host", help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0: one that is free.")] = 8480,
    certificate: Annotated[Path | None, typer.Option("--tls-certificate", help="PEM file, for HTTPS.")] = None,
    certificate_key: Annotated[Path | None, typer.Option("--tls-key", help="PEM file of its key.")] = None,
    behind_proxy: Annotated[
        bool, typer.Option("--behind-proxy", help="A proxy in front ends TLS; its word on who asks is taken.")
    ] = False,
    exposed: Annotated[
        str,
        typer.Option("--plain-http-because", help="Why it may be reached from other machines without TLS, in words."),
    ] = "",
    database: Annotated[
        str,
        typer.Option(
            "--database",
            envvar="SECONDLOOK_DATABASE",
            help="The service's tables, as postgresql://USER@HOST/DATABASE. Default: a file in --data.",
        ),
    ] = "",
    gallery: Annotated[
        str,
        typer.Option(
            "--gallery",
            envvar="SECONDLOOK_GALLERY",
            help="The gallery, as postgresql://USER@HOST/DATABASE. Default: in --data.",
        ),
    ] = "",
    key_file: KeyFilePath = None,
    key_from: KeyFrom = None,
    threads: Threads = 0,
    ray: Annotated[
        str, typer.Option("--ray", help="Ray cluster that looks for jobs that find, as [b]ray://HOST:10001[/b].")
    ] = "",
) -> None:
    """Serve the API and the pages: searches, cameras, blind reviews, and a record of it all.

    Example: [b]secondlook serve --data station/[/b]
    """
    try:
        from secondlook.server.running import serve as run
        from secondlook.server.settings import Options
    except ModuleNotFoundError as error:
        raise ExtraMissing(
            f"The service needs an optional part ({error.name}): install it with `pip install 'secondlook[server]'`."
        ) from error
    options = Options(
        data=data,
        host=host,
        port=port,
        key=key_source(key_file, key_from),
        exposed=exposed,
        certificate=certificate,
        certificate_key=certificate_key,
        proxied=behind_proxy,
        threads=threads,
        database=database,
        gallery=gallery,
        ray=ray,
    )
    run(options, lambda sentence: out().print(sentence, markup=False))
