"""`make demo`: one photo through every style, as a phone would do it, over the public API."""

import asyncio
import io
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from PIL import Image, ImageDraw, ImageFont, ImageOps
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

BUNDLED = Path(__file__).parent.parent / "services" / "catalog" / "photos" / "astronaut.jpg"
AT_ONCE = 4  # what one person may have open at a time
CELL = 320
LABEL = 34
COLUMNS = 4
BACKGROUND, INK, FAINT = "#faf8f5", "#222222", "#777777"

console = Console(highlight=False)


@dataclass(frozen=True)
class Painted:
    style: str
    slug: str
    seconds: float
    path: Path


def run(photo: Path | None, out: Path) -> None:
    chosen = photo or BUNDLED
    if not chosen.is_file():
        console.print(f"[red]There is no file {chosen}.[/] Try: make demo PHOTO=path/to/your.jpg")
        raise SystemExit(2)
    out.mkdir(parents=True, exist_ok=True)
    try:
        asyncio.run(_run(chosen, out))
    except Refused as error:
        console.print(f"[red]{error}[/]")
        raise SystemExit(1) from None


class Refused(Exception):
    """The API said no; the message says why."""


async def _run(photo: Path, out: Path) -> None:
    base = f"http://127.0.0.1:{os.environ['MAGICPIC_GATEWAY_PORT']}"
    async with httpx.AsyncClient(base_url=base, timeout=120) as client:
        user = await _sign_up(client)
        client.headers["Authorization"] = f"Bearer {user['access_token']}"
        styles = (await _data(await client.get("/api/styles", params={"limit": 50, "sort": "name"})))["data"]
        console.print(f"{photo} through {len(styles)} styles, {AT_ONCE} at a time")
        painted = await _paint_all(client, photo, styles, out)
        sheet = out / "contact-sheet.jpg"
        _contact_sheet(photo, painted).save(sheet, quality=90)
        await _show_history(client)
    console.print(f"\nThe pictures are in {out}/, all of them at a glance in {sheet}.")
    console.print(f"The API, with examples to try: {base}/docs. Stop everything: make down.")


async def _data(response: httpx.Response) -> Any:
    body = response.json()
    if response.is_error:
        raise Refused(f"{response.request.url.path}: {body['error']['code']}: {body['error']['message']}")
    return body


async def _sign_up(client: httpx.AsyncClient) -> Any:
    account = {
        "email": f"demo-{secrets.token_hex(4)}@example.com",
        "password": f"Demo-{secrets.token_urlsafe(12)}-1",
        "name": "Demo",
    }
    data = (await _data(await client.post("/api/auth/signup", json=account)))["data"]
    console.print(f"signed up {account['email']}: {data['user']['credits']} credits")
    return data


async def _paint_all(client: httpx.AsyncClient, photo: Path, styles: list[Any], out: Path) -> list[Painted]:
    slots = asyncio.Semaphore(AT_ONCE)
    data = await asyncio.to_thread(photo.read_bytes)
    columns = (
        TextColumn("painting"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("", total=len(styles))

        async def paint(style: Any) -> Painted:
            async with slots:
                found = await _paint(client, photo.name, data, style, out)
            progress.update(task, advance=1, description=style["name"])
            return found

        return await asyncio.gather(*[paint(style) for style in styles])


async def _paint(client: httpx.AsyncClient, name: str, photo: bytes, style: Any, out: Path) -> Painted:
    answer = await client.post(
        "/api/creations/generate",
        files={"image": (name, photo, "image/jpeg")},
        data={"style_id": str(style["id"]), "is_public": "false"},
    )
    creation = (await _data(answer))["data"]
    while "job" in creation:  # it takes longer than an answer waits
        await asyncio.sleep(1)
        job = (await _data(await client.get(creation["status_url"])))["data"]
        if job["error"]:
            raise Refused(f"{style['name']}: {job['error']['code']}: {job['error']['message']}")
        creation = job["creation"] or creation
    picture = await client.get(creation["generated_image_url"], headers={"Authorization": ""})
    picture.raise_for_status()
    path = out / f"{style['slug']}.jpg"
    path.write_bytes(picture.content)
    return Painted(style["name"], style["slug"], creation["processing_time"], path)


def _contact_sheet(photo: Path, painted: list[Painted]) -> Image.Image:
    """The photo first, then each picture under its style's name."""
    cells = [("your photo", "", photo), *((found.style, f"{found.seconds:.1f} s", found.path) for found in painted)]
    rows = -(-len(cells) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * (CELL + 12) + 12, rows * (CELL + LABEL + 12) + 12), BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    font, small = ImageFont.load_default(18), ImageFont.load_default(14)
    for number, (name, note, path) in enumerate(cells):
        left = 12 + number % COLUMNS * (CELL + 12)
        top = 12 + number // COLUMNS * (CELL + LABEL + 12)
        with Image.open(io.BytesIO(path.read_bytes())) as picture:
            upright = ImageOps.exif_transpose(picture).convert("RGB")
        sheet.paste(ImageOps.fit(upright, (CELL, CELL)), (left, top))
        draw.text((left, top + CELL + 6), name, fill=INK, font=font)
        draw.text((left + CELL, top + CELL + 9), note, fill=FAINT, font=small, anchor="ra")
    return sheet


async def _show_history(client: httpx.AsyncClient) -> None:
    shown = Table("credits", "what", "balance after", title="credit history, newest first")
    page = await _data(await client.get("/api/credits/history", params={"limit": 50}))
    for entry in page["data"]:
        shown.add_row(f"{entry['amount']:+}", entry["description"], str(entry["balance_after"]))
    console.print(shown)
    balance = (await _data(await client.get("/api/credits/balance")))["data"]
    console.print(f"balance {balance['balance']}, held {balance['pending']}, spent {balance['lifetime_spent']}")
