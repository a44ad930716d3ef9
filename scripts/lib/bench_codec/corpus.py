"""The pictures of the bench: the shared corpus of photos where it is there, pictures made by the project
otherwise, and what is derived from them."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from graphics import all_graphics
from sharp import Sharp

# 3:2 and 2.1 megapixels: all of one size, so that none is already narrower than the 1200 pixels asked for.
TWO_MEGAPIXELS = {"width": 1776, "height": 1184, "fit": "cover"}
LARGE = {"width": 6000, "height": 4000, "fit": "fill"}
# What a camera or a CMS sends.
CAMERA = {"quality": 93, "chromaSubsampling": "4:2:0"}
GENERATED = ["768x512", "512x768", "1024x683", "1200x800", "800x1200", "2048x1365", "1365x2048", "1776x1184"]


@dataclass
class Corpus:
    kind: str
    photos: list[Path]
    """Lossless photos, PNG."""
    medium: list[Path]
    """JPEG of 2.1 MP as a camera makes them."""
    large: Path
    """The same, enlarged to 24 MP."""
    tiny: Path
    """JPEG of 16 × 16: what a start costs."""
    graphics: list[Path]
    """PNG."""


def load(photos: Path, sample_image: Path, sharp: Sharp, folder: Path, quick: bool) -> Corpus:
    folder.mkdir(parents=True, exist_ok=True)
    kodak = sorted((photos / "kodak").glob("*.png"), key=lambda path: int(path.stem) if path.stem.isdigit() else 0)
    clic = sorted((photos / "clic").glob("*.png"))
    if kodak and clic:
        kind, small, big = "photos: Kodak and CLIC", kodak, clic
    else:
        kind, made = "generated photos", generate(sample_image, sharp, folder)
        small, big = made[:5], made[5:]
    medium = [derive(sharp, photo, folder / f"2mp-{photo.stem}.jpg", TWO_MEGAPIXELS) for photo in big[:6]]
    large = derive(sharp, big[-2], folder / f"24mp-{big[-2].stem}.jpg", LARGE)
    tiny = derive(sharp, small[0], folder / "tiny.jpg", {"width": 16, "height": 16, "fit": "fill"})
    graphics = draw(sharp, folder)
    if quick:
        return Corpus(kind, spread(small, 4) + spread(big, 1), medium[:2], large, tiny, graphics[:6])
    return Corpus(kind, small + big, medium, large, tiny, graphics)


def spread(items: list[Path], count: int) -> list[Path]:
    return [items[(2 * index + 1) * len(items) // (2 * count)] for index in range(count)]


def derive(sharp: Sharp, source: Path, target: Path, size: dict) -> Path:
    if not target.exists():
        sharp.convert(source, target, "jpeg", CAMERA, size)
    return target


def generate(sample_image: Path, sharp: Sharp, folder: Path) -> list[Path]:
    made = []
    for size in GENERATED:
        jpeg, png = folder / f"generated-{size}.jpg", folder / f"generated-{size}.png"
        if not png.exists():
            subprocess.run([sample_image, jpeg, "--size", size], check=True)
            sharp.convert(jpeg, png, "png")
        made.append(png)
    return made


def draw(sharp: Sharp, folder: Path) -> list[Path]:
    drawn = []
    for name, svg in all_graphics().items():
        source, target = folder / f"{name}.svg", folder / f"{name}.png"
        if not target.exists() or not source.exists() or source.read_text() != svg:
            source.write_text(svg)
            sharp.convert(source, target, "png")
        drawn.append(target)
    return drawn
