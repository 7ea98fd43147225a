"""The pages of docs as a static site: the text of the console's help, with a search, for a web server or a disk."""
