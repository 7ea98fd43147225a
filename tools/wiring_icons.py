"""Small signs for devices, 28 wide and 24 high, as SVG around the point (0, 0)."""

from __future__ import annotations

_PEN = 'fill="none" stroke="#1f2328" stroke-width="1.6"'

ICONS = {
    "computer": f'<rect x="-13" y="-11" width="26" height="16" rx="2" {_PEN}/><path d="M-6 11H6M0 5V11" {_PEN}/>',
    "loop": f'<rect x="-13" y="-9" width="26" height="18" rx="3" {_PEN}/>'
    f'<rect x="-9" y="-5" width="18" height="10" rx="2" {_PEN}/>',
    "photocell": f'<rect x="-14" y="-6" width="7" height="12" rx="1" {_PEN}/><rect x="7" y="-6" width="7" height="12" '
    f'rx="1" {_PEN}/><path d="M-6 0H6" {_PEN} stroke-dasharray="2.5 2"/>',
    "stop": '<circle r="11" fill="#ffd33d" stroke="#1f2328" stroke-width="1.4"/>'
    '<circle r="7" fill="#cf222e" stroke="#1f2328" stroke-width="1.2"/>',
    "arm": f'<rect x="-13" y="-4" width="8" height="15" rx="1" {_PEN}/><path d="M-9 -6H14" stroke="#cf222e" '
    'stroke-width="4" stroke-dasharray="5 3"/>',
    "key": f'<circle cx="-6" r="5.5" {_PEN}/><path d="M-0.5 0H13M8 0V5M13 0V6" {_PEN}/>',
    "alarm": f'<path d="M0 -11L13 10H-13Z" {_PEN} stroke-linejoin="round"/><path d="M0 -4V3M0 5.5V7.5" {_PEN}/>',
    "red": '<circle r="10" fill="#cf222e" stroke="#1f2328" stroke-width="1.4"/>',
    "green": '<circle r="10" fill="#2da44e" stroke="#1f2328" stroke-width="1.4"/>',
    "scanner": f'<path d="M-12 -9H8L12 -1H-2L-5 11H-11L-9 -1H-12Z" {_PEN} stroke-linejoin="round"/>',
    "code": f'<path d="M-11 -11H-3V-3H-11ZM3 -11H11V-3H3ZM-11 3H-3V11H-11Z" {_PEN}/>'
    '<path d="M4 4H7V7H4ZM8 8H11V11H8ZM4 9H6V11H4ZM9 3H11V5H9Z" fill="#1f2328"/>',
}


def icon(name: str, x: float, y: float) -> str:
    """The sign of this name with its middle at (x, y)."""
    return f'<g transform="translate({x:g} {y:g})">{ICONS[name]}</g>'
