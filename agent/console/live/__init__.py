"""Live data for open pages: pictures, and changes of lanes and cameras."""
