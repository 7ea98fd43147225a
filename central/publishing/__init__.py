"""The central side of the lists: takes their content, signs it, and brings it to the gates of a site."""
