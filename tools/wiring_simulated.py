"""The picture of the simulated board: what is real and what is not."""

from __future__ import annotations

from wiring_icons import icon
from wiring_picture import Kind, Picture, Rect, card


def simulated() -> Picture:
    """The agent with boards in memory."""
    picture = card("Simulated boards: nothing is wired", 1000, 360)
    picture.box(Rect(24, 70, 640, 270), "Gate agent, one process", fill="#eef6ff", stroke="#0969da")
    picture.shape(icon("computer", 70, 180))
    boards = (
        (Rect(330, 108, 600, 168), "relays in memory", "lamps and OPEN switch nothing"),
        (Rect(330, 192, 600, 252), "inputs in memory", "count = 8"),
    )
    for rect, name, words in boards:
        picture.shape(
            f'<rect x="{rect.x0}" y="{rect.y0}" width="{rect.x1 - rect.x0}" height="{rect.y1 - rect.y0}" rx="6" '
            'fill="#ffffff" stroke="#8c959f" stroke-width="1.5"/>'
        )
        picture.text(465, rect.y0 + 26, name, size=13, anchor="middle", bold=True)
        picture.text(465, rect.y0 + 46, words, size=11.5, anchor="middle")
    picture.text(110, 176, "lane", size=13, bold=True)
    picture.text(110, 194, "decides as for real", size=11.5)
    for y in (138.0, 222.0):
        picture.shape(f'<path d="M245 180L330 {y:g}" stroke="{Kind.DATA.colour}" stroke-width="2"/>')
    picture.box(Rect(760, 178, 972, 266), "state_file", fill="#fff8e6", stroke="#9a6700")
    picture.text(866, 226, '{"bits": [true, false]}', size=12, anchor="middle")
    picture.text(866, 248, "written by another program", size=11, anchor="middle")
    picture.wire([(760, 222), (640, 222)], Kind.INPUT, "set the inputs")
    picture.notes(
        ("For trying out, training and tests. A gate with a real barrier must not name a simulated board.",), 308
    )
    picture.legend([Kind.INPUT], 342)
    return picture
