"""The page for the driver: its content, its pictograms, its letters, and the kiosk that displays it.

Knows the view of the lane and the texts. `agent.console.pages.driver` has the routes, and
`agent.console.access.screens` decides who may see the page.
"""
