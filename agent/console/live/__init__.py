"""What goes on now, told to open pages: pictures, and news of lanes and cameras."""
