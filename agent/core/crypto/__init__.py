"""Encodings and signatures: CBOR, strict JSON, COSE, JWS, and the keys behind them."""
