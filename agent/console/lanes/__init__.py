"""The content of the section Lanes: the dashboard of all lanes, and the parts of one lane's page."""
