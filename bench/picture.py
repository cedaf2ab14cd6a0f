"""`python -m bench.picture build/bench.json docs/pictures/bench.svg`: what `python -m bench --write` measured, as a picture."""

import json
import sys
from statistics import median

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot

matplotlib.rcParams.update({"svg.hashsalt": "bench", "font.size": 9, "svg.fonttype": "none", "font.family": "sans-serif"})
NAMES = {
    "ours": "this service",
    "checked": "FastAPI tuned, with our checks",
    "tuned": "FastAPI tuned, without them",
    "idiomatic": "FastAPI, idiomatic",
    "stock": "Django REST Framework as it comes",
}
COLOURS = {"ours": "#0b6e4f", "checked": "#8aa1b1", "tuned": "#b8c5ce", "idiomatic": "#d9a441", "stock": "#c97b63"}
SHOWN = ["list, cached", "detail", "refresh", "login"]


def main(source: str, target: str) -> None:
    with open(source) as file:
        measured = json.load(file)["measured"]
    figure, panels = pyplot.subplots(1, len(SHOWN), figsize=(10, 2.6), constrained_layout=True)
    for panel, operation in zip(panels, SHOWN, strict=True):
        rounds = measured[operation]
        draw(panel, operation, {name: median(one["rate"] for one in rounds[name]) for name in NAMES if name in rounds})
    handles = [pyplot.Rectangle((0, 0), 1, 1, color=COLOURS[name]) for name in NAMES]
    figure.legend(handles, NAMES.values(), loc="outside lower center", ncols=len(NAMES), frameon=False, fontsize=8)
    figure.savefig(target, metadata={"Date": None})


def draw(panel, operation: str, rates: dict[str, float]) -> None:
    panel.bar(range(len(rates)), rates.values(), color=[COLOURS[name] for name in rates], width=0.75)
    for place, rate in enumerate(rates.values()):
        panel.annotate(f"{rate:,.0f}", (place, rate), ha="center", va="bottom", fontsize=8)
    panel.set_title(f"{operation}: requests a second", fontsize=9, loc="left")
    panel.set_xticks([])
    panel.set_yticks([])
    panel.margins(y=0.15)
    for side in ("top", "right", "left"):
        panel.spines[side].set_visible(False)


if __name__ == "__main__":
    main(*sys.argv[1:])
