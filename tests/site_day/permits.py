"""What the vehicles of a day show: their codes, their plates and labels, and the lists that say something of them."""

from dataclasses import replace

from agent.core.crypto.keys import SigningKey
from agent.core.permit import trust
from agent.core.permit.issue import Issuer, trust_list
from agent.core.permit.vin import check_digit
from tests.site_day.kinds import CAMERA, NEW_CAR
from tests.support.gate.gate_site import DAY_S, HOUR_S, SITE, GateSite

LISTS_SEED = b"lists of the site's central side"
PROVINCES, LETTERS = "新京沪粤甘陕川鲁", "ABCDEFGH"


class TradeWindow(GateSite):
    """The trade window, whose trust list also names the key of central's lists. `lists_key`: that key."""

    def __init__(self, folder):
        super().__init__(folder)
        self.lists_key = SigningKey.from_seed(LISTS_SEED)
        since = self.utc - HOUR_S
        lists = replace(Issuer("central", self.lists_key, (SITE,)).entry(since), purpose=trust.Purpose.LISTS)
        entries = (*trust_list([self._issuer], since).entries, lists)
        sealed = trust.seal(replace(trust_list([self._issuer], since), entries=entries), self._root)
        (folder / "trust.gtl").write_bytes(sealed)


def permit_id(number):
    """The id of the permit that a vehicle was given, as bytes."""
    return number.to_bytes(8, "big")


def permit_name(number):
    """The same, as events have it."""
    return permit_id(number).hex()


def vin_of(number):
    """A vehicle identification number of its own, with a check digit that is right."""
    body = f"1M8GDM9A0KP{number:06d}"
    return f"{body[:8]}{check_digit(body)}{body[9:]}"


def plate_of(number):
    """A plate of its own. Two that are alike are never given to vehicles that come one after the other."""
    spread = number * 7919 % 100_000
    return f"{PROVINCES[number % len(PROVINCES)]}{LETTERS[number // 3 % len(LETTERS)]}{spread:05d}"


def text_of(window, arrival, texts, uses=1):
    """The code that a vehicle shows, "" for none. `texts`: of the vehicles before, by number. `uses`: of a permit."""
    if arrival.again is not None:
        return texts[arrival.again]
    number, kind = arrival.number, arrival.kind
    if kind == "no code":
        return ""
    if kind == "not a permit":
        return f"https://example.org/menu/{number}"
    if kind == "forged":
        return window.forged(plate_of(number))
    plate = None if arrival.lane != CAMERA or kind in {NEW_CAR, "another's VIN"} else plate_of(number)
    changes = {"permit_id": permit_id(number), "vin": vin_of(number), "max_uses": uses}
    return window.permit(plate, **changes | _otherwise(kind, window.utc))


def _otherwise(kind, now):
    """What is wrong with the permit of a kind, if anything."""
    times = {
        "expired": {"not_before": now - DAY_S, "issued_at": now - DAY_S, "expires_at": now - HOUR_S},
        "not valid yet": {"not_before": now + DAY_S, "expires_at": now + 2 * DAY_S},
    }
    others = {"another site": {"site": SITE + 1}, "other direction": {"direction": "import"}}
    return (times | others).get(kind, {})


def scene_of(arrival):
    """What the camera sees of a vehicle, without its code."""
    if arrival.lane != CAMERA:
        return {}
    number = arrival.number if arrival.again is None else arrival.again
    match arrival.kind:
        case "another's VIN":
            return {"vehicle": {"plate": "", "label": {"vin": vin_of(number + 500_000), "code": "data_matrix"}}}
        case "new car":
            return {"vehicle": {"plate": "", "label": {"vin": vin_of(number), "code": "data_matrix"}}}
        case "wrong plate":
            return {"vehicle": {"plate": plate_of(number + 50_021)}}
    return {"vehicle": {"plate": plate_of(number)}}


def revocations(arrivals, expires_at):
    """The file of the permits that were revoked."""
    rows = [f"{permit_name(one.number)},{expires_at}" for one in arrivals if one.kind == "revoked"]
    return "\n".join(["permit_id,expires_at", *rows, ""])


def watch(arrivals):
    """The file of the vehicles that an officer wants to see."""
    rows = [f"permit,{permit_name(one.number)}" for one in arrivals if one.kind == "watched"]
    return "\n".join(["subject,value", *rows, ""])
