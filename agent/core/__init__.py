"""Pure rules: no clock, no input or output, no threads, no logging. Time comes in with the input."""
