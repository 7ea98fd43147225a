"""What happens now, for open pages: pictures, and news of lanes and cameras."""
