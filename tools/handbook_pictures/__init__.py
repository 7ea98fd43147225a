"""Takes the pictures of the console in docs/images: from a running demo, in a browser, without a person."""
