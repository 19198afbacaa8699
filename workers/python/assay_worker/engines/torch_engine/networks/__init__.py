"""Networks that transformers does not have, in plain torch."""
