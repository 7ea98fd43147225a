"""The page that tells the driver what to do: what it shows, its pictograms, its letters, and the kiosk that shows it.

Knows the lane's view and the texts; the routes are in `agent.console.pages.driver`, who may look in
`agent.console.access.screens`.
"""
