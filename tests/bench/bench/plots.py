"""Line plots as SVG, written by hand: a few hundred bytes a curve, no library."""
import html
import math

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 320, 64, 150, 36, 44
# Told apart by hue and by dash, also in grey.
STYLES = [("#1b6ca8", ""), ("#c8553d", "6 3"), ("#3a7d44", "2 3"), ("#6b4fa0", "8 3 2 3"),
          ("#8a6d1d", "1 3")]


def plottable(curve):
    """Whether a curve has a shape: numbers on both axes, three points or more."""
    return any(len(points) >= 3 and all(isinstance(point[0], (int, float)) for point in points)
               for points in curve["series"].values())


def nice_top(value):
    """The least of 1, 2, 2.5, 5 × 10ⁿ that is not below a value."""
    power = 10 ** math.floor(math.log10(value)) if value > 0 else 1
    return next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= value)


def short(value):
    return f"{value:,.0f}" if value >= 10 else f"{value:.3g}"


def svg(curve):
    """The text of an SVG: medians as lines, least and greatest as bars. The x axis is log₂."""
    xs = sorted({point[0] for points in curve["series"].values() for point in points})
    top = nice_top(max(point[3] for points in curve["series"].values() for point in points))
    low, high = math.log2(xs[0]), math.log2(xs[-1])

    def at(x, y):
        across = (math.log2(x) - low) / (high - low or 1)
        return (LEFT + across * (WIDTH - LEFT - RIGHT),
                HEIGHT - BOTTOM - max(0, y) / top * (HEIGHT - TOP - BOTTOM))

    def text(x, y, words, more=""):
        return f'<text x="{x:.1f}" y="{y:.1f}" {more}>{html.escape(words)}</text>'

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
           'font-family="sans-serif" font-size="12" fill="#333">',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
           text(LEFT, 20, f"{curve['title']} ({curve['unit']})", 'font-size="14"')]
    for tick in range(5):
        x, y = at(xs[0], top * tick / 4)
        out.append(f'<path d="M{x:.1f} {y:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        out.append(text(x - 8, y + 4, short(top * tick / 4), 'text-anchor="end"'))
    for x in xs:
        out.append(text(at(x, 0)[0], HEIGHT - BOTTOM + 18, f"{x:,}", 'text-anchor="middle"'))
    out.append(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, curve["x"], 'text-anchor="middle"'))
    for number, (name, points) in enumerate(curve["series"].items()):
        color, dash = STYLES[number % len(STYLES)]
        places = [at(point[0], point[1]) for point in points]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        out.append(f'<polyline points="{line}" fill="none" stroke="{color}" stroke-width="2" '
                   f'stroke-dasharray="{dash}"/>')
        for point in points:
            (x, least), (_, most) = at(point[0], point[2]), at(point[0], point[3])
            out.append(f'<path d="M{x:.1f} {least:.1f}V{most:.1f}" stroke="{color}"/>')
        y = TOP + 12 + 20 * number
        out.append(f'<path d="M{WIDTH - RIGHT + 12} {y}h24" stroke="{color}" stroke-width="2" '
                   f'stroke-dasharray="{dash}"/>')
        out.append(text(WIDTH - RIGHT + 42, y + 4, name))
    return "\n".join(out) + "\n</svg>\n"
