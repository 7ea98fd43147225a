"""Who is at a broker, what there is to be said and heard, and who may: written down apart from the files that ship."""

import re
from itertools import product

SITES = {9411: ("gate-1", "gate-2"), 7: ("gate-3",)}
GATES = tuple(gate for gates in SITES.values() for gate in gates)
SITE_OF = {gate: site for site, gates in SITES.items() for gate in gates}
BROKER_OF = {9411: "site-1", 7: "site-2"}
UNLISTED = "gate-9"
ACTORS = (*GATES, *(f"{gate}.site" for gate in GATES), *BROKER_OF.values(), UNLISTED, "central")
HOSTILE = tuple(actor for actor in ACTORS if actor != "central")
WITNESS = "witness"
SAID = ("event/access.granted", "status", "birth", "health", "res/open", "evidence/ab12")
HEARD = ("ack", "cmd/open")
LISTS = ("trust", "permits/head", "permits/snap/3/0", "permits/delta/4", "permits/want")

TOPICS = (
    *(f"gate/v1/{gate}/{leaf}" for gate, leaf in product((*GATES, UNLISTED), (*SAID, *HEARD))),
    *(f"gate/v1/{gate}.site/{leaf}" for gate, leaf in product(GATES[:1], ("status", "cmd/open"))),
    *(f"site/v1/{site}/lists/{leaf}" for site, leaf in product(SITES, LISTS)),
    *(f"site/v1/{site}/{kind}/{gate}" for site, kind, gate in product(SITES, ("to", "rows"), GATES)),
    *(f"site/v1/{broker}/connected" for broker in BROKER_OF.values()),
    *("gate/v1/gate-1", "gate/v1/gate-1/event/a/b", "gate/v1/gate-1/event", "gate/v1/gate-1/cmd/a/b"),
    *(
        "gate/v1/gate-1/",
        "gate/v1//status",
        "gate/v1/gate-1/status/",
        "/gate/v1/gate-1/status",
        "gate/v2/gate-1/status",
    ),
    *("gate/v1/%u/status", "gate/v1/gate-1/secret", "site/v1/9411/lists", "site/v1/9411", "gate", "anything"),
)
"""What there is to be told, and what only looks like it."""

FILTERS = (
    *(
        "#",
        "+/#",
        "/#",
        "gate/#",
        "gate/+/#",
        "gate/v1/+/#",
        "gate/v1/gate-1/#",
        "gate/v1/gate-2/#",
        "gate/v1/gate-3/#",
    ),
    *("gate/v1/+/status", "gate/v1/+/cmd/+", "gate/v1/+/ack", "gate/v1/gate-1/status", "gate/v1/gate-1/cmd/open"),
    *("+/+/+/+", "+/+/+/+/+", "site/#", "site/v1/9411/#", "site/v1/+/lists/#", "site/v1/+/to/+", "site/v1/+/rows/+"),
)


def may_write(actor, topic):
    """What each may say, by docs/events.md, docs/lists.md and docs/site.md. A `+` stands for an empty level too."""
    said = r"(event/[^/]+|status|birth|health|res/[^/]+|evidence/[^/]+)"
    if actor == "central":
        allowed = [r"gate/v1/[^/]*/(ack|cmd/[^/]+)", r"site/v1/[^/]+/lists(/.+)?", f"gate/v1/central/{said}"]
    elif actor.endswith(".site"):
        gate = actor.removesuffix(".site")
        place = f"site/v1/{SITE_OF[gate]}"
        allowed = [f"{place}/to/[^/]+", f"{place}/rows/{gate}", f"gate/v1/{re.escape(actor)}/{said}"]
    elif actor in BROKER_OF.values():
        site = next(site for site, broker in BROKER_OF.items() if broker == actor)
        allowed = [f"gate/v1/{gate}/{said}" for gate in (*SITES[site], actor)]
        allowed += [f"site/v1/{actor}/connected", f"site/v1/{site}/lists/[^/]+/want"]
    else:
        allowed = [f"gate/v1/{actor}/{said}"]
        if actor in SITE_OF:
            allowed.append(f"site/v1/{SITE_OF[actor]}/lists/[^/]+/want")
    return any(re.fullmatch(one, topic) for one in allowed)


def may_read(actor, topic):
    """What each may hear. A gate hears its own status, and no other's."""
    own = r"(ack|cmd/[^/]+|status)"
    if actor == "central":
        said = r"(event/[^/]+|status|birth|health|res/[^/]+|evidence/[^/]+)"
        allowed = [f"gate/v1/[^/]*/{said}", r"site/v1/[^/]+/lists(/.+)?", f"gate/v1/central/{own}"]
    elif actor.endswith(".site"):
        gate = actor.removesuffix(".site")
        place = f"site/v1/{SITE_OF[gate]}"
        allowed = [f"{place}/to/{gate}", f"{place}/rows/[^/]+", f"gate/v1/{re.escape(actor)}/{own}"]
    elif actor in BROKER_OF.values():
        site = next(site for site, broker in BROKER_OF.items() if broker == actor)
        allowed = [rf"gate/v1/{gate}/(ack|cmd/[^/]+)" for gate in SITES[site]]
        allowed += [f"gate/v1/{actor}/{own}", f"site/v1/{site}/lists(/.+)?"]
    else:
        allowed = [f"gate/v1/{actor}/{own}"]
        if actor in SITE_OF:
            allowed.append(f"site/v1/{SITE_OF[actor]}/lists(/.+)?")
    return any(re.fullmatch(one, topic) for one in allowed)


def own_topic(actor):
    """One topic that an actor may hear, whatever else it may not."""
    return f"gate/v1/{actor}/cmd/fence" if actor != "central" else "gate/v1/gate-1/health"
