"""What the place Lanes shows: the dashboard of all lanes, and the parts of the page of one."""
