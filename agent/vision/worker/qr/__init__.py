"""Reading QR codes from frames."""
