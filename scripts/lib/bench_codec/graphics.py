"""Graphics as SVG: what photos are not. Windows with text, charts, transparent logos and maps, the same on every
machine because even the letters are strokes of our own and no font."""

import random

LETTERS = 26


def letters(chance: random.Random) -> str:
    """Shapes that look like writing: two or three strokes in a box of 6 × 10."""
    shapes = []
    for letter in range(LETTERS):
        strokes = []
        for _ in range(chance.choice((2, 2, 3))):
            x, y = chance.choice((0.5, 3, 5.5)), chance.choice((0.5, 3.5, 6.5, 9))
            u, v = chance.choice((0.5, 3, 5.5)), chance.choice((3.5, 6.5, 9))
            bend = f"Q {chance.uniform(0, 6):.1f} {chance.uniform(0, 9):.1f}" if chance.random() < 0.5 else "L"
            strokes.append(f"M{x} {y} {bend} {u} {v}")
        shapes.append(f'<path id="l{letter}" d="{" ".join(strokes)}" fill="none" stroke-width="1.25"/>')
    return "<defs>" + "".join(shapes) + "</defs>"


def line(chance: random.Random, x: float, y: float, width: float, colour: str, size: float = 1.0) -> str:
    """A line of words, at positions between the pixels as text has them."""
    parts, end = [], x + width
    while x < end:
        for _ in range(chance.randint(2, 9)):
            parts.append(f'<use href="#l{chance.randrange(LETTERS)}" x="{x / size:.2f}" y="{y / size:.2f}"/>')
            x += 7.3 * size
        x += 4.5 * size
    return f'<g stroke="{colour}" transform="scale({size})">{"".join(parts)}</g>'


def box(x: float, y: float, width: float, height: float, fill: str, more: str = "") -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{fill}" {more}/>'


def colour(chance: random.Random, light: float = 50) -> str:
    return f"hsl({chance.randrange(360)},{chance.randint(45, 80)}%,{light:.0f}%)"


def document(width: int, height: int, parts: list[str]) -> str:
    size = f'width="{width}" height="{height}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{"".join(parts)}</svg>'


def window(chance: random.Random) -> str:
    """A program's window: title, sidebar, text, buttons; light or dark."""
    dark = chance.random() < 0.5
    page, ink, side = ("#1e2228", "#d4d7dc", "#282d35") if dark else ("#ffffff", "#24292f", "#f3f4f6")
    accent = colour(chance)
    parts = [letters(chance), box(0, 0, 1280, 800, page), box(0, 0, 1280, 44, accent), box(0, 44, 230, 756, side)]
    parts.append(line(chance, 16, 16, 240, "#ffffff", 1.3))
    for row in range(18):
        y = 64 + row * 38
        parts.append(f'<circle cx="26" cy="{y + 5}" r="8" fill="{colour(chance)}"/>')
        parts.append(line(chance, 46, y, chance.randint(60, 150), ink))
    for row in range(30):
        kind, y = chance.random(), 66 + row * 24
        if kind < 0.12:
            parts.append(line(chance, 260, y, chance.randint(200, 420), accent, 1.6))
        elif kind < 0.2:
            parts.append(box(260, y - 4, 120, 20, accent, 'rx="4"') + line(chance, 276, y + 1, 70, "#ffffff"))
        else:
            parts.append(line(chance, 260, y, chance.randint(500, 960), ink))
    return document(1280, 800, parts)


def chart(chance: random.Random) -> str:
    """Bars, lines, a grid and a legend."""
    parts = [letters(chance), box(0, 0, 1000, 620, "#fcfcfc"), line(chance, 60, 18, 420, "#222222", 1.6)]
    for step in range(11):
        y = 80 + step * 45
        parts.append(f'<path d="M70 {y}.5H960" stroke="#dddddd"/>' + line(chance, 20, y - 5, 30, "#555555"))
    for bar in range(16):
        height = chance.uniform(40, 380)
        parts.append(box(84 + bar * 54.5, 530 - height, 36, height, f"url(#fade{bar % 2})", 'rx="2"'))
        parts.append(line(chance, 84 + bar * 54.5, 544, 24, "#555555"))
    for index in range(2):
        parts.insert(0, f'<linearGradient id="fade{index}" x2="0" y2="1"><stop stop-color="{colour(chance, 60)}"/>'
                        f'<stop offset="1" stop-color="{colour(chance, 45)}"/></linearGradient>')  # fmt: skip
    for row in range(3):
        points = " ".join(f"{84 + x * 27:.1f},{chance.uniform(90, 500):.1f}" for x in range(32))
        stroke = colour(chance, 40)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{stroke}" stroke-width="2.5"/>')
        parts.append(box(70 + row * 260, 590, 14, 14, stroke) + line(chance, 92 + row * 260, 592, 150, "#333333"))
    return document(1000, 620, parts)


def logo(chance: random.Random) -> str:
    """Shapes on a transparent ground, one with a gradient."""
    parts = [f'<radialGradient id="g"><stop stop-color="{colour(chance, 70)}"/>'
             f'<stop offset="1" stop-color="{colour(chance, 40)}"/></radialGradient>']  # fmt: skip
    parts.append('<circle cx="300" cy="300" r="250" fill="url(#g)"/>')
    for _ in range(chance.randint(5, 9)):
        points = " ".join(f"{chance.uniform(90, 510):.0f},{chance.uniform(90, 510):.0f}" for _ in range(4))
        fill = colour(chance, chance.choice((35, 50, 90)))
        parts.append(f'<polygon points="{points}" fill="{fill}" fill-opacity="{chance.choice((1, 1, 0.6))}"/>')
    parts.append('<circle cx="300" cy="300" r="252" fill="none" stroke="#222222" stroke-width="9"/>')
    parts += [letters(chance), line(chance, 150, 560, 300, "#222222", 2.4)]
    return document(600, 620, parts)


def city(chance: random.Random) -> str:
    """A map: fields of flat colour, roads with borders, names."""
    parts = [letters(chance), box(0, 0, 1200, 900, "#eef0e6")]
    for _ in range(90):
        x, y = chance.uniform(-50, 1150), chance.uniform(-50, 850)
        fill = chance.choice(("#d8e8c8", "#cfe3f2", "#e4ddd0", "#f2e9da", "#dcd6e8"))
        points = " ".join(f"{x + chance.uniform(0, 150):.1f},{y + chance.uniform(0, 150):.1f}" for _ in range(5))
        parts.append(f'<polygon points="{points}" fill="{fill}" stroke="#b8b4a8"/>')
    roads = []
    for _ in range(26):
        (x, y), (u, v) = ((chance.uniform(0, 1200), chance.uniform(0, 900)) for _ in range(2))
        roads.append((f"M{x:.0f} {y:.0f} Q{v:.0f} {u:.0f} {u:.0f} {v:.0f}", chance.choice((4, 6, 10))))
    parts += [f'<path d="{d}" fill="none" stroke="#a89878" stroke-width="{width + 2}"/>' for d, width in roads]
    parts += [f'<path d="{d}" fill="none" stroke="#fffdf4" stroke-width="{width}"/>' for d, width in roads]
    parts += [line(chance, chance.uniform(0, 1080), chance.uniform(0, 880), chance.randint(40, 120), "#444444")
              for _ in range(70)]  # fmt: skip
    return document(1200, 900, parts)


def all_graphics() -> dict[str, str]:
    """Name → SVG; three of each kind."""
    kinds = {"window": window, "chart": chart, "logo": logo, "map": city}
    return {f"{name}-{seed}": draw(random.Random(seed)) for seed in (1, 2, 3) for name, draw in kinds.items()}
