"""Assay's Python worker: the protocol once, and a folder for each engine. Nothing but the engine's own library is needed."""
