"""Commands from central: their form, their signatures, and when they may be obeyed."""
