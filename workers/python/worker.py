#!/usr/bin/env python3
"""Assay's worker in Python: `python3 worker.py ENGINE` speaks docs/protocol.md for one engine."""

from assay_worker.main import main

if __name__ == "__main__":
    main()
