"""Models that are ONNX graphs, driven as their interface says: what the engines that take graphs share. Needs NumPy, which they bring."""
